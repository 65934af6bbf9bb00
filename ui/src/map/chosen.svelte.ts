// Whether a seat has its map open: a choice of the seat, kept by the browser.

export class Chosen {
  #open = $state(false)
  readonly #key: string

  constructor(consoleId: string) {
    this.#key = `matoi.map.${consoleId}`
    try {
      this.#open = localStorage.getItem(this.#key) === 'open'
    } catch {
      // The choice then lasts as long as the page.
    }
  }

  get open(): boolean {
    return this.#open
  }

  toggle(): void {
    this.#open = !this.#open
    try {
      localStorage.setItem(this.#key, this.#open ? 'open' : 'shut')
    } catch {
      // The same.
    }
  }
}
