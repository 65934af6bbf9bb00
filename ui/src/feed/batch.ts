/**
 * Batch collects what arrives and hands it over once per animation frame, so
 * that sixty changes a second cost one pass. A hidden page has no frames; a
 * timer then hands over, because the ring must go on there.
 */
export class Batch<T> {
  #items: T[] = []
  #due = false
  readonly #take: (items: T[]) => void
  readonly #soon: (f: () => void) => void

  constructor(take: (items: T[]) => void, soon: (f: () => void) => void = frameOrTimer) {
    this.#take = take
    this.#soon = soon
  }

  add(item: T): void {
    this.#items.push(item)
    if (this.#due) return
    this.#due = true
    this.#soon(() => this.flush())
  }

  flush(): void {
    this.#due = false
    const items = this.#items
    if (items.length === 0) return
    this.#items = []
    this.#take(items)
  }

  drop(): void {
    this.#items = []
  }
}

export function frameOrTimer(f: () => void): void {
  let done = false
  const once = () => {
    if (done) return
    done = true
    f()
  }
  requestAnimationFrame(once)
  setTimeout(once, 200)
}
