// The server's API, under the names that the pages use. The shapes are made
// from ../docs/openapi.json (npm run types) and never written by hand; only the
// terminal's own page, which another program answers, is written here. Times
// are RFC 3339 strings; ids are opaque.
import type { components } from './openapi'

type Schemas = components['schemas']

export type Card = Schemas['Card']
export type Claim = Schemas['Claim']
export type Close = Schemas['Closing']
export type Mode = Card['mode']
export type Step = Card['step']
export type CloseReason = Schemas['CloseInputBody']['reason']
export type Link = Schemas['Link']
export type LinkState = Link['state']
export type Me = Schemas['Me']
export type SeatPresence = Schemas['Presence']
export type BoardAnswer = Schemas['Board']
export type Change = Schemas['Change']
export type Beat = Schemas['Beat']
export type Detail = Schemas['Detail']
export type ChatLine = Schemas['Line']
export type TimelineEntry = Schemas['Moment']

export type Report = Schemas['InterfaceReport']
export type Kind = Schemas['InterfaceIncidentType']
export type Place = Schemas['InterfaceLocation']
export type Civic = Schemas['InterfaceCivic']
export type RevisionPlaces = Schemas['RevisionPlaces']
export type ReportPlaces = Schemas['ReportPlaces']
export type BoardPlace = Schemas['BoardPlace']
export type HouseMap = Schemas['Map']
export type Vehicle = Schemas['InterfaceVehicle']
export type Crash = Schemas['InterfaceCrash']
export type StdifProblem = Schemas['InterfaceProblem']

/** RFC 9457 problem details; code is one of the standard interface, from a terminal. */
export type ProblemBody = Partial<Schemas['Problem']> & { status: number; code?: number }

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

/** PageScreen says who sees the terminal's screen, and whether it can be seen. */
export interface PageScreen {
  state: 'absent' | 'ready' | 'down'
  /** why it is down: 503 it cannot be seen, 504 an installed VNC server refuses the password */
  code: number
  viewers: { console: string; person: string; operates: boolean; recorded?: boolean; since: string }[]
}

export interface PageState {
  terminalId: string
  name: string
  headquarters: string
  link: { state: 'up' | 'down'; since: string }
  storable: boolean
  screen: PageScreen
  rings: string[]
  reports: PageReport[]
  /** there are more open reports than are listed */
  more: boolean
}
