import { tick } from 'svelte'
import type { ConsoleApi } from '../api/console'
import { asProblem, type Problem } from '../api/problem'
import { waitingVideos } from '../api/services'
import type { Card, Change, Me } from '../api/types'
import { Batch } from '../feed/batch'
import { Feed, type Source } from '../feed/feed'
import { Painted, type PaintingDoors } from '../feed/painted'
import { Silence } from '../feed/silence'
import { Chosen } from '../map/chosen.svelte'
import { Screens } from '../screen/screens.svelte'
import { ringFor, type Ringer } from '../sound/ring.svelte'
import { now } from '../time/now.svelte'
import { beat } from '../api/duty'
import { Board } from './board.svelte'
import { Duty } from './duty.svelte'
import { BoardFilter } from './filter.svelte'
import { Opened } from './opened.svelte'
import { view } from './view.svelte'
import type { Windows } from './windows.svelte'

const beatEvery = 15_000 // ms between signs of life: three missed ones mark this seat's claims
const retryEvery = 2000 // ms between attempts to reach a silent server
const refusedEvery = 1000 // ms between attempts when the server answers but gives no stream
const stallAfter = 2000 // ms without a painted frame until the page says so

export interface SeatDoors {
  source(address: string): Source
  /** rendered reports whether a report is before the eye */
  rendered(id: string): boolean
  /** onCame is told which reports came before the eye */
  onCame(tell: (ids: string[]) => void): void
  frame(f: () => void): void
  monotonic(): number
}

export const browserDoors: SeatDoors = {
  source: (address) => new EventSource(address),
  rendered: (id) => view.shows(id),
  onCame: (tell) => view.onCame(tell),
  frame: (f) => void requestAnimationFrame(f),
  monotonic: () => performance.now(),
}

/** Seat is one person's work at one console: board, feed, ring, the report in front. */
export class Seat {
  readonly me: Me
  readonly api: ConsoleApi
  readonly board: Board
  readonly opened: Opened
  readonly ringer: Ringer
  readonly duty: Duty
  readonly map: Chosen
  readonly screens: Screens
  readonly filter = new BoardFilter()
  /** the windows of this seat; without them this page stands alone */
  readonly windows: Windows | undefined

  /** server time since which nothing was heard, or 0 */
  silentSince = $state(0)
  /** the server came back after a silence */
  back = $state(false)
  /** the page is not being painted, so nothing it shows is confirmed */
  unpainted = $state(false)
  loaded = $state(false)
  problem = $state.raw<Problem | null>(null)

  readonly #doors: SeatDoors
  readonly #signedOut: (p: Problem) => void
  readonly #feed: Feed
  readonly #changes: Batch<Change>
  readonly #silence: Silence
  readonly #painted: Painted
  readonly #paintedUnsaved: Painted
  #loading = false
  #triedAt = 0
  #over = false
  #saidAt = 0
  #mayNotRead = false

  constructor(me: Me, api: ConsoleApi, ringer: Ringer, signedOut: (p: Problem) => void, doors: SeatDoors = browserDoors, windows?: Windows) {
    this.me = me
    this.api = api
    this.ringer = ringer
    this.map = new Chosen(api.consoleId)
    this.windows = windows
    this.screens = new Screens(api, (p) => this.lost(p))
    this.board = new Board(api.consoleId)
    this.opened = new Opened(api, (p) => this.lost(p), (card) => this.board.put(card))
    this.duty = new Duty(api, ringer, (p) => this.lost(p))
    this.#doors = doors
    this.#saidAt = doors.monotonic()
    this.#signedOut = signedOut
    this.#changes = new Batch((items) => this.#apply(items))
    this.#silence = new Silence(doors.monotonic(), (silent, since) => this.#hush(silent, since))
    this.#painted = new Painted(this.#painting((through, reports) => api.painted(through, reports)))
    this.#paintedUnsaved = new Painted(this.#painting((_, reports) => api.painted(0, reports).catch(() => undefined)))
    doors.onCame((ids) => {
      this.#painted.came(ids, doors.monotonic())
      this.#paintedUnsaved.came(ids, doors.monotonic())
    })
    this.#feed = new Feed((cursor) => doors.source(api.feedAddress(cursor)), {
      change: (c) => this.#changes.add(c),
      unsaved: (c) => this.#unsaved(c),
      saved: (id) => this.board.saved(id),
      link: (l) => {
        this.board.putLink(l)
        this.screens.heard(l.screen)
      },
      consoles: (all) => (this.board.consoles = all),
      beat: (b) => now.heard(b.now),
      heard: () => this.#silence.heard(this.#doors.monotonic()),
      refused: () => this.#refused(),
    })
  }

  #painting(post: PaintingDoors['post']): PaintingDoors {
    return {
      flushed: tick,
      frame: this.#doors.frame,
      rendered: this.#doors.rendered,
      later: (f, ms) => void setTimeout(f, ms),
      post,
    }
  }

  /** lost takes problems of the whole page: the session is over or the seat is gone. */
  lost(p: Problem): boolean {
    if (p.status !== 401) return false
    if (!this.#over) this.#signedOut(p)
    return true
  }

  /** load reads the whole board and goes on from its cursor. */
  async load(): Promise<void> {
    if (this.#loading || this.#over) return
    this.#loading = true
    this.#triedAt = this.#doors.monotonic()
    this.#feed.stop()
    this.#changes.drop()
    try {
      const answer = await this.api.board()
      if (this.#over) return
      now.heard(answer.now)
      const ids = this.board.load(answer)
      for (const l of answer.terminals) this.screens.heard(l.screen)
      this.problem = null
      if (!this.loaded) void this.duty.readShift()
      this.duty.count = answer.missed ?? 0
      this.loaded = true
      const unsaved = ids.filter((id) => this.board.row(id)?.card.unsaved)
      this.#painted.changed(answer.cursor, ids.filter((id) => !unsaved.includes(id)), this.#doors.monotonic())
      if (unsaved.length > 0) this.#paintedUnsaved.changed(0, unsaved, this.#doors.monotonic())
      this.#feed.from(answer.cursor)
      if (this.opened.id !== '' && !this.board.row(this.opened.id)?.card.unsaved) void this.opened.read()
      this.#ring()
    } catch (err) {
      const problem = asProblem(err)
      if (!this.lost(problem)) this.problem = problem
    } finally {
      this.#loading = false
    }
  }

  /** A server that refuses the stream at once is not asked more than once a second. */
  #refused(): void {
    const since = this.#doors.monotonic() - this.#triedAt
    setTimeout(() => void this.load(), Math.max(0, refusedEvery - since))
  }

  #apply(changes: Change[]): void {
    const { changed, wanting } = this.board.apply(changes)
    for (const c of changes) if (c.terminal) this.screens.heard(c.terminal.screen)
    if (!this.#mayNotRead) for (const id of wanting) void this.#fetchCard(id)
    if (changes.some((c) => c.kind === 'request') || (this.board.videos.length > 0 && changes.some((c) => c.detail === 'media.request'))) void this.#fetchVideos()
    if (changes.some((c) => c.kind === 'missed')) void this.duty.readMissed()
    if (changes.some((c) => c.kind === 'console' || (c.report && this.duty.side === 'shift'))) void this.duty.readShift()
    const mine = this.opened.id
    if (mine !== '' && changes.some((c) => c.subject === mine || c.report?.id === mine)) void this.opened.read()
    this.#painted.changed(this.board.cursor, changed, this.#doors.monotonic())
    this.#ring()
  }

  async #fetchCard(id: string): Promise<void> {
    try {
      const detail = await this.api.report(id)
      this.board.put(detail.card)
      this.#painted.changed(this.board.cursor, [id], this.#doors.monotonic())
      this.#ring()
    } catch (err) {
      const problem = asProblem(err)
      if (problem.status === 403) this.#mayNotRead = true // a person without the right hears of reports and is shown none
      this.lost(problem)
    }
  }

  async #fetchVideos(): Promise<void> {
    try {
      this.board.videos = await waitingVideos(this.api)
    } catch (err) {
      this.lost(asProblem(err))
    }
  }

  #unsaved(card: Card): void {
    const id = this.board.putUnsaved(card)
    this.#paintedUnsaved.changed(0, [id], this.#doors.monotonic())
    this.#ring()
  }

  #hush(silent: boolean, since: number): void {
    if (silent) {
      this.back = false
      this.silentSince = now.ms - (this.#doors.monotonic() - since)
    } else {
      this.back = this.silentSince !== 0
      this.silentSince = 0
    }
    this.#ring()
  }

  #ring(): void {
    const here = !this.#over && (this.windows?.leads ?? true)
    this.ringer.want(here ? ringFor(this.board.waiting, this.#silence.silent) : 'none')
  }

  /** tick moves time on: four times a second, also behind other windows. */
  tick(): void {
    if (this.#over) return
    const at = this.#doors.monotonic()
    now.tick()
    this.#silence.check(at)
    this.windows?.tick(!this.ringer.blocked)
    if (at - this.#saidAt >= beatEvery) {
      this.#saidAt = at
      beat(this.api, this.ringer.blocked).catch(() => {}) // the silence of the server says so itself
    }
    if ((this.#silence.silent || this.problem !== null) && at - this.#triedAt >= retryEvery) void this.load()
    const since = this.#painted.unpaintedSince
    this.unpainted = since !== undefined && at - since > stallAfter
    this.#ring()
    this.ringer.tick()
  }

  end(): void {
    this.#over = true
    this.#feed.stop()
    this.#painted.end()
    this.#paintedUnsaved.end()
    this.ringer.want('none')
    this.screens.end()
    this.windows?.end()
  }
}
