import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConsoleApi } from '../api/console'
import type { Source } from '../feed/feed'
import { Ringer } from '../sound/ring.svelte'
import { card, link as linkOf } from '../testing/card'
import { Seat, type SeatDoors } from './seat.svelte'

class Stream implements Source {
  readyState = 1
  onerror: ((e: unknown) => unknown) | null = null
  #on = new Map<string, (e: MessageEvent<string>) => void>()
  addEventListener(type: string, f: (e: MessageEvent<string>) => void) {
    this.#on.set(type, f)
  }
  close() {}
  say(type: string, data: unknown) {
    this.#on.get(type)?.({ data: JSON.stringify(data) } as MessageEvent<string>)
  }
}

function seat(reports = [card()]) {
  const streams: Stream[] = []
  const frames: (() => void)[] = []
  const painted: { through: number; reports: string[] }[] = []
  let ms = 0
  let down = false
  let signedOut = ''
  const fetcher = (async (url: string, init: RequestInit) => {
    if (down) throw new TypeError('network')
    if (url.endsWith('/board')) return Response.json({ cursor: 10, now: '2026-11-22T12:00:00Z', reports, terminals: [], unsaved: [], consoles: [], counts: { stored: 1, shown: 1 } })
    if (url.endsWith('/feed/painted')) painted.push(JSON.parse(String(init.body)))
    if (url.endsWith('/reports/gone')) return Response.json({ status: 401, key: 'session.none' }, { status: 401 })
    return Response.json({})
  }) as unknown as typeof fetch
  const doors: SeatDoors = {
    source: () => {
      const s = new Stream()
      streams.push(s)
      return s
    },
    rendered: () => true,
    onCame: () => {},
    frame: (f) => void frames.push(f),
    monotonic: () => ms,
  }
  const me = { headquarters: { id: 'hq', name: '本部' }, console: { id: 'seat-a', name: '指令台A', supervisor: false }, person: { id: 'p', name: '佐藤', roles: [] } }
  const s = new Seat(me, new ConsoleApi('seat-a', () => 'ja', fetcher), new Ringer(() => { throw new Error('no sound here') }), (p) => (signedOut = p.key), doors)
  return {
    s,
    streams,
    frames,
    painted,
    pass: (by: number) => {
      ms += by
      s.tick()
    },
    cut: (d: boolean) => (down = d),
    signedOut: () => signedOut,
  }
}

describe('a seat', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  async function calm(frames: (() => void)[]) {
    for (let i = 0; i < 6; i++) {
      await vi.advanceTimersByTimeAsync(250)
      for (const f of frames.splice(0)) f()
    }
  }

  it('confirms the board only after it was painted', async () => {
    const { s, frames, painted } = seat()
    await s.load()
    await vi.advanceTimersByTimeAsync(500)
    expect(painted).toEqual([])
    await calm(frames)
    expect(painted).toEqual([{ through: 10, reports: ['r1'] }])
  })

  it('says so when the page gets no frames, and confirms nothing', async () => {
    const { s, streams, painted, pass } = seat()
    await s.load()
    streams[0]!.say('change', { seq: 11, kind: 'report', subject: 'r2', report: card({ id: 'r2' }) })
    await vi.advanceTimersByTimeAsync(1000)
    pass(2500)
    expect(s.board.row('r2')).toBeDefined()
    expect(s.unpainted).toBe(true)
    expect(painted).toEqual([])
  })

  it('rings while a report waits and rests when it was taken', async () => {
    const { s, streams } = seat()
    await s.load()
    expect(s.ringer.tone).toBe('ring0')
    const claim = { consoleId: 'b', consoleName: 'B', personId: 'p', personName: 'x', at: '' }
    streams[0]!.say('change', { seq: 11, kind: 'report', subject: 'r1', report: card({ state: 'accepted', claim }) })
    await vi.advanceTimersByTimeAsync(500)
    expect(s.ringer.tone).toBe('none')
  })

  it('is loud after three seconds of silence, tries by itself, and is calm only when the feed speaks', async () => {
    const { s, streams, pass, cut } = seat([])
    await s.load()
    streams[0]!.say('beat', { now: '2026-11-22T12:00:01Z', cursor: 10 })
    cut(true)
    pass(2999)
    expect(s.silentSince).toBe(0)
    pass(1)
    expect(s.silentSince).not.toBe(0)
    expect(s.ringer.tone).toBe('silence')
    await vi.advanceTimersByTimeAsync(100)
    cut(false)
    pass(2500)
    await vi.advanceTimersByTimeAsync(100)
    expect(streams.length).toBeGreaterThan(1)
    expect(s.silentSince).not.toBe(0) // an answer is not yet a feed
    streams.at(-1)!.say('beat', { now: '2026-11-22T12:00:09Z', cursor: 10 })
    expect(s.silentSince).toBe(0)
    expect(s.back).toBe(true)
    expect(s.ringer.tone).toBe('none')
  })

  it('rings for a report that could not be saved', async () => {
    const { s, streams } = seat([])
    await s.load()
    streams[0]!.say('unsaved', card({ id: 'u1', unsaved: true }))
    expect(s.ringer.tone).toBe('ring0')
    expect(s.board.row('u1')!.card.unsaved).toBe(true)
    streams[0]!.say('saved', { id: 'u1' })
    expect(s.board.row('u1')).toBeUndefined()
  })

  it('takes what of a link makes no change of the store', async () => {
    const { s, streams } = seat([])
    await s.load()
    const link = linkOf({ pending: 3, storable: false })
    streams[0]!.say('link', link)
    expect(s.board.links.map((l) => [l.link.pending, l.link.storable])).toEqual([[3, false]])
    streams[0]!.say('link', { ...link, pending: 0, storable: true })
    expect(s.board.links.map((l) => [l.link.pending, l.link.storable])).toEqual([[0, true]])
  })

  it('reads the board again when the server refuses the stream', async () => {
    const { s, streams } = seat()
    await s.load()
    streams[0]!.readyState = 2
    streams[0]!.onerror?.({})
    await vi.advanceTimersByTimeAsync(900)
    expect(streams).toHaveLength(1) // not in a tight loop
    await vi.advanceTimersByTimeAsync(200)
    expect(streams).toHaveLength(2)
  })

  it('gives the page back to the log-in when the session is over, and rings no more', async () => {
    const { s, signedOut } = seat()
    await s.load()
    await s.opened.open('gone', true, false)
    expect(signedOut()).toBe('session.none')
    s.end()
    expect(s.ringer.tone).toBe('none')
  })
})
