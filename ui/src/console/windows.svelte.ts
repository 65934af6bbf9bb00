// Several windows of one seat: list, report and map may each have a display of
// their own. All of them are one console. They tell each other what was opened,
// and exactly one of them rings.

export type WindowKind = 'all' | 'board' | 'report' | 'map' | 'screen'
export const kinds: Exclude<WindowKind, 'all'>[] = ['board', 'report', 'map', 'screen']

export function windowKind(search: string = location.search): WindowKind {
  const asked = new URLSearchParams(search).get('window')
  return kinds.find((k) => k === asked) ?? 'all'
}

/** windowAddress is where a window of a seat lives. */
export function windowAddress(consoleId: string, kind: WindowKind, path: string = location.pathname): string {
  const search = new URLSearchParams({ console: consoleId })
  if (kind !== 'all') search.set('window', kind)
  return `${path}?${search}`
}

type Said = { kind: 'opened'; id: string; shown: boolean } | { kind: 'rings' } | { kind: 'screen'; id: string; purpose: 'view' | 'operate' } | { kind: 'screen-here' }

export interface Channel {
  post(m: Said): void
  hear(f: (m: Said) => void): void
  close(): void
}

export interface WindowDoors {
  channel?: Channel
  /** hold waits for the lock of the ring and keeps it until the release resolves; undefined: this browser has none */
  hold?: (held: () => Promise<void>, signal: AbortSignal) => Promise<unknown>
  monotonic(): number
}

export function browserWindows(consoleId: string): WindowDoors {
  const name = `matoi-seat-${consoleId}`
  const bus = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name)
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks
  return {
    channel: bus && {
      post: (m) => bus.postMessage(m),
      hear: (f) => (bus.onmessage = (e: MessageEvent<Said>) => f(e.data)),
      close: () => bus.close(),
    },
    hold: locks && ((held, signal) => locks.request(name, { signal }, held)),
    monotonic: () => performance.now(),
  }
}

const patience = 2000 // ms without a word of the window that rings until another rings as well
const often = 500 // ms between its words
const answer = 60 // ms in which a window for screens says that it is there

/**
 * Windows joins the windows of one seat. The ring belongs to whoever holds a lock
 * of the browser: it passes on by itself when that window closes or crashes. A
 * window that holds it and hangs says nothing; then another rings as well,
 * because two rings are a nuisance and none is a catastrophe. A window whose
 * sound is blocked gives the lock away.
 */
export class Windows {
  readonly kind: WindowKind
  /** this window rings */
  leads = $state(true)

  readonly #doors: WindowDoors
  #opened: (id: string, shown: boolean) => void = () => {}
  #screen: ((id: string, purpose: 'view' | 'operate') => void) | undefined
  #there: (() => void) | undefined
  #wants = false
  #holds = false
  #release: (() => void) | undefined
  #stop: AbortController | undefined
  #heard: number
  #said = -Infinity
  #over = false

  constructor(kind: WindowKind, doors: WindowDoors) {
    this.kind = kind
    this.#doors = doors
    this.#heard = doors.monotonic()
    this.leads = !this.#joint
    doors.channel?.hear((m) => this.#hear(m))
  }

  /** joint: without a channel and locks every window stands alone, and rings. */
  get #joint(): boolean {
    return this.#doors.channel !== undefined && this.#doors.hold !== undefined
  }

  onOpened(f: (id: string, shown: boolean) => void): void {
    this.#opened = f
  }

  /** onScreen is of the window that is for screens. */
  onScreen(f: (id: string, purpose: 'view' | 'operate') => void): void {
    this.#screen = f
  }

  /** screen gives a terminal's screen to the window that is for screens, and says whether there is one. */
  screen(id: string, purpose: 'view' | 'operate'): Promise<boolean> {
    if (!this.#doors.channel) return Promise.resolve(false)
    this.#doors.channel.post({ kind: 'screen', id, purpose })
    return new Promise((told) => {
      this.#there = () => told(true)
      setTimeout(() => told(false), answer)
    })
  }

  /** opened tells the others; shown says that this window shows the report itself. */
  opened(id: string): void {
    this.#doors.channel?.post({ kind: 'opened', id, shown: this.kind === 'all' || this.kind === 'report' })
  }

  #hear(m: Said): void {
    if (m.kind === 'opened') this.#opened(m.id, m.shown)
    if (m.kind === 'screen-here') this.#there?.()
    if (m.kind === 'screen' && this.#screen) {
      this.#doors.channel?.post({ kind: 'screen-here' })
      this.#screen(m.id, m.purpose)
    }
    if (m.kind === 'rings') this.#heard = this.#doors.monotonic()
    this.#decide()
  }

  /** tick says whether this window can make a sound, and moves time on. */
  tick(able: boolean): void {
    if (this.#over || !this.#joint) return
    if (able && !this.#wants) this.#ask()
    if (!able && this.#wants) this.#giveUp()
    const now = this.#doors.monotonic()
    if (this.#holds && now - this.#said >= often) {
      this.#said = now
      this.#doors.channel?.post({ kind: 'rings' })
    }
    this.#decide()
  }

  #decide(): void {
    if (!this.#joint || this.#over) return
    const nobody = this.#wants && this.#doors.monotonic() - this.#heard >= patience
    const leads = this.#holds || nobody
    if (leads !== this.leads) this.leads = leads
  }

  #ask(): void {
    this.#wants = true
    this.#heard = this.#doors.monotonic()
    const stop = new AbortController()
    this.#stop = stop
    const held = () =>
      new Promise<void>((release) => {
        if (this.#stop !== stop) return release()
        this.#release = release
        this.#holds = true
        this.#decide()
      })
    this.#doors.hold?.(held, stop.signal).catch(() => undefined) // given up while waiting
  }

  #giveUp(): void {
    this.#wants = false
    this.#holds = false
    this.#stop?.abort()
    this.#stop = undefined
    this.#release?.()
    this.#release = undefined
    this.#decide()
  }

  end(): void {
    this.#giveUp()
    this.#over = true
    this.leads = false
    this.#doors.channel?.close()
  }
}
