import type { Video } from '../api/services'
import type { BoardAnswer, Card, Change, Link, SeatPresence } from '../api/types'
import { arrange, rings } from './order'

/** Row is one card's place in memory: only what shows this card looks again when it changes. */
export class Row {
  readonly id: string
  /** the card for whoever looks at all of them and has heard of the board's version */
  plain: Card
  #card = $state.raw<Card>(undefined as unknown as Card)

  constructor(id: string, card: Card) {
    this.id = id
    this.#card = this.plain = card
  }

  get card(): Card {
    return this.#card
  }

  set card(card: Card) {
    this.#card = this.plain = card
  }
}

/** LinkRow is one terminal's link. */
export class LinkRow {
  readonly id: string
  link = $state.raw<Link>(undefined as unknown as Link)

  constructor(id: string, link: Link) {
    this.id = id
    this.link = link
  }
}

/** unsavedId names a card that the store has not numbered yet. */
export function unsavedId(c: Card): string {
  return c.id || `unsaved:${c.terminalId}:${c.serviceId}:${c.serviceReportId}:${c.revision}`
}

/** Board is everything that the seat's page knows, fed by the board's answer and then by the feed. */
export class Board {
  readonly consoleId: string
  rows = $state.raw<Row[]>([])
  links = $state.raw<LinkRow[]>([])
  consoles = $state.raw<SeatPresence[]>([])
  counts = $state.raw({ stored: 0, shown: 0 })
  /** requests for video that belong to no report yet */
  videos = $state.raw<Video[]>([])
  flood = $state.raw({ more: 10, withinMs: 60_000 })
  cursor = 0

  /** grows with every card that changes: who looks at all of them listens to it once and not to two hundred */
  version = $state(0)

  #byId = new Map<string, Row>()
  #order = $derived.by(() => arrange(this.cards(), this.consoleId))
  #waiting = $derived(this.cards().filter(rings))

  constructor(consoleId: string) {
    this.consoleId = consoleId
  }

  get order() {
    return this.#order
  }

  /** waiting lists what nobody has taken, in no order. */
  get waiting(): Card[] {
    return this.#waiting
  }

  /** cards are all of them as they are now. */
  cards(): Card[] {
    void this.version
    return this.rows.map((r) => r.plain)
  }

  /** card is one of them, for whoever looks at many. */
  card(id: string): Card | undefined {
    void this.version
    return this.#byId.get(id)?.plain
  }

  row(id: string): Row | undefined {
    return this.#byId.get(id)
  }

  /** load replaces everything by the server's answer and returns the ids on it. */
  load(answer: BoardAnswer): string[] {
    const cards = new Map<string, Card>()
    for (const c of answer.reports) cards.set(c.id, c)
    for (const c of answer.unsaved ?? []) {
      const id = unsavedId(c)
      if (!cards.has(id)) cards.set(id, { ...c, id, unsaved: true })
    }
    const kept: Row[] = []
    for (const row of this.rows) {
      const card = cards.get(row.id)
      if (card) {
        row.card = card
        cards.delete(row.id)
        kept.push(row)
      } else if (row.card.state === 'closed') {
        kept.push(row) // closed while this page looked; stays until it is opened anew
      }
    }
    for (const [id, card] of cards) kept.push(new Row(id, card))
    this.#byId = new Map(kept.map((r) => [r.id, r]))
    this.rows = kept
    this.version++
    this.links = answer.terminals.map((l) => new LinkRow(l.id, l))
    this.consoles = answer.consoles ?? []
    this.counts = answer.counts ?? { stored: 0, shown: 0 }
    this.videos = answer.videos ?? []
    this.flood = answer.flood ?? this.flood
    this.cursor = answer.cursor
    return kept.map((r) => r.id)
  }

  /** put takes one card as it now is. */
  put(card: Card): void {
    if (!card.unsaved) this.#dropTwins(card)
    const row = this.#byId.get(card.id)
    this.version++
    if (row) {
      row.card = card
      return
    }
    const fresh = new Row(card.id, card)
    this.#byId.set(card.id, fresh)
    this.rows = [...this.rows, fresh]
  }

  /** dropTwins: what was shown from memory is stored now, also when the word "saved" was missed. */
  #dropTwins(stored: Card): void {
    const twin = (c: Card) => c.unsaved && c.serviceReportId !== '' && c.serviceId === stored.serviceId && c.serviceReportId === stored.serviceReportId && c.revision <= stored.revision
    const gone = this.rows.filter((r) => r.id !== stored.id && twin(r.card))
    if (gone.length === 0) return
    for (const r of gone) this.#byId.delete(r.id)
    this.rows = this.rows.filter((r) => !gone.includes(r))
  }

  putUnsaved(card: Card): string {
    const id = unsavedId(card)
    const known = this.#byId.get(id)
    if (!known || known.card.unsaved) this.put({ ...card, id, unsaved: true })
    return id
  }

  /** saved: the store has it now; its stored card comes by the feed. */
  saved(id: string): void {
    const row = this.#byId.get(id)
    if (!row?.card.unsaved) return
    this.#byId.delete(id)
    this.rows = this.rows.filter((r) => r.id !== id)
  }

  putLink(link: Link): void {
    const row = this.links.find((l) => l.id === link.id)
    if (row) row.link = link
    else this.links = [...this.links, new LinkRow(link.id, link)]
  }

  /**
   * apply takes changes in the order of the feed. It returns the reports that
   * look different now and those whose card the change did not carry.
   */
  apply(changes: Change[]): { changed: Set<string>; wanting: Set<string> } {
    const changed = new Set<string>()
    const wanting = new Set<string>()
    for (const c of changes) {
      if (c.seq <= this.cursor) continue
      this.cursor = c.seq
      if (c.report) {
        this.put(c.report)
        changed.add(c.report.id)
        wanting.delete(c.report.id)
      } else if (c.kind === 'report' || c.kind === 'chat') {
        wanting.add(c.subject)
      }
      if (c.terminal) this.putLink(c.terminal)
    }
    return { changed, wanting }
  }
}
