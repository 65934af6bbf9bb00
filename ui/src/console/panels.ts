import type { Component } from 'svelte'
import type { Card } from '../api/types'
import type { Key } from '../words/words.svelte'
import type { KeyAct } from './keys'
import { videoServices } from '../api/services'
import CallPanel from './CallPanel.svelte'
import ClosePanel from './ClosePanel.svelte'
import OfferPanel from './OfferPanel.svelte'
import RaisePanel from './RaisePanel.svelte'
import JoinPanel from './JoinPanel.svelte'
import TransferPanel from './TransferPanel.svelte'
import type { PanelName } from './opened.svelte'
import type { Seat } from './seat.svelte'
import VideoPanel from './VideoPanel.svelte'

/** PanelProps is what every form below the acts is given. */
export interface PanelProps {
  seat: Seat
  card: Card
}

export interface PanelEntry {
  name: Exclude<PanelName, ''>
  key: string
  act: KeyAct
  label: Key
  component: Component<PanelProps>
  /** when says whether the act has a meaning for this report at this seat. */
  when: (card: Card, seat: Seat) => boolean
}

/** panels lists the acts that ask something first, in the order of their buttons. */
export const panels: PanelEntry[] = [
  { name: 'video', key: 'v', act: 'video', label: 'act.video', component: VideoPanel, when: (card, seat) => card.state !== 'closed' && card.origin === '' && videoServices(seat.board.links.map((l) => l.link)).length > 0 },
  { name: 'call', key: 'b', act: 'call', label: 'act.call', component: CallPanel, when: () => true },
  { name: 'offer', key: 'o', act: 'offer', label: 'act.offer', component: OfferPanel, when: (card) => card.state !== 'closed' && card.claim !== null },
  { name: 'raise', key: 'u', act: 'raise', label: 'act.raise', component: RaisePanel, when: (card) => card.mode !== 'actual' },
  { name: 'join', key: 'i', act: 'join', label: 'act.join', component: JoinPanel, when: () => true },
  { name: 'transfer', key: 't', act: 'transfer', label: 'act.transfer', component: TransferPanel, when: (card) => card.state !== 'closed' },
  { name: 'close', key: 'x', act: 'close', label: 'act.close', component: ClosePanel, when: (card) => card.state !== 'closed' },
]

/** offered lists the panels that a report offers now. */
export function offered(card: Card, seat: Seat): PanelEntry[] {
  return card.unsaved ? [] : panels.filter((p) => p.when(card, seat))
}
