// A hand on the mouse must find the card where it saw it. While the pointer is
// on the board nothing changes its order (settle); what still can push a card
// is a new one above it, or one above it that grew by a line. Steady takes the
// card under the pointer as fixed and moves the scroll position instead.

export class Steady {
  readonly #scroller: HTMLElement
  readonly #spacer: HTMLElement
  #id = ''
  #top = 0
  #x = 0
  #y = 0
  #space = 0
  #scroll = 0 // the scroll position as it was left

  constructor(scroller: HTMLElement, spacer: HTMLElement) {
    this.#scroller = scroller
    this.#spacer = spacer
  }

  /** pointer says where the pointer is now. */
  pointer(x: number, y: number): void {
    this.keep() // what moved since the last look is put back first
    this.#x = x
    this.#y = y
    this.#pick()
  }

  /** scrolled: a wheel moved the cards under the pointer, which is what it is for. */
  scrolled(): void {
    if (this.#id !== '' && this.#byHand()) this.#pick()
  }

  /** byHand tells a person's scrolling from our own. */
  #byHand(): boolean {
    return Math.abs(this.#scroller.scrollTop - this.#scroll) >= 1
  }

  letGo(): void {
    this.#id = ''
    this.#spread(0)
  }

  /** keep puts the card under the pointer back to where it was. */
  keep(): void {
    const card = this.#card()
    if (!card) return
    if (this.#byHand()) return this.#pick()
    const off = card.getBoundingClientRect().top - this.#top
    if (Math.abs(off) < 1) return
    this.#scroller.scrollTop += off
    const rest = card.getBoundingClientRect().top - this.#top
    // At the upper end there is nothing left to scroll: some room is lent above.
    if (rest < -1) this.#spread(this.#space - rest)
    this.#scroll = this.#scroller.scrollTop
  }

  #spread(room: number): void {
    if (room === this.#space) return
    this.#space = room
    this.#spacer.style.height = `${room}px`
  }

  #card(): HTMLElement | null {
    return this.#id === '' ? null : this.#scroller.querySelector<HTMLElement>(`[data-report="${CSS.escape(this.#id)}"]`)
  }

  #pick(): void {
    this.#scroll = this.#scroller.scrollTop
    const under = document.elementFromPoint(this.#x, this.#y)?.closest<HTMLElement>('[data-report]')
    const card = under ?? this.#card() ?? this.#below()
    if (!card) return
    this.#id = card.dataset.report ?? ''
    this.#top = card.getBoundingClientRect().top
  }

  /** below: between two cards the next one stands for the place. */
  #below(): HTMLElement | undefined {
    for (const card of this.#scroller.querySelectorAll<HTMLElement>('[data-report]')) if (card.getBoundingClientRect().bottom >= this.#y) return card
    return undefined
  }
}
