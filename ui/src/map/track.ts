// Where somebody was, from all revisions of a report. Nothing is merged,
// averaged or moved: the marker stands on one fix that somebody sent, the newest;
// the tail is what they sent before.
//
// Newest is by the time of the fix. A fix that arrives late joins the tail and
// never moves the marker back; one without a time counts by its revision; one
// whose time lies ahead of its arrival says nothing about order and counts by its
// revision too. Null island and other impossible places are in no tail.
import type { Place, ReportPlaces } from '../api/types'
import { anchor, fit, type Fit, type LonLat } from './geometry'

/** Fix is one statement of where, and the newest revision that says it. */
export interface Fix {
  place: Place
  at: LonLat | undefined
  fit: Fit
  revision: number
  receivedAt: string
  /** its time lies ahead of its arrival: the sender's clock was wrong */
  ahead: boolean
}

export interface Track {
  key: string
  /** where the marker stands */
  head: Fix
  /** what was sent before, the oldest first */
  tail: Fix[]
}

/** Shown is a place that the list names, with the letter that the map shows. */
export interface Shown extends Fix {
  id: string
  letter: string
  /** the newest revision says it */
  current: boolean
  /** the newest of the report's revisions gives an older fix than is known: it is in the tail */
  behind: boolean
}

export interface Layout {
  revision: number
  shown: Shown[]
  tracks: Track[]
}

const moving = new Set(['caller', 'vehicle'])
const aheadBy = 60_000 // ms; a clock that is this wrong does not order anything

interface Ordered extends Fix {
  time: number
  index: number
}

function key(p: Place): string {
  return `${p.role}\u0000${p.label ?? ''}`
}

function same(a: Place, b: Place): boolean {
  return a.lat === b.lat && a.lon === b.lon && a.acquiredAt === b.acquiredAt && a.radiusM === b.radiusM && JSON.stringify(a.polygon) === JSON.stringify(b.polygon)
}

function fixOf(place: Place, revision: number, receivedAt: string): Fix {
  const time = Date.parse(place.acquiredAt ?? '')
  const ahead = Number.isFinite(time) && time > Date.parse(receivedAt) + aheadBy
  return { place, at: anchor(place), fit: fit(place), revision, receivedAt, ahead }
}

/** layOut orders the places of all revisions for map and list. */
export function layOut(answer: Pick<ReportPlaces, 'revisions'>): Layout {
  const revisions = [...answer.revisions].sort((a, b) => a.revision - b.revision)
  const newest = revisions[revisions.length - 1]
  if (!newest) return { revision: 0, shown: [], tracks: [] }
  const groups = new Map<string, Ordered[]>()
  const high = new Map<string, number>()
  for (const r of revisions) {
    const led = new Set<string>()
    for (const place of r.locations) {
      const k = key(place)
      const fix = fixOf(place, r.revision, r.receivedAt)
      if (!moving.has(place.role) || fix.fit !== 'drawn' || led.has(k)) continue
      led.add(k) // the first of a role leads: senders put the one they prefer first
      put(groups, high, k, fix)
    }
  }
  const tracks: Track[] = []
  for (const [k, fixes] of groups) {
    fixes.sort((a, b) => a.time - b.time || a.revision - b.revision || a.index - b.index)
    tracks.push({ key: k, head: fixes[fixes.length - 1]!, tail: fixes.slice(0, -1) })
  }
  return { revision: newest.revision, shown: lettered(newest, tracks), tracks }
}

function put(groups: Map<string, Ordered[]>, high: Map<string, number>, k: string, fix: Fix): void {
  const fixes = groups.get(k) ?? []
  groups.set(k, fixes)
  const stated = fix.ahead ? Number.NaN : Date.parse(fix.place.acquiredAt ?? '')
  const last = fixes[fixes.length - 1]
  // Revisions repeat what did not change: with a time it is the same fix wherever it stands, without one only when nothing came in between.
  const known = Number.isFinite(stated) ? fixes.find((o) => same(o.place, fix.place)) : last && same(last.place, fix.place) ? last : undefined
  if (known) {
    known.revision = fix.revision
    known.receivedAt = fix.receivedAt
    known.place = fix.place
    return
  }
  const before = high.get(k) ?? Number.NEGATIVE_INFINITY
  const time = Number.isFinite(stated) ? stated : before
  high.set(k, Math.max(before, time))
  fixes.push({ ...fix, time, index: fixes.length })
}

/** lettered names the heads first, then everything else of the newest revision. */
function lettered(newest: ReportPlaces['revisions'][number], tracks: Track[]): Shown[] {
  const heads = tracks.map((t): Omit<Shown, 'letter'> => ({ ...t.head, id: `head/${t.key}`, current: t.head.revision === newest.revision, behind: false }))
  const given = newest.locations.map((place, i): Omit<Shown, 'letter'> => {
    const fix = fixOf(place, newest.revision, newest.receivedAt)
    const behind = fix.fit === 'drawn' && tracks.some((t) => t.key === key(place) && t.tail.some((o) => same(o.place, place)))
    return { ...fix, id: `given/${i}`, current: true, behind }
  })
  const rest = given.filter((g) => !heads.some((h) => h.current && h.place === g.place))
  return [...heads, ...rest].map((s, i) => ({ ...s, letter: letter(i) }))
}

/** letter: A … Z, A2 … */
function letter(i: number): string {
  return String.fromCharCode(65 + (i % 26)) + (i < 26 ? '' : String(Math.floor(i / 26) + 1))
}

/** line is the way of a track for the map, the oldest first. */
export function line(t: Track): LonLat[] {
  return [...t.tail, t.head].flatMap((x) => (x.at ? [x.at] : []))
}
