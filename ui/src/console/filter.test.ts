import { describe, expect, it } from 'vitest'
import { card } from '../testing/card'
import { everything, passes, sift, type Asked } from './filter'
import { arrange } from './order'

const claim = (consoleId: string) => ({ consoleId, consoleName: consoleId, personId: 'p', personName: 'x', at: '2026-11-22T12:00:00Z' })
const mine = card({ id: 'mine', claim: claim('a'), state: 'accepted', place: '例示市本町１−２−３　例示ビル' })
const theirs = card({ id: 'theirs', claim: claim('b'), state: 'accepted', serviceId: 'aacn.example', kind: { code: 'crash', label: '事故' } })
const waits = card({ id: 'waits' })
const drill = card({ id: 'drill', mode: 'exercise' })
const over = card({ id: 'over', state: 'closed' })
const all = [mine, theirs, waits, drill, over]
const ask = (over: Partial<Asked>): Asked => ({ ...everything, ...over })
const shown = (f: Asked) => sift(arrange(all, 'a'), (id) => all.find((c) => c.id === id), f, 'a')

describe('the filter', () => {
  it('leaves everything alone until somebody asks', () => {
    expect(shown(everything)).toEqual({ order: arrange(all, 'a'), hidden: 0, keptBack: 0 })
  })

  it.each<[Partial<Asked>, string[], number]>([
    [{ mine: true }, ['waits', 'mine'], 3],
    [{ service: 'aacn.example' }, ['waits', 'theirs'], 3],
    [{ kind: 'crash' }, ['waits', 'theirs'], 3],
    [{ mode: 'exercise' }, ['waits', 'drill'], 3],
    [{ section: 'closed' }, ['waits', 'over'], 3],
    [{ place: '本町1-2-3例示' }, ['waits', 'mine'], 3],
  ])('%o shows what was asked for, and what waits in earnest', (f, ids, hidden) => {
    const s = shown(ask(f))
    expect([...s.order.waiting, ...s.order.claimed, ...s.order.closed].sort()).toEqual([...ids].sort())
    expect(s.hidden).toBe(hidden)
    expect(s.keptBack).toBe(1)
  })

  it('hides nothing that waits in earnest, whatever is asked at once', () => {
    for (const c of [card({ unsaved: true }), card({ undecodable: true }), card({ state: 'escalated', escalation: 2 }), card({ reopened: true }), card({ handledAlone: true })]) {
      const s = sift({ waiting: [c.id], claimed: [], closed: [] }, () => c, ask({ service: 'none', kind: 'none', mode: 'test', section: 'closed', mine: true, place: 'どこにもない' }), 'a')
      expect(s).toEqual({ order: { waiting: [c.id], claimed: [], closed: [] }, hidden: 0, keptBack: 1 })
    }
  })

  it('compares places as people write them', () => {
    expect(passes(mine, ask({ place: ' 本町　１ー２' }), 'a')).toBe(true) // a long vowel where a dash was meant
    expect(passes(mine, ask({ place: '本町2' }), 'a')).toBe(false)
    expect(passes(mine, ask({ place: '例示ビル' }), 'a')).toBe(true)
    expect(passes(mine, ask({ place: '本町1' }), 'a')).toBe(true)
  })
})
