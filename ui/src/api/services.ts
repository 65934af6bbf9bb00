// What services can be asked for, and what was done by telephone.
import type { components } from './openapi'
import { asProblem, Problem } from './problem'
import type { ConsoleApi } from './console'
import { lineId } from './console'
import type { Card, Link, ProblemBody } from './types'

type Schemas = components['schemas']

export type Video = Schemas['Video']
export type Contact = Schemas['Contact']
export type Difference = Schemas['Difference']
export type Service = Link['services'][number]
export type Party = Schemas['TelephoneInputBody']['party']
export type Outcome = Schemas['TelephoneInputBody']['outcome']
export type Purpose = NonNullable<Schemas['VideoInputBody']['purpose']>
export type VideoAsk = Omit<Schemas['VideoInputBody'], '$schema' | 'id'>
export type CallRecord = Omit<Schemas['TelephoneInputBody'], '$schema' | 'id'>

/** takes reports whether a service takes what not every service does; nothing else is offered. */
export function takes(s: Service | undefined, verb: 'request-media' | 'guide' | 'call-back'): boolean {
  return s !== undefined && !s.outputOnly && (s.offer?.takes ?? []).includes(verb)
}

/** serviceOf finds the service of a report as its terminal described it. */
export function serviceOf(links: Link[], card: Card): Service | undefined {
  return links.find((l) => l.id === card.terminalId)?.services.find((s) => s.id === card.serviceId)
}

/** videoServices lists the services that send links, each once. */
export function videoServices(links: Link[]): Service[] {
  const all = links.flatMap((l) => l.services).filter((s) => takes(s, 'request-media'))
  return all.filter((s, i) => all.findIndex((o) => o.id === s.id) === i)
}

const of = (id: string) => `/reports/${encodeURIComponent(id)}`

export const askVideo = (api: ConsoleApi, ask: VideoAsk) => api.post<{ id: string }>('/video-requests', { id: lineId(), ...ask })
export const waitingVideos = (api: ConsoleApi) => api.ask<Video[]>('/video-requests')
export const recordCall = (api: ConsoleApi, id: string, call: CallRecord) => api.post<unknown>(`${of(id)}/calls`, { id: lineId(), ...call })
export const callBack = (api: ConsoleApi, id: string, text: string) => api.post<unknown>(`${of(id)}/call-backs`, { id: lineId(), text })
export const sendGuide = (api: ConsoleApi, id: string, clip: string) => api.post<unknown>(`${of(id)}/guides`, { id: lineId(), clip })
export const look = (api: ConsoleApi, id: string, looks: boolean) => api.post<unknown>(`${of(id)}/looks`, { looks })

export interface LivePicture {
  number: number
  at: string
  picture: Blob
}

/** livePicture waits for the next picture; undefined when none came in a few seconds. */
export async function livePicture(api: ConsoleApi, id: string, after: number, signal: AbortSignal): Promise<LivePicture | undefined> {
  let answer: Response
  try {
    answer = await fetch(`/api/v1${of(id)}/live?after=${after}`, { headers: { 'matoi-console': api.consoleId, 'accept-language': document.documentElement.lang }, cache: 'no-store', credentials: 'same-origin', signal })
  } catch (err) {
    throw asProblem(err)
  }
  if (answer.status === 204) return undefined
  if (!answer.ok) throw new Problem({ ...((await answer.json().catch(() => undefined)) as ProblemBody | undefined), status: answer.status })
  return { number: Number(answer.headers.get('matoi-frame')), at: answer.headers.get('matoi-at') ?? '', picture: await answer.blob() }
}
