import { describe, expect, it } from 'vitest'
import { card } from '../testing/card'
import { lossOf, lost, mayTakeBack, offeredTo } from './duty.svelte'

const claim = { consoleId: 'b', consoleName: '指令台B', personId: 'p', personName: '鈴木', at: '2026-11-22T12:00:00Z' }
const taken = { consoleId: 'a', consoleName: '指令台A', personName: '山田', reason: 'no-response', handed: false }

describe('the duty at a seat', () => {
  it('tells whoever lost a claim, until it was read, and again the next time', () => {
    const c = card({ claim, taken, state: 'accepted' })
    expect(lost([c], 'a', [])).toEqual([c])
    expect(lost([c], 'b', [])).toEqual([])
    expect(lost([c], 'a', [lossOf(c)])).toEqual([])
    const again = card({ claim: { ...claim, at: '2026-11-22T12:10:00Z' }, taken, state: 'accepted' })
    expect(lost([again], 'a', [lossOf(c)])).toEqual([again])
    expect(lost([card({ claim, taken: { ...taken, handed: true } })], 'a', [])).toEqual([])
  })

  it('asks the seat that was named, or everybody but the holder', () => {
    const named = card({ claim, offer: { to: 'a', toName: '指令台A', at: '' } })
    const all = card({ id: 'r2', claim, offer: { to: '*', toName: '', at: '' } })
    expect(offeredTo([named, all], 'a')).toEqual([named, all])
    expect(offeredTo([named, all], 'c')).toEqual([all])
    expect(offeredTo([named, all], 'b')).toEqual([])
  })

  it('lets a slip of the hand be mended for twenty seconds', () => {
    const at = Date.parse(claim.at)
    expect(mayTakeBack(card({ claim }), at + 20_000)).toBe(true)
    expect(mayTakeBack(card({ claim }), at + 20_001)).toBe(false)
  })
})
