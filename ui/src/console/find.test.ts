import { describe, expect, it } from 'vitest'
import { endOfDay, numbered } from './find'

describe('finding', () => {
  it.each([
    ['', true],
    ['1122-0012', true],
    ['１１２２００１２', true],
    ['0012', true],
    ['1122', false],
    ['ー', true],
  ])('by number: %s', (typed, fits) => expect(numbered('1122-0012', typed)).toBe(fits))

  it('by day ends when the day ends in Japan', () => {
    expect(endOfDay('2026-11-22')).toBe('2026-11-22T15:00:00.000Z')
    expect(endOfDay('yesterday')).toBe('')
  })
})
