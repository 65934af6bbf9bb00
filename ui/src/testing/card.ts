import type { Card, Detail, Link } from '../api/types'

/** card makes a made-up report card for tests. */
export function card(over: Partial<Card> = {}): Card {
  return {
    id: 'r1',
    number: '1122-0001',
    serviceId: 'net119.example',
    serviceName: 'Net119 例示',
    serviceReportId: 'N-1',
    terminalId: 't-01',
    mode: 'actual',
    revision: 1,
    state: 'presented',
    escalation: 0,
    undecodable: false,
    kind: { code: 'ems', label: '救急' },
    excerpt: '息が苦しい',
    place: '例示市本町1-2-3',
    eventTime: '2026-11-22T12:00:00Z',
    receivedAt: '2026-11-22T12:00:01Z',
    updatedAt: '2026-11-22T12:00:01Z',
    late: false,
    skewMs: 0,
    silent: false,
    ended: false,
    handledAlone: false,
    cancelled: false,
    reopened: false,
    unsaved: false,
    claim: null,
    taken: null,
    offer: null,
    raised: null,
    entered: null,
    step: 'received',
    chatCount: 0,
    lastChatAt: '',
    lastChatFrom: '',
    mediaCount: 0,
    proxy: false,
    severity: null,
    close: null,
    incident: null,
    transfer: null,
    outside: null,
    outputOnly: false,
    origin: '',
    video: '',
    ...over,
  }
}

export function link(over: Partial<Link> = {}): Link {
  const screen = { terminalId: 't-01', state: 'free' as const, up: false, input: { keyboard: false, pointer: false, clipboard: false }, asking: [], mirrors: [], recording: false }
  return { id: 't-01', screen, name: '端末1', place: '指令室', phone: '2119', state: 'ready', since: '2026-11-22T12:00:00Z', services: [], pending: 0, missing: 0, storable: true, lastProblem: null, drill: null, ...over }
}

export function detail(over: Partial<Detail> = {}): Detail {
  const c = over.card ?? card()
  return {
    card: c,
    report: { reportId: c.serviceReportId, revision: c.revision, eventTime: c.eventTime, kind: c.kind, text: c.excerpt },
    raw: null,
    problem: null,
    warnings: [],
    revisions: [],
    chat: [],
    timeline: [],
    hasMedical: false,
    media: [],
    videos: [],
    contacts: [],
    changed: null,
    notes: [],
    ...over,
  }
}
