/** numbered reports whether a report's number is what somebody typed: 1122-0001, 11220001, １１２２０００１ or its end. */
export function numbered(number: string, typed: string): boolean {
  const digits = (s: string) => s.normalize('NFKC').replaceAll(/[^0-9a-zA-Z]/g, '').toLowerCase()
  const wanted = digits(typed)
  return wanted === '' || digits(number).endsWith(wanted)
}

/** endOfDay is the first moment after a day in Japan (2026-11-22). */
export function endOfDay(date: string): string {
  const start = Date.parse(`${date}T00:00:00+09:00`)
  return Number.isFinite(start) ? new Date(start + 86_400_000).toISOString() : ''
}
