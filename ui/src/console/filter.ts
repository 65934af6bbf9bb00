// What the board leaves out when somebody asks for less. Whatever was asked, a
// report that is actual and that nobody has taken stays where it is: a filter
// set in a quiet hour must not hide the one call that matters in a busy one.
import type { Card, Mode } from '../api/types'
import { sectionOf, type Section, type Sections } from './order'

export interface Asked {
  service: string
  kind: string
  mode: Mode | ''
  section: Section | ''
  mine: boolean
  place: string
}

export const everything: Asked = { service: '', kind: '', mode: '', section: '', mine: false, place: '' }

export function asks(f: Asked): boolean {
  return f.service !== '' || f.kind !== '' || f.mode !== '' || f.section !== '' || f.mine || plain(f.place) !== ''
}

/** plain makes places comparable: full-width digits, spaces, case and the many dashes between numbers say nothing. */
export function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/\s+/g, '')
    .replaceAll(/[\u2010-\u2015\u2212]|(?<=\d)ー(?=\d|$)/g, '-')
}

/** kept reports whether no filter may hide a card. */
export function kept(c: Card): boolean {
  return c.mode === 'actual' && sectionOf(c) === 'waiting'
}

export function kindOf(c: Card): string {
  return c.undecodable ? 'undecodable' : c.kind.code
}

export function passes(c: Card, f: Asked, consoleId: string): boolean {
  if (f.service !== '' && c.serviceId !== f.service) return false
  if (f.kind !== '' && kindOf(c) !== f.kind) return false
  if (f.mode !== '' && c.mode !== f.mode) return false
  if (f.section !== '' && sectionOf(c) !== f.section) return false
  if (f.mine && c.claim?.consoleId !== consoleId) return false
  const place = plain(f.place)
  return place === '' || plain(c.place).includes(place)
}

export interface Sifted {
  order: Sections
  /** how many cards are left out */
  hidden: number
  /** how many are shown only because no filter may hide them */
  keptBack: number
}

/** sift leaves out what the filter does not want, and counts it. */
export function sift(order: Sections, card: (id: string) => Card | undefined, f: Asked, consoleId: string): Sifted {
  if (!asks(f)) return { order, hidden: 0, keptBack: 0 }
  let hidden = 0
  let keptBack = 0
  const shown = (id: string) => {
    const c = card(id)
    if (!c || passes(c, f, consoleId)) return true
    if (kept(c)) {
      keptBack++
      return true
    }
    hidden++
    return false
  }
  return { order: { waiting: order.waiting.filter(shown), claimed: order.claimed.filter(shown), closed: order.closed.filter(shown) }, hidden, keptBack }
}
