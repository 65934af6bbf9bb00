import { describe, expect, it } from 'vitest'
import { age, clock, day, moment, waited, years } from './time'

describe('Japanese time', () => {
  it('crosses midnight in Japan, not in UTC', () => {
    expect(day('2026-11-22T14:59:59Z')).toBe('2026-11-22')
    expect(day('2026-11-22T15:00:00Z')).toBe('2026-11-23')
    expect(clock('2026-11-22T15:00:00Z')).toBe('00:00:00')
    expect(clock('2026-11-23T09:05:07+09:00')).toBe('09:05:07')
  })
  it('shows the day when it is not today', () => {
    expect(moment('2026-11-22T12:00:00Z', '2026-11-22')).toBe('21:00:00')
    expect(moment('2026-11-20T12:00:00Z', '2026-11-22')).toBe('2026-11-20 21:00:00')
  })
  it('gives back what is not a time', () => {
    expect(moment('昨日', '2026-11-22')).toBe('昨日')
    expect(moment('', '2026-11-22')).toBe('')
    expect(clock('x')).toBe('x')
  })
  it.each([
    [0, 'time.seconds', { count: 0 }],
    [59, 'time.seconds', { count: 59 }],
    [61, 'time.minutes', { minutes: 1, seconds: '01' }],
    [3600, 'time.hours', { hours: 1, minutes: '00' }],
    [90_000, 'time.days', { count: 1 }],
  ])('%i seconds', (s, key, args) => expect(age(1_000_000, 1_000_000 + s * 1000)).toEqual({ key, args }))
  it('never counts below zero: a sender may live in the future', () => {
    expect(age('2027-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:00Z')).args).toEqual({ count: 0 })
  })
  it('gives the age of a person by the day in Japan', () => {
    expect(years('1980-11-23', Date.parse('2026-11-22T14:59:59Z'))).toBe(45)
    expect(years('1980-11-23', Date.parse('2026-11-22T15:00:00Z'))).toBe(46)
    expect(years('昭和55年', 0)).toBeUndefined()
  })

  it('says when a report has waited longer than it should', () => {
    const at = Date.UTC(2026, 10, 22, 12)
    const after = (s: number) => waited('2026-11-22T12:00:00Z', at + s * 1000)
    expect([0, 14, 15, 19, 20, 3600].map(after)).toEqual([0, 0, 1, 1, 2, 2])
    expect(waited('yesterday', at)).toBe(0)
  })
})
