// Sounds are made on the spot: no file that could be missing. The ring of a
// report that nobody has taken grows with each escalation and cannot be turned
// off here; a browser that lets no sound out is reported, never hidden.

export type Tone = 'none' | 'exercise' | 'ring0' | 'ring1' | 'ring2' | 'silence'

interface Beep {
  at: number // seconds from the start of the pattern
  long: number
  hz: number
}

interface Pattern {
  period: number
  loud: number
  shape: OscillatorType
  beeps: Beep[]
}

const beeps = (n: number, each: number, long: number, ...hz: number[]): Beep[] =>
  Array.from({ length: n }, (_, i) => ({ at: i * each, long, hz: hz[i % hz.length]! }))

export const patterns: Record<Exclude<Tone, 'none'>, Pattern> = {
  exercise: { period: 4, loud: 0.12, shape: 'sine', beeps: beeps(1, 1, 0.4, 520) },
  ring0: { period: 2, loud: 0.35, shape: 'triangle', beeps: beeps(2, 0.35, 0.25, 880, 988) },
  ring1: { period: 1.6, loud: 0.6, shape: 'triangle', beeps: beeps(4, 0.3, 0.22, 880, 1175) },
  ring2: { period: 1.2, loud: 0.9, shape: 'square', beeps: beeps(6, 0.2, 0.17, 988, 1319) },
  silence: { period: 2.4, loud: 0.7, shape: 'square', beeps: [{ at: 0, long: 0.5, hz: 622 }, { at: 0.55, long: 0.5, hz: 494 }, { at: 1.1, long: 0.8, hz: 392 }] },
}

const floor = 0.3 // a ring is never silent
const ahead = 1.2 // seconds scheduled in advance, more than two slow ticks

/** ringFor picks the tone of the board: lives before exercises, the longest waiting sets the level. */
export function ringFor(waiting: { mode: string; escalation: number }[], serverSilent: boolean): Tone {
  if (serverSilent) return 'silence'
  const actual = waiting.filter((c) => c.mode === 'actual')
  if (actual.length > 0) {
    const level = Math.min(2, Math.max(...actual.map((c) => c.escalation)))
    return level >= 2 ? 'ring2' : level === 1 ? 'ring1' : 'ring0'
  }
  return waiting.length > 0 ? 'exercise' : 'none'
}

export class Ringer {
  /** whether the browser lets no sound out now */
  blocked = $state(true)
  proving = $state(false)

  /** how loud, as the person on duty set it by name: never below the server's floor */
  #volume = 1

  readonly #make: () => AudioContext
  #audio: AudioContext | undefined
  #tone: Tone = 'none'
  #out: GainNode | undefined
  #next = 0

  constructor(make: () => AudioContext = () => new AudioContext()) {
    this.#make = make
  }

  get volume(): number {
    return this.#volume
  }
  set volume(share: number) {
    this.#volume = Math.min(1, Math.max(floor, share))
    if (this.#out && this.#tone !== 'none') this.#out.gain.value = patterns[this.#tone].loud * this.#volume
  }

  get tone(): Tone {
    return this.#tone
  }

  /** unlock asks the browser for sound; only inside a person's click or key it may say yes. */
  async unlock(): Promise<void> {
    try {
      const audio = this.#audio ?? this.#make()
      if (!this.#audio) {
        this.#audio = audio
        audio.onstatechange = () => this.#look()
      }
      if (audio.state !== 'running') await Promise.race([audio.resume(), new Promise((done) => setTimeout(done, 500))])
    } catch {
      // No sound device: blocked stays true and is on the screen.
    }
    this.#look()
  }

  #look(): void {
    this.blocked = this.#audio?.state !== 'running'
  }

  want(tone: Tone): void {
    if (tone === this.#tone) return
    this.#tone = tone
    this.#out?.disconnect()
    this.#out = undefined
    this.#next = 0
    this.tick()
  }

  /** tick schedules the near future; call it more often than once a second. */
  tick(): void {
    this.#look()
    const audio = this.#audio
    if (!audio || this.blocked || this.#tone === 'none') return
    const pattern = patterns[this.#tone]
    if (!this.#out) {
      this.#out = audio.createGain()
      this.#out.gain.value = pattern.loud * this.#volume
      this.#out.connect(audio.destination)
    }
    if (this.#next < audio.currentTime) this.#next = audio.currentTime + 0.02
    while (this.#next < audio.currentTime + ahead) {
      for (const beep of pattern.beeps) play(audio, this.#out, pattern.shape, this.#next + beep.at, beep)
      this.#next += pattern.period
    }
  }

  /** prove plays one ring so that a person can hear that it works. */
  async prove(): Promise<void> {
    await this.unlock()
    const audio = this.#audio
    if (!audio || this.blocked) return
    const out = audio.createGain()
    out.gain.value = patterns.ring0.loud * this.#volume
    out.connect(audio.destination)
    for (const beep of patterns.ring0.beeps) play(audio, out, patterns.ring0.shape, audio.currentTime + 0.02 + beep.at, beep)
    this.proving = true
    setTimeout(() => {
      this.proving = false
      out.disconnect()
    }, 1200)
  }

  silence(): void {
    this.want('none')
  }
}

function play(audio: AudioContext, out: AudioNode, shape: OscillatorType, at: number, beep: Beep): void {
  const voice = audio.createOscillator()
  const swell = audio.createGain()
  voice.type = shape
  voice.frequency.value = beep.hz
  swell.gain.setValueAtTime(0, at)
  swell.gain.linearRampToValueAtTime(1, at + 0.015) // no click at either end
  swell.gain.setValueAtTime(1, at + beep.long - 0.03)
  swell.gain.linearRampToValueAtTime(0, at + beep.long)
  voice.connect(swell).connect(out)
  voice.start(at)
  voice.stop(at + beep.long + 0.02)
}
