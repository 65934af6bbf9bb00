import { describe, expect, it } from 'vitest'
import { card } from '../testing/card'
import { arrange, rings, settle } from './order'

const at = (s: number) => new Date(Date.UTC(2026, 10, 22, 12, 0, s)).toISOString()
const claim = (consoleId: string) => ({ consoleId, consoleName: consoleId, personId: 'p', personName: 'x', at: at(0) })

describe('the order of the board', () => {
  it('puts what waits first, oldest first, lives before exercises', () => {
    const cards = [
      card({ id: 'young', receivedAt: at(9) }),
      card({ id: 'drill', mode: 'exercise', receivedAt: at(1) }),
      card({ id: 'old', receivedAt: at(2) }),
      card({ id: 'theirs', claim: claim('b'), state: 'accepted', receivedAt: at(3) }),
      card({ id: 'mine', claim: claim('a'), state: 'accepted', receivedAt: at(8) }),
    ]
    expect(arrange(cards, 'a')).toEqual({ waiting: ['old', 'young', 'drill'], claimed: ['mine', 'theirs'], closed: [] })
  })

  it('keeps a closed report apart even while its claim is still named', () => {
    expect(arrange([card({ id: 'over', state: 'closed', claim: claim('a') })], 'a')).toEqual({ waiting: [], claimed: [], closed: ['over'] })
  })

  it('is total: equal times fall back to the id, so that no two passes differ', () => {
    const cards = ['c', 'a', 'b'].map((id) => card({ id, receivedAt: at(1) }))
    expect(arrange(cards, '').waiting).toEqual(['a', 'b', 'c'])
    expect(arrange([...cards].reverse(), '').waiting).toEqual(['a', 'b', 'c'])
  })

  it('does not lose a card whose time is not a time', () => {
    expect(arrange([card({ id: 'odd', receivedAt: 'yesterday' })], '').waiting).toEqual(['odd'])
  })

  it('moves nothing while the pointer works, and still shows what is new', () => {
    const held = { waiting: ['a', 'b', 'c'], claimed: ['m'], closed: [] }
    const next = { waiting: ['c', 'new'], claimed: ['m', 'b'], closed: ['a'] }
    expect(settle(held, next, () => true)).toEqual({ waiting: ['a', 'b', 'c', 'new'], claimed: ['m'], closed: [] })
  })

  it('drops held cards that no longer exist', () => {
    expect(settle({ waiting: ['a', 'gone'], claimed: [], closed: [] }, { waiting: ['a'], claimed: [], closed: [] }, (id) => id !== 'gone').waiting).toEqual(['a'])
  })
})

describe('what rings', () => {
  it('is what somebody must take now, and not what was completed at the terminal alone', () => {
    expect(rings(card({ id: 'new' }))).toBe(true)
    expect(rings(card({ id: 'alone', handledAlone: true, ended: true }))).toBe(false)
    expect(rings(card({ id: 'theirs', claim: claim('b'), state: 'accepted' }))).toBe(false)
  })
})
