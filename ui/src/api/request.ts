import { Problem } from './problem'
import type { ProblemBody } from './types'

// An answer that takes longer than this is no answer for somebody who waits
// with a caller on the line.
const patience = 8000

export interface Ask {
  method?: 'GET' | 'POST' | 'DELETE'
  body?: unknown
  headers?: Record<string, string>
  fetch?: typeof fetch
}

/** request asks a JSON endpoint and turns everything but success into a Problem. */
export async function request<T>(url: string, ask: Ask = {}): Promise<T> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), patience)
  let answer: Response
  let text: string
  try {
    answer = await (ask.fetch ?? fetch)(url, {
      method: ask.method ?? 'GET',
      headers: { accept: 'application/json', ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }), ...ask.headers },
      body: ask.body === undefined ? undefined : JSON.stringify(ask.body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: stop.signal,
    })
    text = await answer.text()
  } catch {
    throw new Problem({ status: 0, key: stop.signal.aborted ? 'network.timeout' : 'network.down' })
  } finally {
    clearTimeout(timer)
  }
  const body = parse(text)
  if (!answer.ok) throw new Problem({ ...(body as ProblemBody | undefined), status: answer.status })
  return body as T
}

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined // an answer of something between us and the server
  }
}
