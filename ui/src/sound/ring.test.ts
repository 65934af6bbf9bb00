import { describe, expect, it } from 'vitest'
import { Ringer, ringFor } from './ring.svelte'

class FakeAudio {
  state: AudioContextState = 'suspended'
  currentTime = 0
  destination = {}
  started: number[] = []
  onstatechange: (() => void) | null = null
  allowed: boolean
  constructor(allowed: boolean) {
    this.allowed = allowed
  }
  async resume() {
    if (this.allowed) this.state = 'running'
  }
  createGain() {
    return { gain: { value: 0, setValueAtTime() {}, linearRampToValueAtTime() {} }, connect: (n: unknown) => n, disconnect() {} }
  }
  createOscillator() {
    return { type: '', frequency: { value: 0 }, connect: (n: unknown) => n, start: (at: number) => void this.started.push(at), stop() {} }
  }
}
const ringer = (audio: FakeAudio) => new Ringer(() => audio as unknown as AudioContext)

describe('which ring', () => {
  it('lives before exercises, the longest waiting sets the level', () => {
    expect(ringFor([], false)).toBe('none')
    expect(ringFor([{ mode: 'exercise', escalation: 2 }], false)).toBe('exercise')
    expect(ringFor([{ mode: 'test', escalation: 0 }], false)).toBe('exercise')
    expect(ringFor([{ mode: 'exercise', escalation: 2 }, { mode: 'actual', escalation: 0 }], false)).toBe('ring0')
    expect(ringFor([{ mode: 'actual', escalation: 1 }], false)).toBe('ring1')
    expect(ringFor([{ mode: 'actual', escalation: 7 }], false)).toBe('ring2')
  })
  it('a silent server is heard above all', () => {
    expect(ringFor([{ mode: 'actual', escalation: 2 }], true)).toBe('silence')
  })
})

describe('the ringer', () => {
  it('says that no sound comes out when the browser blocks it', async () => {
    const audio = new FakeAudio(false)
    audio.resume = async () => {}
    const r = ringer(audio)
    await r.unlock()
    r.want('ring0')
    expect(r.blocked).toBe(true)
    expect(audio.started).toEqual([])
  })
  it('rings on without a gap, also when ticks come late, and stops at once', async () => {
    const audio = new FakeAudio(true)
    const r = ringer(audio)
    await r.unlock()
    expect(r.blocked).toBe(false)
    r.want('ring0')
    const first = audio.started.length
    expect(first).toBeGreaterThan(0)
    audio.currentTime = 5
    r.tick()
    expect(audio.started.length).toBeGreaterThan(first)
    expect(Math.min(...audio.started.slice(first))).toBeGreaterThanOrEqual(5)
    r.want('none')
    const stopped = audio.started.length
    audio.currentTime = 9
    r.tick()
    expect(audio.started).toHaveLength(stopped)
  })
  it('without a sound device the page still works and says so', async () => {
    const r = new Ringer(() => {
      throw new Error('no device')
    })
    await r.unlock()
    r.want('ring2')
    expect(r.blocked).toBe(true)
  })
})
