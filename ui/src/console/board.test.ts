import { describe, expect, it } from 'vitest'
import type { BoardAnswer, Change } from '../api/types'
import { card, link } from '../testing/card'
import { Board } from './board.svelte'

function answer(over: Partial<BoardAnswer> = {}): BoardAnswer {
  return { cursor: 10, now: '2026-11-22T12:00:00Z', reports: [], terminals: [], unsaved: [], consoles: [], counts: { stored: 0, shown: 0 }, missed: 0, videos: [], flood: { more: 10, withinMs: 60_000 }, ...over }
}
const change = (seq: number, over: Partial<Change> = {}): Change => ({ seq, at: '', kind: 'report', subject: 'r1', detail: '', ...over })

describe('the board', () => {
  it('takes changes once, in order, and drops what it has', () => {
    const board = new Board('a')
    board.load(answer({ reports: [card()] }))
    const first = board.apply([change(11, { report: card({ revision: 2 }) }), change(12, { report: card({ revision: 3 }) })])
    expect(board.row('r1')!.card.revision).toBe(3)
    expect([...first.changed]).toEqual(['r1'])
    const repeated = board.apply([change(11, { report: card({ revision: 2 }) })])
    expect(board.row('r1')!.card.revision).toBe(3)
    expect(repeated.changed.size).toBe(0)
    expect(board.cursor).toBe(12)
  })

  it('asks for a card that a change names and does not carry', () => {
    const board = new Board('a')
    board.load(answer())
    const { changed, wanting } = board.apply([change(11, { kind: 'chat', subject: 'r9' })])
    expect([...wanting]).toEqual(['r9'])
    expect(changed.size).toBe(0)
  })

  it('keeps a card and its row across a reload, so that the page does not draw it anew', () => {
    const board = new Board('a')
    board.load(answer({ reports: [card(), card({ id: 'r2' })] }))
    const row = board.row('r1')
    board.load(answer({ cursor: 20, reports: [card({ revision: 5 })] }))
    expect(board.row('r1')).toBe(row)
    expect(row!.card.revision).toBe(5)
    expect(board.row('r2')).toBeUndefined()
    expect(board.cursor).toBe(20)
  })

  it('keeps what was closed while the page looked', () => {
    const board = new Board('a')
    board.load(answer({ reports: [card()] }))
    board.apply([change(11, { report: card({ state: 'closed' }) })])
    board.load(answer({ cursor: 12 }))
    expect(board.order.closed).toEqual(['r1'])
  })

  it('shows an unsaved card, rings for it, and lets the stored card take its place', () => {
    const board = new Board('a')
    board.load(answer())
    const id = board.putUnsaved(card({ id: '', serviceReportId: 'N-7' }))
    expect(board.row(id)!.card.unsaved).toBe(true)
    expect(board.waiting).toHaveLength(1)
    board.saved(id)
    expect(board.row(id)).toBeUndefined()
    board.putUnsaved(card({ id: 'r7' }))
    board.apply([change(11, { subject: 'r7', report: card({ id: 'r7' }) })])
    expect(board.row('r7')!.card.unsaved).toBe(false)
    board.saved('r7') // late word: the stored card stays
    expect(board.row('r7')).toBeDefined()
  })

  it('takes an unsaved card off when its report is stored, also when it missed the word', () => {
    const board = new Board('a')
    board.load(answer())
    board.putUnsaved(card({ id: 'unsaved/f1', serviceReportId: 'N-7', revision: 2 }))
    board.apply([change(11, { report: card({ id: 'r7', serviceReportId: 'N-7', revision: 1 }) })])
    expect(board.row('unsaved/f1')).toBeDefined() // an older revision is not it
    board.apply([change(12, { report: card({ id: 'r7', serviceReportId: 'N-7', revision: 2 }) })])
    expect(board.row('unsaved/f1')).toBeUndefined()
  })

  it('does not mark a stored card unsaved again', () => {
    const board = new Board('a')
    board.load(answer({ reports: [card()] }))
    board.putUnsaved(card())
    expect(board.row('r1')!.card.unsaved).toBe(false)
  })

  it('follows the links of terminals', () => {
    const board = new Board('a')
    board.load(answer({ terminals: [link()] }))
    board.apply([change(11, { kind: 'terminal', subject: 't-01', terminal: link({ state: 'down' }) }), change(12, { kind: 'terminal', subject: 't-02', terminal: link({ id: 't-02' }) })])
    expect(board.links.map((l) => [l.id, l.link.state])).toEqual([['t-01', 'down'], ['t-02', 'ready']])
  })
})
