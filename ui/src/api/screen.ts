// Who sees and who operates a terminal's screen (画面転送・操作受付).
import type { ConsoleApi } from './console'
import type { components } from './openapi'

type Schemas = components['schemas']
export type ScreenState = Schemas['ScreenState']
export type ScreenSource = NonNullable<ScreenState['source']>
export type Purpose = Schemas['TakeScreenInputBody']['purpose']

const at = (id: string, what = '') => `/terminals/${encodeURIComponent(id)}/screen${what}`

export const screen = (api: ConsoleApi, id: string) => api.ask<ScreenState>(at(id))
export const takeScreen = (api: ConsoleApi, id: string, purpose: Purpose) => api.post<ScreenState>(at(id, '/take'), { purpose })
export const releaseScreen = (api: ConsoleApi, id: string) => api.post<ScreenState>(at(id, '/release'), {})
export const askScreen = (api: ConsoleApi, id: string) => api.post<ScreenState>(at(id, '/ask'), {})
export const offerScreen = (api: ConsoleApi, id: string, consoleId: string) => api.post<ScreenState>(at(id, '/offer'), { consoleId })
export const acceptScreen = (api: ConsoleApi, id: string) => api.post<ScreenState>(at(id, '/accept'), {})
export const declineScreen = (api: ConsoleApi, id: string) => api.post<ScreenState>(at(id, '/decline'), {})
export const preemptScreen = (api: ConsoleApi, id: string, purpose: Purpose, reason: string) => api.post<ScreenState>(at(id, '/preempt'), { purpose, reason })
export const mirrorScreen = (api: ConsoleApi, id: string, consoleId: string, on: boolean) => api.post<ScreenState>(at(id, '/mirror'), { consoleId, on })

/** screenSocket is where the picture comes from; a copy (副台) has no token. */
export function screenSocket(api: ConsoleApi, id: string, token: number | undefined): string {
  const asked = new URLSearchParams({ console: api.consoleId })
  if (token !== undefined) asked.set('token', String(token))
  return `/api/v1${at(id, '/socket')}?${asked}`
}
