// Incidents (事案), voice calls, and transfer to other headquarters (転送).
import type { ConsoleApi } from './console'
import type { components } from './openapi'

type Schemas = components['schemas']
export type Joining = Schemas['Joining']
export type JoinProposal = Schemas['JoinProposal']
export type IncidentMember = Schemas['IncidentMember']
export type VoiceCall = Schemas['VoiceCall']
export type Transferring = Schemas['Transferring']
export type TransferMark = Schemas['TransferMark']
export type Telephoned = Schemas['TransferCallInputBody']
export type RefuseReason = Schemas['TransferRefuseInputBody']['reason']
export type MemberKind = JoinProposal['kind']

const at = (id: string, what: string) => `/reports/${encodeURIComponent(id)}/${what}`

export const joining = (api: ConsoleApi, id: string) => api.ask<Joining>(at(id, 'incident'))
export const openIncident = (api: ConsoleApi, id: string) => api.post<Joining>(at(id, 'incident'), {})
export const join = (api: ConsoleApi, id: string, kind: MemberKind, other: string) => api.post<Joining>(at(id, 'incident/join'), { kind, id: other })
export const dismiss = (api: ConsoleApi, id: string, kind: MemberKind, other: string) => api.post<unknown>(at(id, 'incident/dismiss'), { kind, id: other })
export const part = (api: ConsoleApi, id: string, kind: MemberKind, member: string) => api.post<unknown>(at(id, 'incident/part'), { kind, id: member, reason: 'other-event' })
export const closeIncident = (api: ConsoleApi, id: string) => api.post<unknown>(`/incidents/${encodeURIComponent(id)}/close`, {})
export const voiceCalls = (api: ConsoleApi) => api.ask<VoiceCall[]>('/voice-calls')

export const transferring = (api: ConsoleApi, id: string) => api.ask<Transferring>(at(id, 'transfer'))
export const offerTransfer = (api: ConsoleApi, id: string, partner: string) => api.post<unknown>(at(id, 'transfer'), { partner })
export const withdrawTransfer = (api: ConsoleApi, id: string) => api.post<unknown>(at(id, 'transfer/withdraw'), {})
export const telephoneTransfer = (api: ConsoleApi, id: string, record: Telephoned) => api.post<unknown>(at(id, 'transfer/telephone'), record)
export const refuseTransfer = (api: ConsoleApi, id: string, reason: RefuseReason) => api.post<unknown>(at(id, 'transfer/refuse'), { reason })

/** over reports whether every report of an incident is closed, so that it can be ended. */
export function over(incident: Joining['incident'], own: { id: string; state: string }): boolean {
  return !!incident && incident.state === 'open' && incident.members.every((m) => (m.id === own.id ? own.state : m.report?.state ?? 'closed') === 'closed')
}
