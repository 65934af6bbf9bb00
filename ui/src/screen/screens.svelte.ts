import type { ConsoleApi } from '../api/console'
import { asProblem, type Problem } from '../api/problem'
import * as api from '../api/screen'
import type { Purpose, ScreenState } from '../api/screen'
import { Hands, type Kind } from './hands'
import { browserSocket, ScreenLink, type Socket, type Told } from './link'
import { browserPainter, Painter } from './painter'
import { Client, type Cursor } from './rfb/client'
import type { Rect, Screen } from './rfb/wire'

/** Phase is how far this window is with a screen. */
export type Phase = 'closed' | 'taking' | 'refused' | 'joining' | 'live' | 'lost' | 'over'
export type Form = '' | 'hand' | 'answer' | 'preempt'

export interface ScreenDoors {
  socket(path: string): Socket
  later(f: () => void, ms: number): () => void
  every(f: () => void, ms: number): () => void
  now(): number
}

export const browserScreen: ScreenDoors = {
  socket: browserSocket,
  later(f, ms) {
    const id = setTimeout(f, ms)
    return () => clearTimeout(id)
  },
  every(f, ms) {
    const id = setInterval(f, ms)
    return () => clearInterval(id)
  },
  now: () => Date.now(),
}

const stalled = 1500 // ms without a byte after input was sent, until the connection counts as lost
const localRest = 3000 // ms that the console's input waits after the person at the terminal, LocalRest of internal/screen

/** Screens is the one terminal's screen that this window shows, and what may be done with it. */
export class Screens {
  terminalId = $state('')
  phase = $state<Phase>('closed')
  state = $state.raw<ScreenState | null>(null)
  problem = $state.raw<Problem | null>(null)
  /** code of why it ended, and the words of whoever took it */
  ended = $state('')
  why = $state('')
  form = $state<Form>('')
  busy = $state(false)
  screens = $state.raw<Screen[]>([])
  /** the monitor that is shown, 0 … ; -1 is all of them */
  monitor = $state(-1)
  cursor = $state.raw<Cursor | null>(null)
  size = $state.raw({ width: 0, height: 0 })
  /** the terminal's own link to the gateway stands */
  reached = $state(true)
  localUntil = $state(0)
  /** what was pasted could not arrive as a whole */
  typed = $state<'' | 'typed' | 'refused'>('')
  /** the keyboard is in the screen */
  inside = $state(false)

  readonly hands: Hands
  readonly #api: ConsoleApi
  readonly #lost: (p: Problem) => boolean
  readonly #doors: ScreenDoors
  #canvas: HTMLCanvasElement | undefined
  #link: ScreenLink<ScreenState> | undefined
  #client: Client | undefined
  #token: number | undefined
  #purpose: Purpose = 'view'
  #proving: (() => void) | undefined // input was sent and not answered
  #heard = false // anything since
  #enter = false // the keyboard goes into the screen as soon as there is one

  constructor(console: ConsoleApi, lost: (p: Problem) => boolean, doors: ScreenDoors = browserScreen) {
    this.#api = console
    this.#lost = lost
    this.#doors = doors
    this.hands = new Hands({ send: (data) => this.#send(data), may: (kind) => this.may(kind), every: doors.every })
  }

  /**
   * send gives input to the gateway and asks whether it was read. A line that
   * stands still keeps what is sent into it, and would bring it late: it is given
   * up instead.
   */
  #send(data: string | Uint8Array<ArrayBuffer>): boolean {
    const sent = this.#link?.send(data) ?? false
    if (sent && typeof data !== 'string' && !this.#proving) {
      this.#client?.ask()
      this.#heard = false
      this.#proving = this.#doors.later(() => this.#judge(), stalled)
    }
    return sent
  }

  #judge(): void {
    this.#proving = undefined
    if (!this.#heard) this.#link?.restart()
  }

  get mine(): boolean {
    return this.state?.holder?.consoleId === this.#api.consoleId
  }
  get copy(): boolean {
    return !this.mine && (this.state?.mirrors.some((m) => m.id === this.#api.consoleId) ?? false)
  }
  get operating(): boolean {
    return this.mine && this.state?.state === 'operate' && (this.phase === 'live' || this.phase === 'lost')
  }
  get local(): boolean {
    return this.localUntil > this.#doors.now()
  }
  /** area is the part of the picture that is shown. */
  get area(): Rect {
    return this.screens[this.monitor]?.area ?? { x: 0, y: 0, ...this.size }
  }

  may(kind: Kind): boolean {
    if (this.phase !== 'live' || !this.operating || !this.reached || this.local) return false
    if (kind === 'clipboard' && this.state?.source?.clipboard === false) return false
    return this.state?.input[kind] ?? false
  }

  // ── what a person does ──

  /** open shows a terminal's screen, and takes it for that purpose when it is free. */
  async open(terminalId: string, purpose: Purpose): Promise<void> {
    if (this.terminalId !== terminalId) {
      await this.close()
      this.terminalId = terminalId
      this.monitor = -1
    }
    this.#enter = purpose === 'operate'
    if (this.phase === 'live' && this.mine && this.state?.state === purpose) {
      this.#begin()
      return
    }
    if (this.phase !== 'live') this.phase = 'taking'
    this.#purpose = purpose
    try {
      this.#hold(await api.takeScreen(this.#api, terminalId, purpose))
    } catch (err) {
      await this.#refused(asProblem(err))
    }
  }

  /** begin puts the keyboard into the screen when its person just asked to operate. */
  #begin(): void {
    if (!this.#enter || this.phase !== 'live' || !this.operating) return
    this.#enter = false
    this.inside = true
  }

  async #refused(problem: Problem): Promise<void> {
    if (this.#lost(problem)) return
    this.problem = problem
    if (this.phase === 'live') return
    try {
      this.state = await api.screen(this.#api, this.terminalId)
    } catch (err) {
      this.#lost(asProblem(err))
    }
    if (this.copy) this.#join(undefined)
    else this.phase = 'refused'
  }

  /** close gives the screen back. */
  async close(): Promise<void> {
    const [id, held] = [this.terminalId, this.mine]
    this.hands.letGo()
    this.#leave('closed')
    this.terminalId = ''
    this.form = ''
    if (!held || id === '') return
    try {
      await api.releaseScreen(this.#api, id)
    } catch (err) {
      this.#lost(asProblem(err)) // its time runs out by itself
    }
  }

  view = (): Promise<void> => this.#act(async (id) => this.#hold(await api.takeScreen(this.#api, id, 'view')))
  ask = (): Promise<void> => this.#act(async (id) => this.#take(await api.askScreen(this.#api, id)))
  offer = (consoleId: string): Promise<void> => this.#act(async (id) => this.#take(await api.offerScreen(this.#api, id, consoleId)))
  mirror = (consoleId: string, on: boolean): Promise<void> => this.#act(async (id) => this.#take(await api.mirrorScreen(this.#api, id, consoleId, on)))
  preempt = (purpose: Purpose, reason: string): Promise<void> =>
    this.#act(async (id) => {
      this.#purpose = purpose
      this.#enter = purpose === 'operate'
      this.#hold(await api.preemptScreen(this.#api, id, purpose, reason))
    })

  /** accept takes what another console offers. */
  async accept(terminalId: string): Promise<void> {
    if (this.terminalId !== terminalId) await this.close()
    this.terminalId = terminalId
    await this.#act(async (id) => {
      const state = await api.acceptScreen(this.#api, id)
      this.#purpose = state.state === 'operate' ? 'operate' : 'view'
      this.#enter = state.state === 'operate'
      this.#hold(state)
    })
  }

  /** answer shows the form for a screen that is offered to this console. */
  async answer(state: ScreenState): Promise<void> {
    if (this.terminalId !== state.terminalId) await this.close()
    if (this.phase === 'closed') this.phase = 'refused'
    this.terminalId = state.terminalId
    this.state = state
    this.form = 'answer'
  }

  /** see shows the copy that a holder shows to this console. */
  async see(state: ScreenState): Promise<void> {
    await this.close()
    this.terminalId = state.terminalId
    this.state = state
    if (this.copy) this.#join(undefined)
  }

  async decline(terminalId: string): Promise<void> {
    try {
      const state = await api.declineScreen(this.#api, terminalId)
      if (terminalId === this.terminalId) this.#take(state)
      this.form = ''
    } catch (err) {
      this.#lost(asProblem(err))
    }
  }

  async #act(post: (id: string) => Promise<void>): Promise<void> {
    if (this.busy || this.terminalId === '') return
    this.busy = true
    this.problem = null
    try {
      await post(this.terminalId)
      this.form = ''
    } catch (err) {
      const problem = asProblem(err)
      if (!this.#lost(problem)) this.problem = problem
    } finally {
      this.busy = false
    }
  }

  paste(text: string): void {
    const how = this.hands.paste(text)
    this.typed = how === 'pasted' ? '' : how
  }

  // ── the connection ──

  /** hold: an answer gave us the screen, or changed what we use it for. */
  #hold(state: ScreenState): void {
    const token = this.#token
    this.#take(state)
    this.problem = null
    if (!this.mine) return
    this.#token = state.token
    if (this.#link && token === state.token && (this.phase === 'live' || this.phase === 'lost' || this.phase === 'joining')) {
      this.#begin()
      return
    }
    this.#join(state.token)
  }

  #take(state: ScreenState): void {
    const operated = this.operating
    this.state = state
    if (operated && !this.operating) {
      this.hands.letGo()
      this.inside = false
    }
  }

  /** heard takes what the board's feed says of the terminal: the state without a token. */
  heard(state: ScreenState): void {
    // While there is a connection it says the same, and sooner.
    if (state.terminalId !== this.terminalId || this.#link || (this.phase !== 'refused' && this.phase !== 'over')) return
    this.#take(state)
    if (this.copy) this.#join(undefined)
  }

  #join(token: number | undefined): void {
    this.#link?.end()
    this.#link = undefined
    this.#token = token
    this.phase = 'joining'
    this.ended = ''
    this.why = ''
    this.reached = true
    if (this.#canvas) this.#connect() // else when there is something to draw on
  }

  #connect(): void {
    this.#link = new ScreenLink<ScreenState>({
      open: () => this.#doors.socket(api.screenSocket(this.#api, this.terminalId, this.#token)),
      reader: (send) => this.#reader(send),
      told: (m) => this.#told(m),
      joined: () => {},
      lost: () => {
        this.#proved()
        this.hands.forget()
        this.phase = 'lost'
      },
      again: () => this.#again(),
      later: this.#doors.later,
    })
  }

  #reader(send: (m: Uint8Array<ArrayBuffer>) => void) {
    const canvas = this.#canvas!
    const painter: Painter = new Painter(canvas, {
      ...browserPainter,
      failed: () => this.#link?.restart(),
      drawn: (count, ms) => {
        canvas.dataset.frames = String(Number(canvas.dataset.frames ?? 0) + 1)
        canvas.dataset.paint = ms.toFixed(2)
        this.size = { width: canvas.width, height: canvas.height }
        if (count === 1) this.phase = 'live'
        if (this.#enter) this.#begin()
      },
    })
    const client = new Client({ picture: painter, send, screens: (all) => this.#monitors(all), cursor: (c) => (this.cursor = c), answered: () => this.#proved() })
    this.#client = client
    if (this.monitor >= 0) client.watch(this.area)
    const feed = (chunk: Uint8Array) => {
      this.#heard = true
      client.feed(chunk)
    }
    return { feed, stop: () => painter.stop() }
  }

  #proved(): void {
    this.#proving?.()
    this.#proving = undefined
  }

  #monitors(all: Screen[]): void {
    this.screens = all
    if (this.monitor >= all.length) this.choose(-1)
  }

  #told(m: Told<ScreenState>): void {
    if (m.type === 'state') this.#take(m.state)
    else if (m.type === 'link') {
      this.reached = m.up
      if (!m.up) this.hands.forget()
    } else if (m.type === 'local') this.#localUse(m.until)
    else if (m.type === 'over') {
      this.hands.forget()
      this.#leave('over')
      this.ended = m.code
      this.why = m.reason ?? ''
      void this.#afterwards()
    }
  }

  /** afterwards: what was seen is not this console's to see any more; who has it now is. */
  async #afterwards(): Promise<void> {
    this.state = null
    this.screens = []
    this.size = { width: 0, height: 0 }
    if (this.#canvas) this.#canvas.width = 0
    try {
      const state = await api.screen(this.#api, this.terminalId)
      if (this.phase === 'over') this.#take(state)
    } catch (err) {
      this.#lost(asProblem(err))
    }
  }

  #localUse(until: string): void {
    this.hands.letGo()
    const left = Math.min(localRest, Math.max(0, Date.parse(until) - this.#doors.now()) || localRest)
    this.localUntil = this.#doors.now() + left
    this.#doors.later(() => {
      if (!this.local) this.localUntil = 0
    }, left + 20)
  }

  /** again: after a loss, is it still ours? A lease that ran out meanwhile is taken anew when nobody else has it. */
  async #again(): Promise<boolean> {
    try {
      const state = await api.screen(this.#api, this.terminalId)
      const copy = this.#token === undefined
      this.#take(state.holder || copy ? state : await api.takeScreen(this.#api, this.terminalId, this.#purpose))
      if (copy ? !this.copy : !this.mine) return this.#gaveUp('lease.over')
      if (!copy) this.#token = this.state?.token
      return true
    } catch (err) {
      const p = asProblem(err)
      if (p.unreachable || p.status >= 500) throw p
      if (!this.#lost(p)) this.problem = p
      return this.#gaveUp('')
    }
  }

  #gaveUp(code: string): false {
    this.#leave('over')
    this.ended = code
    return false
  }

  #leave(phase: Phase): void {
    this.#link?.end()
    this.#link = undefined
    this.#proved()
    this.#client = undefined
    this.#token = undefined
    this.phase = phase
    this.inside = false
    this.localUntil = 0
    this.hands.forget()
    if (phase === 'closed') {
      this.state = null
      this.problem = null
      this.ended = ''
    }
  }

  // ── the picture ──

  /** attach gives the canvas to draw on. */
  attach(canvas: HTMLCanvasElement): () => void {
    this.#canvas = canvas
    if (this.phase === 'joining' && !this.#link) this.#connect()
    return () => {
      this.hands.letGo()
      if (this.#canvas === canvas) this.#canvas = undefined
    }
  }

  /** redraw asks for the whole picture: the canvas lost what it showed. */
  redraw(): void {
    this.#client?.watch(this.monitor >= 0 ? this.area : undefined)
  }

  choose(monitor: number): void {
    this.monitor = monitor
    this.redraw()
  }

  /** end leaves as a page does that goes away: nothing stays pressed; the lease ends by itself. */
  end(): void {
    this.hands.letGo()
    this.#leave('closed')
  }
}
