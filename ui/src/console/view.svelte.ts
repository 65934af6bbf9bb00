// What really is before the eye. A card below the edge of the board has a box
// on the page and no pixel on the glass; to confirm it as painted would be a
// lie that nobody notices. So a report counts as shown when the line of its
// card with number and kind lies in the window, or its number stands in the
// board's edge marker, or it is the report that is open.

export type Part = 'card' | 'number' | 'report'

// A section's heading stays at the top while its cards pass below it, so the
// topmost strip of the board shows no card (BoardView, h2).
const heading = 36
const whole = 0.9 // of the line; sub-pixels make a full line 0.99

class View {
  /** grows when anything came into view or left it */
  changes = $state(0)
  #seen = new Map<string, Map<Element, { part: Part; visible: boolean }>>()
  #of = new Map<Element, { id: string; part: Part }>()
  #observer: IntersectionObserver | undefined
  #tell: (ids: string[]) => void = () => {}

  /** onCame is told which reports came into view. */
  onCame(tell: (ids: string[]) => void): void {
    this.#tell = tell
  }

  /** shows reports whether anything of a report that names it is in view. */
  shows(id: string): boolean {
    for (const e of this.#seen.get(id)?.values() ?? []) if (e.visible) return true
    return false
  }

  /** beyond reports whether a report has a card and its card is out of view. */
  beyond(id: string): boolean {
    let card = false
    for (const e of this.#seen.get(id)?.values() ?? []) {
      if (e.part !== 'card') continue
      if (e.visible) return false
      card = true
    }
    return card
  }

  watch(element: Element, id: string, part: Part): void {
    this.#of.set(element, { id, part })
    if (typeof IntersectionObserver === 'undefined') {
      this.#note(element, true) // a test without a window
      return
    }
    this.#observer ??= new IntersectionObserver((entries) => this.#look(entries), {
      threshold: [0, whole],
      scrollMargin: `-${heading}px 0px 0px 0px`,
    } as IntersectionObserverInit)
    this.#observer.observe(element)
  }

  leave(element: Element): void {
    this.#observer?.unobserve(element)
    const known = this.#of.get(element)
    this.#of.delete(element)
    const parts = known && this.#seen.get(known.id)
    if (!parts) return
    parts.delete(element)
    if (parts.size === 0) this.#seen.delete(known.id)
  }

  #note(element: Element, visible: boolean): string {
    const known = this.#of.get(element)
    if (!known) return ''
    const parts = this.#seen.get(known.id) ?? new Map<Element, { part: Part; visible: boolean }>()
    this.#seen.set(known.id, parts)
    parts.set(element, { part: known.part, visible })
    return known.id
  }

  #look(entries: IntersectionObserverEntry[]): void {
    const came: string[] = []
    for (const e of entries) {
      const visible = e.isIntersecting && e.intersectionRatio >= whole
      const id = this.#note(e.target, visible)
      if (visible && id !== '') came.push(id)
    }
    this.changes++
    if (came.length > 0) this.#tell(came)
  }
}

/** view is the page's: there is one window to look through. */
export const view = new View()

/** inView marks an element that names a report: `use:inView={{ id, part }}`. */
export function inView(element: Element, of: { id: string; part: Part }) {
  let { id, part } = of
  view.watch(element, id, part)
  return {
    update(next: { id: string; part: Part }) {
      if (next.id === id && next.part === part) return
      view.leave(element)
      ;({ id, part } = next)
      view.watch(element, id, part)
    },
    destroy() {
      view.leave(element)
    },
  }
}
