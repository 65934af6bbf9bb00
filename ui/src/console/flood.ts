// A flood of one service must not push every other report out of sight: what
// belongs to it stands as one counted card that names all its numbers. Nothing
// is left out, nothing of another service or another mode is ever in it.
import type { BoardAnswer, Card } from '../api/types'
import { time } from './order'

export type FloodRule = BoardAnswer['flood']

export interface Flood {
  /** service and mode: what the card stands for */
  key: string
  ids: string[]
}

export type Item = { id: string; flood?: undefined } | { id?: undefined; flood: Flood }

const keyOf = (c: Card) => `${c.mode} ${c.serviceId}`

/** flooding finds the members: each lies with more than rule.more others within rule.withinMs. */
function flooding(ids: string[], card: (id: string) => Card | undefined, rule: FloodRule): Map<string, Set<string>> {
  const by = new Map<string, { id: string; at: number }[]>()
  for (const id of ids) {
    const c = card(id)
    if (!c || c.claim || c.state === 'closed' || c.handledAlone) continue
    const list = by.get(keyOf(c)) ?? []
    list.push({ id, at: time(c.receivedAt) })
    by.set(keyOf(c), list)
  }
  const out = new Map<string, Set<string>>()
  for (const [key, list] of by) {
    if (list.length <= rule.more) continue
    list.sort((a, b) => a.at - b.at)
    const members = new Set<string>()
    for (let from = 0, to = 0; to < list.length; to++) {
      while (list[to]!.at - list[from]!.at > rule.withinMs) from++
      if (to - from + 1 > rule.more) for (let i = from; i <= to; i++) members.add(list[i]!.id)
    }
    if (members.size > 0) out.set(key, members)
  }
  return out
}

/**
 * gather keeps the order of a section and puts each flood where its first member
 * stood. While a hand is on the board, was is how the section stands: what is in
 * a flood stays there, what stands alone stays alone, only new ones find a place.
 */
export function gather(ids: string[], card: (id: string) => Card | undefined, rule: FloodRule, was: Item[] = []): Item[] {
  const floods = flooding(ids, card, rule)
  for (const item of was) {
    if (item.id !== undefined) for (const members of floods.values()) members.delete(item.id)
    else floods.set(item.flood.key, new Set([...(floods.get(item.flood.key) ?? []), ...item.flood.ids]))
  }
  if (floods.size === 0) return ids.map((id) => ({ id }))
  const out: Item[] = []
  const placed = new Map<string, Flood>()
  for (const id of ids) {
    const c = card(id)
    const key = c ? keyOf(c) : ''
    if (!floods.get(key)?.has(id)) {
      out.push({ id })
      continue
    }
    const there = placed.get(key)
    if (there) {
      there.ids.push(id)
      continue
    }
    const flood = { key, ids: [id] }
    placed.set(key, flood)
    out.push({ flood })
  }
  return out
}
