import * as calls from '../api/duty'
import type { MissedEntry, Outcome, ShiftView } from '../api/duty'
import type { ConsoleApi } from '../api/console'
import { asProblem, type Problem } from '../api/problem'
import type { Card } from '../api/types'
import type { Ringer } from '../sound/ring.svelte'

/** Side is what stands beside the report: never over the work, one at a time. */
export type Side = '' | 'missed' | 'shift' | 'entry'

/** Duty is the person's shift at this seat: its sound, what was left for it, what nobody took in time. */
export class Duty {
  side = $state<Side>('')
  missed = $state.raw<MissedEntry[]>([])
  count = $state(0)
  shift = $state.raw<ShiftView | null>(null)
  problem = $state.raw<Problem | null>(null)
  busy = $state(false)
  /** the person wants to leave while this seat still holds reports */
  leaving = $state(false)
  /** claims that were taken from this seat and that its person has read about */
  read = $state.raw<string[]>([])

  readonly #api: ConsoleApi
  readonly #ringer: Ringer
  readonly #lost: (p: Problem) => boolean

  constructor(api: ConsoleApi, ringer: Ringer, lost: (p: Problem) => boolean) {
    this.#api = api
    this.#ringer = ringer
    this.#lost = lost
  }

  show(side: Side): void {
    this.side = this.side === side ? '' : side
    this.problem = null
    this.leaving = false
    if (this.side === 'missed') void this.readMissed()
    if (this.side === 'shift') void this.readShift()
  }

  /** close reports whether anything was open. */
  close(): boolean {
    const was = this.side !== ''
    this.side = ''
    this.leaving = false
    return was
  }

  async readMissed(): Promise<void> {
    try {
      this.missed = await calls.missed(this.#api)
      this.count = this.missed.length
    } catch (err) {
      this.#fail(err)
    }
  }

  async readShift(): Promise<void> {
    try {
      const shift = await calls.shift(this.#api)
      this.shift = shift
      this.#ringer.volume = shift.volume / 100
    } catch (err) {
      this.#fail(err)
    }
  }

  #fail(err: unknown): void {
    const problem = asProblem(err)
    if (!this.#lost(problem)) this.problem = problem
  }

  async #do(act: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false
    this.busy = true
    this.problem = null
    try {
      await act()
      return true
    } catch (err) {
      this.#fail(err)
      return false
    } finally {
      this.busy = false
    }
  }

  async begin(sound: 'proved' | 'unproved', reason = ''): Promise<boolean> {
    const ok = await this.#do(() => calls.begin(this.#api, sound, reason))
    await this.readShift()
    return ok
  }

  async quiet(percent: number): Promise<void> {
    await this.#do(() => calls.volume(this.#api, percent))
    await this.readShift()
  }

  async handOver(to: string, note: string): Promise<boolean> {
    const ok = await this.#do(() => calls.handOver(this.#api, to, note))
    await this.readShift()
    return ok
  }

  async take(id: string): Promise<void> {
    await this.#do(() => calls.takeHandOver(this.#api, id))
    await this.readShift()
  }

  async acknowledge(id: string, outcome: Outcome, note: string): Promise<boolean> {
    const ok = await this.#do(() => calls.acknowledge(this.#api, id, outcome, note))
    await this.readMissed()
    return ok
  }

  /** enter returns the id of the report that was typed in, '' when it was refused. */
  async enter(body: calls.EntryBody): Promise<string> {
    let id = ''
    await this.#do(async () => {
      id = (await calls.enter(this.#api, body)).id
    })
    return id
  }

  accept = (id: string) => this.#do(() => calls.accept(this.#api, id))
  refuse = (id: string) => this.#do(() => calls.refuse(this.#api, id))
  takeBack = (id: string) => this.#do(() => calls.takeOver(this.#api, id, '', ''))
  dismiss(card: Card): void {
    this.read = [...this.read, lossOf(card)]
  }
}

/** lossOf names one loss, so that the next one of the same report is told again. */
export function lossOf(card: Card): string {
  return `${card.id} ${card.claim?.at ?? ''}`
}

/** lost lists the reports that somebody took from this seat and that its person has not read about yet. */
export function lost(cards: Card[], consoleId: string, read: string[]): Card[] {
  return cards.filter((c) => c.state !== 'closed' && c.taken && !c.taken.handed && c.taken.consoleId === consoleId && c.claim && c.claim.consoleId !== consoleId && !read.includes(lossOf(c)))
}

/** offeredTo lists the reports that wait for this seat's answer. */
export function offeredTo(cards: Card[], consoleId: string): Card[] {
  return cards.filter((c) => c.state !== 'closed' && c.offer && c.claim?.consoleId !== consoleId && (c.offer.to === consoleId || c.offer.to === '*'))
}

const takeBackMs = 20_000

/** mayTakeBack: whoever lost a claim just now takes it back without a reason. */
export function mayTakeBack(card: Card, nowMs: number): boolean {
  return nowMs - (Date.parse(card.claim?.at ?? '') || 0) <= takeBackMs
}
