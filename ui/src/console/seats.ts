// Which seat this page is. Several seats may live in one browser (a spare
// screen, a demonstration), so the page's address names its seat; the secret of
// the seat is a cookie that no script can read.

export interface KnownSeat {
  id: string
  name: string
}

const remembered = 'matoi.consoles'

export function seats(): KnownSeat[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(remembered) ?? '[]')
    if (!Array.isArray(list)) return []
    return list.filter((s): s is KnownSeat => typeof s?.id === 'string' && typeof s?.name === 'string')
  } catch {
    return []
  }
}

export function remember(seat: KnownSeat): KnownSeat[] {
  const list = [...seats().filter((s) => s.id !== seat.id), seat]
  try {
    localStorage.setItem(remembered, JSON.stringify(list))
  } catch {
    // The address still names the seat.
  }
  return list
}

/** chosen gives the seat of the address, or the only one known. */
export function chosen(known: KnownSeat[], search: string = location.search): string {
  const asked = new URLSearchParams(search).get('console')
  if (asked) return asked
  return known.length === 1 ? known[0]!.id : ''
}

/** codeInAddress takes an enrolment code given as #enrol=…, which no server sees, and wipes it from the address. */
export function codeInAddress(): string {
  const code = new URLSearchParams(location.hash.slice(1)).get('enrol') ?? ''
  if (code !== '') history.replaceState(null, '', location.pathname + location.search)
  return code
}

/** address writes the seat into the page's address, so that a reload is the same seat. */
export function address(id: string): void {
  const search = new URLSearchParams(location.search)
  if (search.get('console') === id) return
  search.set('console', id)
  history.replaceState(null, '', `${location.pathname}?${search}${location.hash}`)
}
