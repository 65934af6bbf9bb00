import { describe, expect, it } from 'vitest'
import { windowAddress, windowKind, Windows, type Channel, type WindowDoors } from './windows.svelte'

/** room is a browser: its windows share a channel, a lock and a clock. */
function room() {
  let ms = 0
  const ears = new Set<{ hear: (m: never) => void; mute: boolean }>()
  const waiting: { held: () => Promise<void>; signal: AbortSignal }[] = []
  let busy = false
  const next = () => {
    const first = waiting.shift()
    if (!first) return void (busy = false)
    if (first.signal.aborted) return next()
    busy = true
    void first.held().then(next)
  }
  function open(kind: 'all' | 'board' | 'report' = 'all') {
    const ear = { hear: (_: never) => {}, mute: false }
    ears.add(ear)
    const channel: Channel = {
      post: (m) => {
        if (!ear.mute) for (const e of ears) if (e !== ear) e.hear(m as never)
      },
      hear: (f) => void (ear.hear = f as never),
      close: () => void ears.delete(ear),
    }
    const doors: WindowDoors = {
      channel,
      hold: (held, signal) => {
        waiting.push({ held, signal })
        if (!busy) next()
        return Promise.resolve()
      },
      monotonic: () => ms,
    }
    const w = new Windows(kind, doors)
    return { w, hang: () => (ear.mute = true) }
  }
  const pass = async (by: number, ...windows: Windows[]) => {
    for (let i = 0; i < by; i += 250) {
      ms += 250
      for (const w of windows) w.tick(true)
      await Promise.resolve()
    }
  }
  return { open, pass }
}

describe('the windows of a seat', () => {
  it('ring once, whoever was first', async () => {
    const { open, pass } = room()
    const [a, b, c] = [open().w, open('board').w, open('report').w]
    await pass(5000, a, b, c)
    expect([a.leads, b.leads, c.leads]).toEqual([true, false, false])
  })

  it('hand the ring on when the one that rings closes', async () => {
    const { open, pass } = room()
    const [a, b] = [open().w, open().w]
    await pass(500, a, b)
    a.end()
    await pass(250, b)
    expect([a.leads, b.leads]).toEqual([false, true])
  })

  it('ring twice rather than not at all when the one that rings hangs', async () => {
    const { open, pass } = room()
    const { w: a, hang } = open()
    const b = open().w
    await pass(1000, a, b)
    hang()
    await pass(2500, b)
    expect(b.leads).toBe(true)
  })

  it('give the ring away while their sound is blocked', async () => {
    const { open, pass } = room()
    const [a, b] = [open().w, open().w]
    await pass(500, a, b)
    a.tick(false)
    await pass(500, b)
    expect([a.leads, b.leads]).toEqual([false, true])
    a.tick(true)
    await pass(1000, a, b)
    expect([a.leads, b.leads]).toEqual([false, true])
  })

  it('ring each for itself where the browser cannot join them', () => {
    const w = new Windows('all', { monotonic: () => 0 })
    w.tick(true)
    expect(w.leads).toBe(true)
  })

  it('tell each other what was opened, and who shows it', () => {
    const { open } = room()
    const [board, report] = [open('board').w, open('report').w]
    const told: [string, boolean][] = []
    report.onOpened((id, shown) => told.push([id, shown]))
    board.opened('r1')
    expect(told).toEqual([['r1', false]])
  })

  it('have addresses', () => {
    expect(windowKind('?console=a&window=report')).toBe('report')
    expect(windowKind('?window=other')).toBe('all')
    expect(windowAddress('a', 'map', '/')).toBe('/?console=a&window=map')
  })
})
