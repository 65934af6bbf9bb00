import type { Beat, Card, Change, Link, SeatPresence } from '../api/types'

export interface FeedEvents {
  change(c: Change): void
  unsaved(c: Card): void
  saved(id: string): void
  link(l: Link): void
  consoles?(all: SeatPresence[]): void
  beat(b: Beat): void
  /** heard: anything at all arrived */
  heard(): void
  /** refused: the server answered and gave no stream (behind, logged out); the board must be read again */
  refused(): void
}

export interface Source {
  readonly readyState: number
  onerror: ((this: any, e: any) => unknown) | null
  addEventListener(type: string, f: (e: MessageEvent<string>) => void): void
  close(): void
}

const closed = 2 // EventSource.CLOSED: the answer was not a stream; the browser does not try again
const waits = [250, 500, 1000, 2000]

/**
 * Feed keeps one stream open from a cursor on. It reconnects by itself with the
 * cursor of the last change taken, so that a browser's own Last-Event-ID and a
 * page that was restored never disagree.
 */
export class Feed {
  readonly #open: (cursor: number) => Source
  readonly #to: FeedEvents
  #source: Source | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #tries = 0
  #cursor = 0

  constructor(open: (cursor: number) => Source, to: FeedEvents) {
    this.#open = open
    this.#to = to
  }

  /** from starts (again) after the change numbered cursor. */
  from(cursor: number): void {
    this.#cursor = cursor
    this.#connect()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#source?.close()
    this.#source = undefined
  }

  #connect(): void {
    this.stop()
    const source = this.#open(this.#cursor)
    this.#source = source
    const on = (type: string, f: (data: string) => void) =>
      source.addEventListener(type, (e) => {
        if (this.#source !== source) return // an old stream's last words
        this.#tries = 0
        this.#to.heard()
        f(e.data)
      })
    on('change', (data) => {
      const change = JSON.parse(data) as Change
      if (change.seq <= this.#cursor) return // sent again
      this.#cursor = change.seq
      this.#to.change(change)
    })
    on('unsaved', (data) => this.#to.unsaved(JSON.parse(data) as Card))
    on('saved', (data) => this.#to.saved((JSON.parse(data) as { id: string }).id))
    on('link', (data) => this.#to.link(JSON.parse(data) as Link))
    on('consoles', (data) => this.#to.consoles?.(JSON.parse(data) as SeatPresence[]))
    on('beat', (data) => this.#to.beat(JSON.parse(data) as Beat))
    source.onerror = () => {
      if (this.#source !== source) return
      const refused = source.readyState === closed
      this.stop()
      if (refused) this.#to.refused()
      else this.#timer = setTimeout(() => this.#connect(), waits[Math.min(this.#tries++, waits.length - 1)])
    }
  }
}
