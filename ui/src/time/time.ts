// Japanese time at the glass. Japan keeps one offset and no summer time, so the
// fixed shift is exact and far cheaper than Intl for 200 cards a second.

const offset = 9 * 3600_000

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n)
}

function shifted(at: string | number): Date | undefined {
  const ms = typeof at === 'number' ? at : Date.parse(at)
  return Number.isFinite(ms) ? new Date(ms + offset) : undefined
}

/** clock gives 21:05:09 in Japan; what is not a time comes back as it is. */
export function clock(at: string | number): string {
  const d = shifted(at)
  return d ? `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}` : String(at)
}

/** day gives 2026-11-22 in Japan. */
export function day(at: string | number): string {
  const d = shifted(at)
  return d ? `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}` : String(at)
}

/** moment gives the time, with its day when that is not today (2026-11-22). */
export function moment(at: string | undefined | null, today: string): string {
  if (!at) return ''
  if (!shifted(at)) return at
  return day(at) === today ? clock(at) : `${day(at)} ${clock(at)}`
}

export interface Age {
  key: 'time.seconds' | 'time.minutes' | 'time.hours' | 'time.days'
  args: Record<string, string | number>
}

/** age gives how long ago; a time that lies ahead (a wrong clock) is zero seconds. */
export function age(at: string | number, now: number): Age {
  const from = typeof at === 'number' ? at : Date.parse(at)
  const s = Number.isFinite(from) ? Math.max(0, Math.floor((now - from) / 1000)) : 0
  if (s < 60) return { key: 'time.seconds', args: { count: s } }
  if (s < 3600) return { key: 'time.minutes', args: { minutes: Math.floor(s / 60), seconds: two(s % 60) } }
  if (s < 86_400) return { key: 'time.hours', args: { hours: Math.floor(s / 3600), minutes: two(Math.floor(s / 60) % 60) } }
  return { key: 'time.days', args: { count: Math.floor(s / 86_400) } }
}

// NENA-STA-020.1: nine of ten calls are to be answered within 15 seconds, 95 of
// a hundred within 20. A dispatcher sees when a report has waited longer.
const steps = [15_000, 20_000]

/** waited gives how many of those steps a report has passed: 0, 1 or 2. */
export function waited(at: string, now: number): number {
  const from = Date.parse(at)
  return Number.isFinite(from) ? steps.filter((s) => now - from >= s).length : 0
}

/** years gives the age of a person born on birth (YYYY-MM-DD), or nothing. */
export function years(birth: string | undefined, now: number): number | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(birth ?? '')
  const today = shifted(now)
  if (!parts || !today) return undefined
  const [y, m, d] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  const passed = today.getUTCMonth() + 1 > m || (today.getUTCMonth() + 1 === m && today.getUTCDate() >= d)
  const n = today.getUTCFullYear() - y - (passed ? 0 : 1)
  return n >= 0 && n < 150 ? n : undefined
}
