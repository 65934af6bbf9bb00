import type { Purpose } from '../api/screen'
import type { Seat } from '../console/seat.svelte'

// The four keys of the screen, and what each means here and now.

/** subject is the terminal that a key means: the one on the screen, else the open report's. */
function subject(seat: Seat): string {
  const report = seat.board.rows.find((r) => r.id === seat.opened.id)?.card ?? seat.opened.detail?.card
  return (seat.screens.phase !== 'closed' ? seat.screens.terminalId : '') || report?.terminalId || ''
}

/** viewScreen shows the screen of the open report's terminal; of another one than before it changes to that. */
export function viewScreen(seat: Seat): void {
  const report = seat.board.rows.find((r) => r.id === seat.opened.id)?.card ?? seat.opened.detail?.card
  const id = report?.terminalId || subject(seat)
  if (id === '') return
  if (seat.screens.phase !== 'closed' && seat.screens.terminalId === id && seat.screens.phase !== 'over' && seat.screens.phase !== 'refused') {
    document.querySelector<HTMLElement>('.screen [role="group"][tabindex]')?.focus()
    return
  }
  void open(seat, id, 'view')
}

export function operateScreen(seat: Seat): void {
  const id = subject(seat)
  if (id === '') return
  void open(seat, id, 'operate')
}

/** open opens a screen here, or in the window of this seat that is for screens. */
async function open(seat: Seat, id: string, purpose: Purpose): Promise<void> {
  const windows = seat.windows
  const elsewhere = seat.screens.phase === 'closed' && windows && windows.kind !== 'screen' && (await windows.screen(id, purpose))
  if (!elsewhere) await seat.screens.open(id, purpose)
}

/** handScreen: who holds it gives, who was offered it answers, who was refused asks. */
export function handScreen(seat: Seat): void {
  const screens = seat.screens
  const here = seat.board.consoleId
  if (screens.phase !== 'closed') {
    if (screens.mine) screens.form = screens.form === 'hand' ? '' : 'hand'
    else if (screens.state?.offer?.consoleId === here) screens.form = 'answer'
    else if (screens.state?.holder && !screens.state.asking.some((a) => a.consoleId === here)) void screens.ask()
    if (screens.form !== '') return
  }
  const offered = seat.board.links.find((l) => l.link.screen.offer?.consoleId === here)
  if (offered && offered.id !== screens.terminalId) void screens.answer(offered.link.screen)
}

export function endScreen(seat: Seat): void {
  if (seat.screens.phase !== 'closed') void seat.screens.close()
}
