import type { ConsoleApi } from './console'
import type { components } from './openapi'
import type { Card } from './types'

type Schemas = components['schemas']

export type MissedEntry = Schemas['MissedEntry']
export type Outcome = NonNullable<MissedEntry['done']>['outcome']
export type ShiftView = Schemas['ShiftView']
export type HandOver = Schemas['HandOverView']
export type EntryBody = Schemas['EntryInputBody']

const report = (id: string) => `/reports/${encodeURIComponent(id)}`

export const takeOver = (api: ConsoleApi, id: string, reason: string, note: string) => api.post<Card>(`${report(id)}/take-over`, { reason, note })
export const offer = (api: ConsoleApi, id: string, to: string) => api.post<unknown>(`${report(id)}/offer`, { to })
export const withdraw = (api: ConsoleApi, id: string) => api.post<unknown>(`${report(id)}/offer/withdraw`, {})
export const accept = (api: ConsoleApi, id: string) => api.post<Card>(`${report(id)}/offer/accept`, {})
export const refuse = (api: ConsoleApi, id: string) => api.post<unknown>(`${report(id)}/offer/refuse`, {})
export const raise = (api: ConsoleApi, id: string, reason: string, note: string) => api.post<unknown>(`${report(id)}/raise`, { reason, note })
export const enter = (api: ConsoleApi, body: EntryBody) => api.post<{ id: string }>('/report-entries', body)
export const missed = (api: ConsoleApi) => api.ask<MissedEntry[]>('/missed')
export const acknowledge = (api: ConsoleApi, id: string, outcome: Outcome, note: string) => api.post<unknown>(`/missed/${encodeURIComponent(id)}/acknowledge`, { outcome, note })
export const shift = (api: ConsoleApi) => api.ask<ShiftView>('/shift')
export const begin = (api: ConsoleApi, sound: 'proved' | 'unproved', reason: string) => api.post<unknown>('/shift', { sound, reason })
export const volume = (api: ConsoleApi, percent: number) => api.post<unknown>('/shift/volume', { volume: percent })
export const handOver = (api: ConsoleApi, to: string, note: string) => api.post<{ id: string }>('/shift/hand-over', { to, note })
export const takeHandOver = (api: ConsoleApi, id: string) => api.post<unknown>(`/shift/hand-overs/${encodeURIComponent(id)}/take`, {})
export const beat = (api: ConsoleApi, blocked: boolean) => api.post<unknown>('/feed/beat', { sound: blocked ? 'blocked' : 'ready' })
export const paperAddress = (api: ConsoleApi) => `/api/v1/board/print?console=${encodeURIComponent(api.consoleId)}`
