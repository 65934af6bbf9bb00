import { describe, expect, it } from 'vitest'
import type { Card } from '../api/types'
import { card } from '../testing/card'
import { gather } from './flood'
import { fold } from './order'

const rule = { more: 10, withinMs: 60_000 }
const start = Date.parse('2026-11-22T12:00:00Z')

function many(n: number, every: number, over: Partial<Card> = {}, prefix = 'r'): Card[] {
  return Array.from({ length: n }, (_, i) => card({ id: `${prefix}${i}`, receivedAt: new Date(start + i * every).toISOString(), ...over }))
}
function gathered(cards: Card[]) {
  const byId = new Map(cards.map((c) => [c.id, c]))
  return gather(cards.map((c) => c.id), (id) => byId.get(id), rule)
}

describe('a flood', () => {
  it('is one counted card with every report in it, once', () => {
    const items = gathered(many(500, 20))
    expect(items).toHaveLength(1)
    expect(new Set(items[0]!.flood!.ids).size).toBe(500)
  })
  it('begins above the limit and not at it', () => {
    expect(gathered(many(10, 1000)).every((i) => i.id)).toBe(true)
    expect(gathered(many(11, 1000))).toHaveLength(1)
    expect(gathered(many(40, 7000)).every((i) => i.id)).toBe(true) // nine a minute for long is a busy day
  })
  it('never mixes exercises with lives, nor services', () => {
    const items = gathered([...many(20, 10), ...many(20, 10, { mode: 'exercise' }, 'e'), ...many(20, 10, { serviceId: 'aacn.example' }, 'a')])
    expect(items.map((i) => i.flood?.ids.length)).toEqual([20, 20, 20])
    expect(items.map((i) => i.flood?.ids[0]![0])).toEqual(['r', 'e', 'a'])
  })
  it('hides no single report of another service, and none that somebody took', () => {
    const claim = { consoleId: 'a', consoleName: 'A', personId: 'p', personName: 'P', at: '' } as unknown as Card['claim']
    const lone = card({ id: 'lone', serviceId: 'video.example', receivedAt: new Date(start + 50).toISOString() })
    const taken = card({ id: 'taken', claim, state: 'accepted', receivedAt: new Date(start + 50).toISOString() })
    const items = gathered([...many(12, 10), lone, taken])
    expect(items.map((i) => i.id ?? 'flood')).toEqual(['flood', 'lone', 'taken'])
  })
  it('loses and doubles nothing, whatever comes', () => {
    for (let round = 0; round < 200; round++) {
      const cards = Array.from({ length: Math.floor(Math.random() * 80) }, (_, i) =>
        card({ id: `x${i}`, mode: Math.random() < 0.2 ? 'exercise' : 'actual', serviceId: `s${Math.floor(Math.random() * 3)}`, receivedAt: new Date(start + Math.random() * 200_000).toISOString() }),
      )
      const out = gathered(cards).flatMap((i) => i.flood?.ids ?? [i.id!])
      expect([...out].sort()).toEqual(cards.map((c) => c.id).sort())
    }
  })
})

describe('a report that a request for video made', () => {
  it('stands with its origin, and alone when that is gone or closed', () => {
    const origin = card({ id: 'o' })
    const answer = card({ id: 'v', origin: 'o' })
    const sections = { waiting: ['o'], claimed: ['v'], closed: [] }
    const find = (cards: Card[]) => (id: string) => cards.find((c) => c.id === id)
    expect(fold(sections, find([origin, answer])).claimed).toEqual([])
    expect(fold(sections, find([answer])).claimed).toEqual(['v'])
    expect(fold(sections, find([{ ...origin, state: 'closed' }, answer])).claimed).toEqual(['v'])
  })

  it('stays as it is while a hand is on the board', () => {
    const rule = { more: 2, withinMs: 60_000 }
    const at = (id: string, claim: boolean) => card({ id, claim: claim ? { consoleId: 'b', consoleName: 'B', personId: 'p', personName: 'x', at: '2026-11-22T12:00:00Z' } : null })
    const claimed = new Set<string>()
    const of = (id: string) => at(id, claimed.has(id))
    const before = gather(['a', 'b', 'c'], of, rule)
    expect(before.map((i) => i.flood?.ids)).toEqual([['a', 'b', 'c']])
    claimed.add('b')
    const held = gather(['a', 'b', 'c', 'd'], of, rule, before)
    expect(held.map((i) => i.flood?.ids)).toEqual([['a', 'b', 'c', 'd']])
    const alone = gather(['a', 'b'], of, rule)
    claimed.clear()
    expect(gather(['a', 'b', 'c'], of, rule, alone).map((i) => i.id ?? i.flood?.ids.join())).toEqual(['a', 'b', 'c'])
  })
})
