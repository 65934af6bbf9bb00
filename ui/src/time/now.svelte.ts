// One clock for the page: the server's time, moved on once a second. A page's
// own clock may be wrong; ages and the clock in the header must not be.

import { day } from './time'

class Now {
  /** milliseconds since 1970 by the server's clock, whole seconds apart */
  ms = $state(Date.now())
  /** the day in Japan, 2026-11-22 */
  today = $derived(day(this.ms))
  #ahead = 0

  /** heard takes the server's time from the board or a beat. */
  heard(serverNow: string, local: number = Date.now()): void {
    const ms = Date.parse(serverNow)
    if (Number.isFinite(ms)) this.#ahead = ms - local
    this.tick(local)
  }

  tick(local: number = Date.now()): void {
    this.ms = Math.floor((local + this.#ahead) / 1000) * 1000
  }
}

export const now = new Now()
