// "Integrated" means that a page painted it. Two animation frames after the
// document changed, the browser has drawn it; a hidden page draws nothing and
// gets no frames, so it confirms nothing and says so instead.

export interface PaintingDoors {
  /** flushed resolves once the document holds the changes */
  flushed(): Promise<unknown>
  frame(f: () => void): void
  /** rendered reports whether a report is before the eye: in view, or named where it can be read */
  rendered(id: string): boolean
  post(through: number, reports: string[]): Promise<unknown>
  later(f: () => void, ms: number): void
}

const apart = 100 // ms between confirmations: ten a second
const most = 500 // reports in one confirmation; the rest goes with the next
const again = 1000 // ms until a confirmation that failed is sent again

export class Painted {
  readonly #doors: PaintingDoors
  #flushedThrough = 0
  #through = 0
  #confirmed = 0
  #waiting = new Set<string>() // changed, not yet painted
  #ready = new Set<string>() // painted, not yet confirmed
  #unseen = new Set<string>() // on the page and out of view
  #watching = false
  #sending = false
  #since = 0
  #over = false

  constructor(doors: PaintingDoors) {
    this.#doors = doors
  }

  /** changed: the page's values now hold everything through the cursor. */
  changed(through: number, reports: Iterable<string>, at: number): void {
    if (this.#waiting.size === 0 && this.#flushedThrough <= this.#through) this.#since = at
    this.#flushedThrough = Math.max(this.#flushedThrough, through)
    for (const id of reports) this.#waiting.add(id)
    void this.#watch()
  }

  /** came: these came into view; what was painted out of view is confirmed two frames from now. */
  came(reports: Iterable<string>, at: number): void {
    const now = [...reports].filter((id) => this.#unseen.has(id))
    if (now.length > 0) this.changed(this.#flushedThrough, now, at)
  }

  /** unpaintedSince gives since when changes wait for a frame, if any do. */
  get unpaintedSince(): number | undefined {
    return this.#waiting.size > 0 || this.#flushedThrough > this.#through ? this.#since : undefined
  }

  /** end stops confirming, for example after log-out. */
  end(): void {
    this.#over = true
  }

  async #watch(): Promise<void> {
    if (this.#watching || this.#over) return
    this.#watching = true
    await this.#doors.flushed()
    const through = this.#flushedThrough
    const reports = [...this.#waiting]
    this.#doors.frame(() =>
      this.#doors.frame(() => {
        this.#watching = false
        this.#through = Math.max(this.#through, through)
        for (const id of reports) {
          this.#waiting.delete(id)
          const seen = this.#doors.rendered(id)
          if (seen) this.#ready.add(id)
          if (seen) this.#unseen.delete(id)
          else this.#unseen.add(id)
        }
        void this.#confirm()
        if (this.#waiting.size > 0 || this.#flushedThrough > this.#through) void this.#watch()
      }),
    )
  }

  async #confirm(): Promise<void> {
    if (this.#sending || this.#over) return
    const through = this.#through
    const reports = [...this.#ready].slice(0, most)
    if (reports.length === 0 && through <= this.#confirmed) return
    this.#sending = true
    let wait = apart
    try {
      await this.#doors.post(through, reports)
      this.#confirmed = Math.max(this.#confirmed, through)
      for (const id of reports) this.#ready.delete(id)
    } catch {
      wait = again
    }
    this.#doors.later(() => {
      this.#sending = false
      void this.#confirm()
    }, wait)
  }
}
