import { asProblem, type Problem } from '../api/problem'
import { request } from '../api/request'
import type { PageReport, PageState } from '../api/types'
import type { Source } from '../feed/feed'
import { Silence } from '../feed/silence'
import type { Ringer } from '../sound/ring.svelte'
import { now } from '../time/now.svelte'
import { language } from '../words/words.svelte'

const base = '/page'

export function nameOf(r: Pick<PageReport, 'serviceId' | 'reportId'>): string {
  return `${r.serviceId}\n${r.reportId}`
}

/** order puts what rings first, then what is open, oldest first, then what is over, newest first. */
export function order(reports: PageReport[]): PageReport[] {
  const rank = (r: PageReport) => (r.ringing ? 0 : r.closed || r.handledAlone ? 2 : 1)
  const time = (r: PageReport) => Date.parse(r.at) || 0
  return [...reports].sort((a, b) => rank(a) - rank(b) || (rank(a) === 2 ? time(b) - time(a) : time(a) - time(b)))
}

/** Page is the terminal's own page: the whole state is small and is read anew on each change. */
export class Page {
  state = $state.raw<PageState | null>(null)
  problem = $state.raw<Problem | null>(null)
  /** the terminal's program says nothing */
  silent = $state(false)
  openedName = $state('')

  readonly #ringer: Ringer
  readonly #open: () => Source
  readonly #clock: () => number
  readonly #silence: Silence
  #source: Source | undefined
  #reading = false
  #again = false
  #triedAt = 0

  constructor(ringer: Ringer, open: () => Source = () => new EventSource(`${base}/events`), clock: () => number = () => performance.now()) {
    this.#ringer = ringer
    this.#open = open
    this.#clock = clock
    this.#silence = new Silence(clock(), (silent) => {
      this.silent = silent
      if (!silent) void this.read()
    })
  }

  get opened(): PageReport | null {
    return this.state?.reports.find((r) => nameOf(r) === this.openedName) ?? null
  }

  start(): void {
    this.#source?.close()
    this.#triedAt = this.#clock()
    const source = this.#open()
    this.#source = source
    source.addEventListener('changed', () => {
      this.#silence.heard(this.#clock())
      void this.read()
    })
    source.addEventListener('beat', () => this.#silence.heard(this.#clock()))
    source.onerror = () => source.close() // tick opens it again
    void this.read()
  }

  stop(): void {
    this.#source?.close()
    this.#ringer.want('none')
  }

  async read(): Promise<void> {
    if (this.#reading) {
      this.#again = true
      return
    }
    this.#reading = true
    do {
      this.#again = false
      try {
        this.state = await request<PageState>(`${base}/state`, { headers: { 'accept-language': language() } })
        this.problem = null
      } catch (err) {
        this.problem = asProblem(err)
      }
    } while (this.#again)
    this.#reading = false
    this.#ring()
  }

  #ring(): void {
    const ringing = (this.state?.reports ?? []).filter((r) => r.ringing)
    if (ringing.length === 0) this.#ringer.want(this.silent ? 'silence' : 'none')
    else this.#ringer.want(ringing.some((r) => r.mode === 'actual') ? 'ring1' : 'exercise')
  }

  tick(): void {
    now.tick()
    const at = this.#clock()
    this.#silence.check(at)
    if ((this.#silence.silent || this.#source?.readyState === 2) && at - this.#triedAt > 1000) this.start()
    this.#ring()
    this.#ringer.tick()
  }

  async #post(r: PageReport, what: string, body: unknown): Promise<Problem | null> {
    const path = `${base}/reports/${encodeURIComponent(r.serviceId)}/${encodeURIComponent(r.reportId)}/${what}`
    try {
      await request(path, { method: 'POST', body, headers: { 'accept-language': language() } })
      void this.read()
      return null
    } catch (err) {
      return asProblem(err)
    }
  }

  say(r: PageReport, text: string) {
    return this.#post(r, 'chat', { text })
  }
  close(r: PageReport, reason: string) {
    return this.#post(r, 'close', { reason })
  }
  quiet(r: PageReport, name: string) {
    return this.#post(r, 'quiet', { name })
  }
}
