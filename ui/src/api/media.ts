import type { ConsoleApi } from './console'
import type { components } from './openapi'

export type Medium = components['schemas']['MediumView']
export type Copy = 'shown' | 'poster'

/** copyAddress is where an element of the page fetches a copy; it can set no header. */
export function copyAddress(api: ConsoleApi, report: string, medium: string, copy: Copy): string {
  const path = [report, 'media', medium, copy].map(encodeURIComponent).join('/')
  return `/api/v1/reports/${path}?console=${encodeURIComponent(api.consoleId)}`
}

/** look records that this person made a blurred medium visible. */
export function look(api: ConsoleApi, report: string, medium: string): Promise<unknown> {
  return api.post(`/reports/${encodeURIComponent(report)}/media/${encodeURIComponent(medium)}/look`, {})
}
