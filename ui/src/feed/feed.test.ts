import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Batch } from './batch'
import { Feed, type Source } from './feed'
import { Painted, type PaintingDoors } from './painted'
import { Silence } from './silence'

class FakeSource implements Source {
  readyState = 1
  onerror: ((e: unknown) => unknown) | null = null
  closed = false
  readonly cursor: number
  #listeners = new Map<string, (e: MessageEvent<string>) => void>()
  constructor(cursor: number) {
    this.cursor = cursor
  }
  addEventListener(type: string, f: (e: MessageEvent<string>) => void) {
    this.#listeners.set(type, f)
  }
  close() {
    this.closed = true
  }
  say(type: string, data: unknown) {
    this.#listeners.get(type)?.({ data: JSON.stringify(data) } as MessageEvent<string>)
  }
  fail(readyState: number) {
    this.readyState = readyState
    this.onerror?.({})
  }
}

describe('the feed', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function feed() {
    const sources: FakeSource[] = []
    const seen: number[] = []
    let refused = 0
    const f = new Feed(
      (cursor) => {
        const s = new FakeSource(cursor)
        sources.push(s)
        return s
      },
      { change: (c) => void seen.push(c.seq), unsaved: () => {}, saved: () => {}, link: () => {}, beat: () => {}, heard: () => {}, refused: () => void refused++ },
    )
    return { f, sources, seen, refused: () => refused }
  }

  it('goes on after the last change it took when the connection breaks', () => {
    const { f, sources, seen } = feed()
    f.from(100)
    sources[0]!.say('change', { seq: 101 })
    sources[0]!.say('change', { seq: 102 })
    sources[0]!.fail(0)
    expect(sources[0]!.closed).toBe(true)
    vi.advanceTimersByTime(300)
    expect(sources[1]!.cursor).toBe(102)
    sources[1]!.say('change', { seq: 102 }) // sent again
    sources[1]!.say('change', { seq: 103 })
    expect(seen).toEqual([101, 102, 103])
  })

  it('does not hear an old stream after it was replaced', () => {
    const { f, sources, seen } = feed()
    f.from(1)
    f.from(5)
    sources[0]!.say('change', { seq: 9 })
    expect(seen).toEqual([])
  })

  it('says when the server refused the stream instead of trying for ever', () => {
    const { f, sources, refused } = feed()
    f.from(1)
    sources[0]!.fail(2)
    vi.advanceTimersByTime(60_000)
    expect(refused()).toBe(1)
    expect(sources).toHaveLength(1)
  })

  it('saw every change once and in order over a hundred broken connections', () => {
    const { f, sources, seen } = feed()
    f.from(0)
    let next = 1
    for (let round = 0; round < 100; round++) {
      const s = sources.at(-1)!
      for (let seq = s.cursor + 1; seq <= s.cursor + 1 + (round % 4); seq++) {
        s.say('change', { seq })
        next = seq + 1
      }
      s.fail(0)
      vi.advanceTimersByTime(5000)
    }
    expect(seen).toEqual(Array.from({ length: next - 1 }, (_, i) => i + 1))
  })
})

describe('the watch for a silent server', () => {
  it('speaks after three seconds without a word, once, and again when it is back', () => {
    const said: [boolean, number][] = []
    const s = new Silence(0, (silent, since) => said.push([silent, since]))
    s.heard(1000)
    s.check(3999)
    expect(said).toEqual([])
    s.check(4000)
    s.check(9000)
    expect(said).toEqual([[true, 1000]])
    s.heard(9500)
    s.heard(9600)
    expect(said).toEqual([[true, 1000], [false, 9500]])
  })
})

describe('a batch', () => {
  it('hands over once for many', () => {
    const runs: (() => void)[] = []
    const got: number[][] = []
    const b = new Batch<number>((items) => got.push(items), (f) => runs.push(f))
    b.add(1)
    b.add(2)
    expect(runs).toHaveLength(1)
    runs[0]!()
    b.add(3)
    runs[1]!()
    expect(got).toEqual([[1, 2], [3]])
  })
})

describe('what was painted', () => {
  interface Stage {
    frames: (() => void)[]
    timers: (() => void)[]
    posts: [number, string[]][]
    fail: boolean
    hidden: Set<string>
  }
  function stage(): [Painted, Stage] {
    const s: Stage = { frames: [], timers: [], posts: [], fail: false, hidden: new Set() }
    const doors: PaintingDoors = {
      flushed: () => Promise.resolve(),
      frame: (f) => void s.frames.push(f),
      rendered: (id) => !s.hidden.has(id),
      later: (f) => void s.timers.push(f),
      post: (through, reports) => {
        s.posts.push([through, reports])
        return s.fail ? Promise.reject(new Error('down')) : Promise.resolve()
      },
    }
    return [new Painted(doors), s]
  }
  const settle = () => new Promise((done) => setTimeout(done))
  const frame = (s: Stage) => s.frames.shift()!()

  it('is confirmed after two frames and not before', async () => {
    const [p, s] = stage()
    p.changed(7, ['a'], 0)
    await settle()
    frame(s)
    expect(s.posts).toEqual([])
    frame(s)
    expect(s.posts).toEqual([[7, ['a']]])
    expect(p.unpaintedSince).toBeUndefined()
  })

  it('is never confirmed by a page that gets no frames', async () => {
    const [p, s] = stage()
    p.changed(7, ['a'], 1234)
    await settle()
    for (const run of s.timers) run()
    expect(s.posts).toEqual([])
    expect(p.unpaintedSince).toBe(1234)
  })

  it('leaves out a report that has no box on the page', async () => {
    const [p, s] = stage()
    s.hidden.add('b')
    p.changed(7, ['a', 'b'], 0)
    await settle()
    frame(s)
    frame(s)
    expect(s.posts).toEqual([[7, ['a']]])
  })

  it('confirms what was out of view when it comes into view, two frames later', async () => {
    const [p, s] = stage()
    s.hidden.add('b')
    p.changed(7, ['a', 'b'], 0)
    await settle()
    frame(s)
    frame(s)
    await settle()
    expect(p.unpaintedSince).toBeUndefined() // it is painted; nobody has looked there
    s.timers.shift()!()
    await settle()
    s.hidden.delete('b')
    p.came(['a', 'b', 'never-changed'], 50)
    await settle()
    expect(s.posts).toHaveLength(1)
    frame(s)
    frame(s)
    expect(s.posts.at(-1)).toEqual([7, ['b']])
  })

  it('joins what comes while one confirmation is under way, and repeats one that failed', async () => {
    const [p, s] = stage()
    s.fail = true
    p.changed(7, ['a'], 0)
    await settle()
    frame(s)
    frame(s)
    await settle()
    p.changed(8, ['b'], 0)
    p.changed(9, ['c'], 0)
    await settle()
    frame(s)
    frame(s)
    expect(s.posts).toHaveLength(1)
    s.fail = false
    s.timers.shift()!()
    await settle()
    expect(s.posts[1]).toEqual([9, ['a', 'b', 'c']])
    s.timers.shift()!()
    await settle()
    expect(s.posts).toHaveLength(2)
  })

  it('falls silent when the work ends', async () => {
    const [p, s] = stage()
    p.end()
    p.changed(7, ['a'], 0)
    await settle()
    expect(s.frames).toHaveLength(0)
  })
})
