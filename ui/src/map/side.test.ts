import { expect, it } from 'vitest'
import { sideOf, type Box } from './side'

it('signs at one place stand on four sides, and the fifth above', () => {
  const taken: Box[] = []
  expect(Array.from({ length: 5 }, () => sideOf(taken, 100, 100, 80))).toEqual(['bottom', 'left', 'right', 'top', 'bottom'])
})

it('a sign far away stands above its place', () => {
  const taken: Box[] = []
  sideOf(taken, 100, 100, 80)
  expect(sideOf(taken, 400, 100, 80)).toBe('bottom')
})
