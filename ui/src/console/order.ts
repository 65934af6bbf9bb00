// The order of the board: what waits comes first and oldest first, exercises
// after lives, then what is in hand, then what is over.
import type { Card } from '../api/types'

export type Section = 'waiting' | 'claimed' | 'closed'

export interface Sections {
  waiting: string[]
  claimed: string[]
  closed: string[]
}

const closedShown = 30

export function sectionOf(c: Card): Section {
  if (c.state === 'closed') return 'closed'
  if (c.claim) return 'claimed'
  return 'waiting'
}

/**
 * rings reports whether a card is one that somebody must take now. What was
 * completed at the terminal alone waits for somebody to close it, and is quiet:
 * after a long outage a room full of rings would hide the one that is new.
 */
export function rings(c: Card): boolean {
  return sectionOf(c) === 'waiting' && !c.handledAlone
}

// A board is put in order with every frame that brought something; the times of
// its cards stay.
const times = new Map<string, number>()
const mostTimes = 20_000

export function time(at: string): number {
  let ms = times.get(at)
  if (ms !== undefined) return ms
  ms = Date.parse(at)
  if (!Number.isFinite(ms)) ms = 0
  if (times.size >= mostTimes) times.clear()
  times.set(at, ms)
  return ms
}

function byAge(a: Card, b: Card): number {
  return time(a.receivedAt) - time(b.receivedAt) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

function urgency(c: Card): number {
  return c.mode === 'actual' ? 0 : 1
}

export function arrange(cards: Card[], consoleId: string): Sections {
  const into: Record<Section, Card[]> = { waiting: [], claimed: [], closed: [] }
  for (const c of cards) into[sectionOf(c)].push(c)
  const mine = (c: Card) => (c.claim?.consoleId === consoleId ? 0 : 1)
  into.waiting.sort((a, b) => urgency(a) - urgency(b) || byAge(a, b))
  into.claimed.sort((a, b) => mine(a) - mine(b) || urgency(a) - urgency(b) || byAge(a, b))
  into.closed.sort((a, b) => time(b.close?.at ?? b.updatedAt) - time(a.close?.at ?? a.updatedAt))
  const ids = (list: Card[]) => list.map((c) => c.id)
  return { waiting: ids(into.waiting), claimed: ids(into.claimed), closed: ids(into.closed).slice(0, closedShown) }
}

/**
 * settle keeps every card where it is while a hand is on the board: only cards
 * that are new appear, at the end of their section. What a held card now says
 * is shown in its old place until the hand is gone. exists says which cards
 * there still are, also those that a filter would leave out now.
 */
export function settle(held: Sections, next: Sections, exists: (id: string) => boolean): Sections {
  const placed = new Set([...held.waiting, ...held.claimed, ...held.closed])
  const keep = (old: string[], fresh: string[]) => [...old.filter(exists), ...fresh.filter((id) => !placed.has(id))]
  return {
    waiting: keep(held.waiting, next.waiting),
    claimed: keep(held.claimed, next.claimed),
    closed: keep(held.closed, next.closed),
  }
}

/** same reports whether two orders show the same cards at the same places. */
export function same(a: Sections, b: Sections): boolean {
  const equal = (x: string[], y: string[]) => x.length === y.length && x.every((id, i) => id === y[i])
  return equal(a.waiting, b.waiting) && equal(a.claimed, b.claimed) && equal(a.closed, b.closed)
}

/**
 * fold takes out what stands with another card: a report that a request for
 * video made, while the report it was asked from is open on the board.
 */
export function fold(s: Sections, card: (id: string) => Card | undefined): Sections {
  const alone = (id: string) => {
    const c = card(id)
    if (!c?.origin || c.state === 'closed') return true
    const origin = card(c.origin)
    return origin === undefined || origin.state === 'closed'
  }
  return { waiting: s.waiting.filter(alone), claimed: s.claimed.filter(alone), closed: s.closed }
}
