import { request, type Ask } from './request'
import type { BoardAnswer, Card, CloseReason, Detail, Link, Me } from './types'

const base = '/api/v1'

/** ConsoleApi speaks for one enrolled seat; several seats may share a browser. */
export class ConsoleApi {
  readonly consoleId: string
  readonly #language: () => string
  readonly #fetch: typeof fetch | undefined

  constructor(consoleId: string, language: () => string, fetcher?: typeof fetch) {
    this.consoleId = consoleId
    this.#language = language
    this.#fetch = fetcher
  }

  /** ask and post are what the calls below, and those of other files of this folder, are made of. */
  ask<T>(path: string, ask: Ask = {}): Promise<T> {
    const headers: Record<string, string> = { 'accept-language': this.#language() }
    if (this.consoleId !== '') headers['matoi-console'] = this.consoleId
    return request<T>(base + path, { ...ask, headers, fetch: this.#fetch })
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.ask<T>(path, { method: 'POST', body })
  }

  enrol(code: string) {
    return this.post<{ consoleId: string; name: string }>('/enrolments', { code })
  }
  logIn(account: string, password: string) {
    return this.post<Me>('/sessions', { account, password })
  }
  logOut() {
    return this.ask<void>('/sessions/current', { method: 'DELETE' })
  }
  me() {
    return this.ask<Me>('/me')
  }
  board() {
    return this.ask<BoardAnswer>('/board')
  }
  report(id: string) {
    return this.ask<Detail>(`/reports/${encodeURIComponent(id)}`)
  }
  open(id: string) {
    return this.post<unknown>(`/reports/${encodeURIComponent(id)}/open`, {})
  }
  claim(id: string) {
    return this.post<Card | undefined>(`/reports/${encodeURIComponent(id)}/claim`, {})
  }
  release(id: string) {
    return this.post<unknown>(`/reports/${encodeURIComponent(id)}/release`, {})
  }
  close(id: string, reason: CloseReason, note: string) {
    return this.post<unknown>(`/reports/${encodeURIComponent(id)}/close`, { reason, note })
  }
  chat(id: string, lineId: string, text: string) {
    return this.post<unknown>(`/reports/${encodeURIComponent(id)}/chat`, { id: lineId, text })
  }
  requestData(id: string) {
    return this.post<{ id: string }>(`/reports/${encodeURIComponent(id)}/data-requests`, {})
  }
  requestTerminalData(id: string) {
    return this.post<{ id: string }>(`/terminals/${encodeURIComponent(id)}/data-requests`, {})
  }
  terminals() {
    return this.ask<Link[]>('/terminals')
  }
  painted(through: number, reports: string[]) {
    return this.post<unknown>('/feed/painted', { through, reports })
  }
  feedAddress(cursor: number): string {
    return `${base}/feed?console=${encodeURIComponent(this.consoleId)}&cursor=${cursor}`
  }
}

/** lineId makes a UUID; randomUUID exists in secure contexts only. */
export function lineId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const b = crypto.getRandomValues(new Uint8Array(16))
  b[6] = (b[6]! & 0x0f) | 0x40
  b[8] = (b[8]! & 0x3f) | 0x80
  const hex = Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
