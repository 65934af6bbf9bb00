import { asProblem, type Problem } from '../api/problem'
import type { Seat } from '../console/seat.svelte'

/** Doing runs what a person asked for on a page of the room, and says how it went. */
export class Doing {
  busy = $state(false)
  problem = $state.raw<Problem | null>(null)
  done = $state('')
  readonly #seat: Seat

  constructor(seat: Seat) {
    this.#seat = seat
  }

  async run(work: () => Promise<unknown>, done = ''): Promise<boolean> {
    if (this.busy) return false
    this.busy = true
    this.problem = null
    this.done = ''
    try {
      await work()
      this.done = done
      return true
    } catch (err) {
      const p = asProblem(err)
      if (!this.#seat.lost(p)) this.problem = p
      return false
    } finally {
      this.busy = false
    }
  }
}
