// Keeping the room: consoles, persons, terminals, ready sentences, and the
// medical part of a report, whose reading leaves an entry.
import type { ConsoleApi } from './console'
import type { components } from './openapi'
import type { Card, Link } from './types'

type Schemas = components['schemas']
export type Snippet = Schemas['Snippet']
export type SnippetList = Schemas['SnippetView']
export type Medical = Schemas['InterfaceMedical']
export type ConsoleView = Schemas['ConsoleView']
export type ConsoleCode = Schemas['ConsoleCode']
export type PersonView = Schemas['PersonView']
export type Role = 'dispatcher' | 'supervisor' | 'maintainer' | 'auditor'
export type PersonState = PersonView['state']

const at = (path: string, id: string, what: string) => `/${path}/${encodeURIComponent(id)}/${what}`

export const medicalOf = (api: ConsoleApi, id: string) => api.post<Medical>(at('reports', id, 'medical'), {})

export const snippets = (api: ConsoleApi) => api.ask<SnippetList>('/snippets')
export const saveSnippets = (api: ConsoleApi, version: number, lines: Snippet[]) => api.post<SnippetList>('/snippets', { version, lines })

export const consoles = (api: ConsoleApi) => api.ask<ConsoleView[]>('/consoles')
export const issueConsole = (api: ConsoleApi, seat: { id?: string; name: string; supervisor: boolean }) => api.post<ConsoleCode>('/consoles', seat)
export const revokeConsole = (api: ConsoleApi, id: string) => api.post<unknown>(at('consoles', id, 'revoke'), {})

export const persons = (api: ConsoleApi) => api.ask<PersonView[]>('/persons')
export const addPerson = (api: ConsoleApi, p: { account: string; name: string; password: string; roles: Role[] }) => api.post<PersonView>('/persons', p)
export const changePerson = (api: ConsoleApi, id: string, change: { state?: PersonState; roles?: Role[]; password?: string }) => api.post<PersonView>(`/persons/${encodeURIComponent(id)}`, change)
export const logOutPerson = (api: ConsoleApi, id: string) => api.post<unknown>(at('persons', id, 'log-out'), {})

export const enrolTerminal = (api: ConsoleApi, t: { address: string; code: string; name: string; place: string; phone?: string }) => api.post<Link>('/terminals', t)
export const revokeTerminal = (api: ConsoleApi, id: string) => api.post<unknown>(at('terminals', id, 'revoke'), {})

export const endDrill = (api: ConsoleApi, id: string) => api.post<unknown>(at('terminals', id, 'drill/stop'), {})

export type RecordingList = Schemas['RecordingList']
export type RecordingView = Schemas['RecordingView']
export type RecordingDetail = Schemas['RecordingDetail']
export const recordings = (api: ConsoleApi) => api.ask<RecordingList>('/recordings')
export const recording = (api: ConsoleApi, id: string) => api.ask<RecordingDetail>(`/recordings/${encodeURIComponent(id)}`)
export const decideRecording = (api: ConsoleApi, id: string, on: boolean, reason: string) => api.post<unknown>(at('terminals', id, 'recording'), { on, reason })
export const filmOf = (id: string, query: string) => `/api/v1/recordings/${encodeURIComponent(id)}/video?${query}`

export const findByPhone = (api: ConsoleApi, phone: string) => api.post<Card[]>('/reports/search', { phone })
export const closedBefore = (api: ConsoleApi, before: string, limit: number) =>
  api.ask<Card[]>(`/reports?state=closed&limit=${limit}${before === '' ? '' : `&before=${encodeURIComponent(before)}`}`)
