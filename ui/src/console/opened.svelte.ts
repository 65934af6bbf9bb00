import { lineId, type ConsoleApi } from '../api/console'
import { Strip } from './strip.svelte'
import { asProblem, type Problem } from '../api/problem'
import type { Card, ChatLine, CloseReason, Detail } from '../api/types'

/** Act names what a person did to a report; its words are `act.done.<act>`. */
export type Act = 'join' | 'part' | 'close-incident' | 'dismiss' | 'transfer' | 'claim' | 'release' | 'request' | 'close' | 'video' | 'call' | 'call-back' | 'guide' | 'safety' | 'take-over' | 'offer' | 'withdraw' | 'accept' | 'raise'

/** PanelName names the form that is open below the acts, '' for none; see panels.ts. */
export type PanelName = '' | 'join' | 'transfer' | 'close' | 'video' | 'call' | 'offer' | 'raise'

export interface Outgoing {
  id: string
  text: string
  at: string
  failed: boolean
  problem?: Problem
}

export type Notice = { kind: 'done'; act: Act } | { kind: 'problem'; problem: Problem }

/** Opened is the report in front of the dispatcher, with what is being said and done about it. */
export class Opened {
  id = $state('')
  detail = $state.raw<Detail | null>(null)
  problem = $state.raw<Problem | null>(null)
  loading = $state(false)
  notice = $state.raw<Notice | null>(null)
  busy = $state<Act | ''>('')
  panel = $state<PanelName>('')
  changedTo = $state(0)
  /** the list of ready sentences is open beside the chat */
  snippets = $state(false)
  sending = $state<Outgoing[]>([])
  readonly strip = new Strip()

  readonly #api: ConsoleApi
  readonly #lost: (p: Problem) => boolean
  readonly #took: (card: Card) => void
  readonly #drafts = new Map<string, string>()
  #draft = $state('')
  #asked = 0
  #fetching = false
  #again = false
  #outgoing = new Map<string, Outgoing[]>()

  /**
   * lost takes problems that concern the whole page (logged out); it returns true
   * when it did. took takes a card that an answer carried: the next key of a
   * person must not wait until the feed says the same.
   */
  constructor(api: ConsoleApi, lost: (p: Problem) => boolean, took: (card: Card) => void = () => {}) {
    this.#api = api
    this.#lost = lost
    this.#took = took
  }

  get draft(): string {
    return this.#draft
  }
  set draft(text: string) {
    this.#draft = text
    this.#drafts.set(this.id, text)
  }

  /** chat is what was said and what is on its way. */
  get chat(): ChatLine[] {
    return this.detail?.chat ?? []
  }

  /** open shows a report and, since a person asked for it, says so: seen. */
  async open(id: string, saved: boolean, tell = true): Promise<void> {
    if (this.id !== id) {
      this.id = id
      this.detail = null
      this.problem = null
      this.notice = null
      this.panel = ''
      this.changedTo = 0
      this.snippets = false
      this.strip.close()
      this.busy = ''
      this.#draft = this.#drafts.get(id) ?? ''
      this.sending = this.#outgoing.get(id) ?? []
    }
    if (!saved) return
    await Promise.all([tell ? this.#tell(id) : undefined, this.read()])
  }

  /**
   * seenAgain says that the person has the newest revision before the eye. A
   * report that changes while it lies open is not seen by lying there.
   */
  async seenAgain(): Promise<void> {
    if (this.id !== '') await this.#tell(this.id)
  }

  async #tell(id: string): Promise<void> {
    try {
      await this.#api.open(id)
    } catch (err) {
      this.#fail(id, err)
    }
  }

  /** read fetches the report again; calls while one is under way make one more. */
  async read(): Promise<void> {
    if (this.#fetching) {
      this.#again = true
      return
    }
    this.#fetching = true
    this.loading = this.detail === null
    do {
      this.#again = false
      const id = this.id
      const asked = ++this.#asked
      try {
        const detail = await this.#api.report(id)
        if (this.id === id && asked === this.#asked) this.#take(detail)
      } catch (err) {
        const problem = asProblem(err)
        if (!this.#lost(problem) && this.id === id && this.detail === null) this.problem = problem
      }
      if (this.id !== id) this.#again = true
    } while (this.#again)
    this.#fetching = false
    this.loading = false
  }

  #take(detail: Detail): void {
    const before = this.detail?.card.revision
    if (before !== undefined && detail.card.revision > before) this.changedTo = detail.card.revision
    this.detail = detail
    this.problem = null
    const there = new Set(detail.chat.map((line) => line.id))
    this.#keep(this.id, this.sending.filter((line) => !there.has(line.id)))
  }

  #keep(id: string, lines: Outgoing[]): void {
    this.#outgoing.set(id, lines)
    if (this.id === id) this.sending = lines
  }

  #fail(id: string, err: unknown): void {
    const problem = asProblem(err)
    if (this.#lost(problem)) return
    if (this.id === id) this.notice = { kind: 'problem', problem }
  }

  /** act does one thing to the open report, says how it went, and closes the form it came from. */
  async act(act: Act, post: (api: ConsoleApi, id: string) => Promise<unknown>): Promise<boolean> {
    if (this.busy !== '') return false
    const id = this.id
    this.busy = act
    if (this.id === id) this.notice = null
    try {
      await post(this.#api, id)
      if (this.id === id) {
        this.notice = { kind: 'done', act }
        this.panel = ''
      }
      return true
    } catch (err) {
      this.#fail(id, err)
      return false
    } finally {
      this.busy = ''
      if (this.id === id) void this.read()
    }
  }

  claim() {
    return this.act('claim', async (api, id) => {
      const card = await api.claim(id)
      if (card?.id === id) this.#took(card)
    })
  }
  release() {
    return this.act('release', (api, id) => api.release(id))
  }
  request() {
    return this.act('request', (api, id) => api.requestData(id))
  }
  close(reason: CloseReason, note: string) {
    return this.act('close', (api, id) => api.close(id, reason, note))
  }

  /** say sends the draft; the line is on the screen at once and marked until it arrived. */
  async say(): Promise<void> {
    const text = this.draft.trim()
    if (text === '') return
    const line = { id: lineId(), text, at: new Date().toISOString(), failed: false }
    this.draft = ''
    this.#keep(this.id, [...this.sending, line])
    await this.#send(this.id, line)
  }

  /** resend sends a failed line with the same id, so that it never arrives twice. */
  async resend(lineNumber: string): Promise<void> {
    const line = this.sending.find((l) => l.id === lineNumber)
    if (!line) return
    const again = { ...line, failed: false, problem: undefined }
    this.#keep(this.id, this.sending.map((l) => (l.id === lineNumber ? again : l)))
    await this.#send(this.id, again)
  }

  async #send(id: string, line: Outgoing): Promise<void> {
    try {
      await this.#api.chat(id, line.id, line.text)
      if (this.id === id) void this.read()
    } catch (err) {
      const problem = asProblem(err)
      this.#lost(problem)
      const failed = { ...line, failed: true, problem }
      this.#keep(id, (this.#outgoing.get(id) ?? []).map((l) => (l.id === line.id ? failed : l)))
    }
  }
}
