// The server says something every second. When it has said nothing for three,
// a dispatcher must hear and see it: a quiet board looks like a quiet night.

export const silentAfter = 3000

export class Silence {
  #last: number
  #silent = false
  readonly #change: (silent: boolean, since: number) => void

  constructor(at: number, change: (silent: boolean, since: number) => void) {
    this.#last = at
    this.#change = change
  }

  get silent(): boolean {
    return this.#silent
  }

  heard(at: number): void {
    this.#last = at
    if (!this.#silent) return
    this.#silent = false
    this.#change(false, at)
  }

  check(at: number): void {
    if (this.#silent || at - this.#last < silentAfter) return
    this.#silent = true
    this.#change(true, this.#last)
  }
}
