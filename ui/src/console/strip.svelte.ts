import type { Medium } from '../api/media'

/** coming says whether a medium may change by itself. */
export function coming(m: Medium): boolean {
  return m.state === 'announced' || m.state === 'kept'
}

/**
 * Strip knows which medium of the opened report is large beside the work. One at
 * a time; the key goes through those that can be seen and then closes.
 */
export class Strip {
  open = $state('')

  next(media: readonly Medium[]): void {
    const seen = media.filter((m) => m.state === 'shown')
    const at = seen.findIndex((m) => m.id === this.open)
    this.open = seen[at + 1]?.id ?? ''
  }

  toggle(id: string): void {
    this.open = this.open === id ? '' : id
  }

  /** close says whether there was something to close. */
  close(): boolean {
    const was = this.open !== ''
    this.open = ''
    return was
  }
}
