// The public API as the pages use it (/api/v1 of the server, /page of a
// terminal). Times are RFC 3339 strings; ids are opaque. Values that a later
// server may add to a list stay strings here and are shown as they come.

export type Mode = 'actual' | 'exercise' | 'test'
export type Step = 'spooled' | 'received' | 'integrated' | 'seen' | 'refused'
export type ReportStateName = 'presented' | 'escalated' | 'accepted' | 'in_dialog' | 'closed'
export type LinkState = 'unknown' | 'dialing' | 'tls-ok' | 'syncing' | 'ready' | 'degraded' | 'down'
export type CloseReason = 'handled' | 'duplicate' | 'mistaken' | 'exercise-over' | 'no-answer' | 'transferred' | 'handled-alone'

export interface Kind {
  code: string
  label?: string
  localCode?: string
}

export interface Claim {
  consoleId: string
  consoleName: string
  personId: string
  personName: string
  at: string
}

export interface Close {
  by?: string
  reason: string
  at: string
  consoleName?: string
  personName?: string
  note?: string
}

export interface Card {
  id: string
  number: number | string
  serviceId: string
  serviceName: string
  serviceReportId: string
  terminalId: string
  mode: Mode
  revision: number
  state: ReportStateName
  escalation: number
  undecodable: boolean
  kind: Kind
  excerpt: string
  place: string
  eventTime: string
  receivedAt: string
  updatedAt: string
  late: boolean
  skewMs: number
  silent: boolean
  ended: boolean
  /** ended by a person at the terminal; a person here confirms it */
  handledAlone: boolean
  cancelled: boolean
  reopened: boolean
  unsaved: boolean
  claim: Claim | null
  step: Step
  chatCount: number
  lastChatAt: string
  lastChatFrom: string
  mediaCount: number
  proxy: boolean
  severity: number | null
  close: Close | null
  outputOnly: boolean
}

export interface LinkService {
  id: string
  name: string
  outputOnly: boolean
}

export interface Link {
  id: string
  name: string
  place: string
  phone: string
  state: LinkState
  since: string
  services: LinkService[]
  pending: number
  missing: number
  storable: boolean
  lastProblem: { code: number; detail: string } | null
}

export interface Me {
  headquarters: { id: string; name: string }
  console: { id: string; name: string; supervisor: boolean }
  person: { id: string; name: string; roles: string[] } | null
}

export interface SeatPresence {
  id: string
  name: string
  present: boolean
  personName: string
}

export interface BoardAnswer {
  cursor: number
  now: string
  reports: Card[]
  terminals: Link[]
  unsaved: Card[]
  consoles: SeatPresence[]
  counts: { stored: number; shown: number }
}

export interface Change {
  seq: number
  at: string
  kind: string
  subject: string
  detail: string
  report?: Card | null
  terminal?: Link | null
}

export interface Beat {
  now: string
  cursor: number
}

export interface Civic {
  postcode?: string
  pref?: string
  city?: string
  line?: string
  building?: string
  floor?: string
  room?: string
  note?: string
}

export interface Place {
  role: string
  shape?: string
  lat?: number
  lon?: number
  radiusM?: number
  polygon?: { lat: number; lon: number }[]
  altitudeM?: number
  confidence?: number
  method?: string
  acquiredAt?: string
  speedKmh?: number
  headingDeg?: number
  civic?: Civic
  label?: string
}

export interface SubscriberInfo {
  name?: string
  kana?: string
  birth?: string
  sex?: string
  phone?: string
  mail?: string
  address?: string
  language?: string
  communication?: string[]
}

export interface Medical {
  conditions?: string[]
  medications?: string[]
  allergies?: string[]
  hospital?: string
  bloodType?: string
  note?: string
}

export interface Contact {
  name?: string
  relation?: string
  phone?: string
}

export interface Proxy {
  organisation?: string
  operator?: string
  callback?: string
  verified?: string
  answeredAt?: string
}

export interface Crash {
  direction?: number
  deltaVKmh?: number
  rollover?: boolean
  airbag?: boolean
  fire?: boolean
}

export interface Vehicle {
  vin?: string
  plate?: string
  make?: string
  model?: string
  colour?: string
  propulsion?: string
  occupants?: number
  belted?: number
  crashes?: Crash[]
}

export interface Media {
  id: string
  mime: string
  bytes: number
  sha256: string
  label?: string
  startedAt?: string
  live?: boolean
}

export interface Report {
  reportId: string
  revision: number
  eventTime: string
  kind: Kind
  text?: string
  locations?: Place[]
  subscriber?: SubscriberInfo
  medical?: Medical
  contacts?: Contact[]
  proxy?: Proxy
  routing?: { registeredHq?: string; locatedHq?: string; handledHq?: string; handover?: string }
  vehicle?: Vehicle
  severity?: { value: number; algorithm: string; version: string }
  media?: Media[]
  cancelled?: boolean
  additional?: { name: string; value: string }[]
  raw?: { mime: string; b64: string }
  translation?: Record<string, string>
}

export interface StdifProblem {
  code: number
  place?: string
  detail?: string
}

export interface ChatLine {
  id: string
  from: string
  at: string
  text: string
  by?: { consoleName: string; personName: string } | null
  delivery?: string
}

export interface TimelineEntry {
  at: string
  act: string
  by?: { consoleName?: string; personName?: string; terminalId?: string; serviceId?: string; system?: string } | null
  facts?: Record<string, string> | null
}

export interface Detail {
  card: Card
  report: Report | null
  raw: { mime: string; text: string; bytes: number } | null
  problem: StdifProblem | null
  warnings: StdifProblem[]
  revisions: { revision: number; receivedAt: string; late: boolean }[]
  chat: ChatLine[]
  timeline: TimelineEntry[]
  medical: Medical | null
  /** media that came alone; those within the report are in it */
  media: Media[]
}

/** RFC 9457 problem details with the catalogue key and its values. */
export interface ProblemBody {
  type?: string
  title?: string
  status: number
  detail?: string
  key?: string
  args?: Record<string, string>
  receipt?: string
  /** a code of the standard interface, from a terminal */
  code?: number
}

// ── the dedicated terminal's own page ──

export interface PageReport {
  serviceId: string
  serviceName: string
  outputOnly: boolean
  reportId: string
  revision: number
  mode: Mode
  step: Step
  at: string
  kind: Kind
  text: string
  place: string
  claimed: boolean
  closed: boolean
  handledAlone: boolean
  ended: boolean
  ringing: boolean
  /** not on disk: shown from the terminal's memory */
  unsaved: boolean
  undecodable: boolean
  chat: { id: string; reportId: string; from: string; at: string; text: string }[]
  report: Report | null
  problem: StdifProblem | null
}

export interface PageState {
  terminalId: string
  name: string
  headquarters: string
  link: { state: 'up' | 'down'; since: string }
  storable: boolean
  rings: string[]
  reports: PageReport[]
  /** there are more open reports than are listed */
  more: boolean
}
