// Made-up reports for the development mock. Nobody here exists.
import { randomUUID } from 'node:crypto'

const kinds = [
  { code: 'ems', label: '救急', localCode: '2' },
  { code: 'fire', label: '火事', localCode: '1' },
  { code: 'rescue', label: '救助' },
  { code: 'other', label: 'その他（自動車事故の自動通報）' },
]
const places = ['大阪府例示市本町1-2-3　例示ハイツ201', '例示市駅前通付近', '', '34.703900, 135.501200（誤差25m）', '大阪府例示市大字例示字長大な地名が続く区域地内1234番地の5　例示第二県営住宅A棟エレベーターホール前ベンチ付近']
const texts = ['息が苦しい', '台所から火が出ています。天井まで届きそうです。家族は外に出ました。', '', '車が電柱にぶつかりました。運転手が動きません。', '胸が痛い\n話せません\n玄関の鍵は開いています']
const long = 'たすけてください。'.repeat(440) + '<script>alert(1)</script> ＼(^o^)／ ' + 'x'.repeat(120)

export function makeReports(count, from = 1, mode) {
  const list = []
  for (let i = 0; i < count; i++) {
    const n = from + i
    const claimed = !mode && n % 4 !== 1
    const seat = n % 3 === 0 ? 'a' : 'b'
    const aacn = n % 5 === 4
    const raw = !mode && n === 9
    list.push({
      id: randomUUID(),
      number: n,
      serviceId: aacn ? 'aacn.example' : 'net119.example',
      serviceName: aacn ? '車両緊急通報 例示センター' : 'Net119 例示',
      serviceReportId: `N-20261122-${String(n).padStart(6, '0')}`,
      terminalId: aacn ? 't-02' : 't-01',
      mode: mode ?? (n % 6 === 5 ? 'exercise' : n === 13 ? 'test' : 'actual'),
      revision: n % 4 === 0 ? 2 : 1,
      state: claimed ? (n % 8 === 0 ? 'in_dialog' : 'accepted') : n === 1 && count > 3 ? 'escalated' : 'presented',
      escalation: n === 1 && count > 3 ? 1 : 0,
      undecodable: raw,
      kind: raw ? { code: '' } : kinds[n % kinds.length],
      excerpt: raw ? '' : n === 7 ? long.slice(0, 200) : texts[n % texts.length],
      place: raw ? '' : places[n % places.length],
      eventTime: new Date(Date.now() - (count - i) * 47_000 - 3000).toISOString(),
      receivedAt: new Date(Date.now() - (count - i) * 47_000).toISOString(),
      updatedAt: new Date().toISOString(),
      late: n % 10 === 3,
      skewMs: n % 10 === 5 ? 42_000 : 0,
      silent: n % 9 === 4,
      ended: n % 9 === 6,
      handledAlone: n % 18 === 6,
      cancelled: n % 11 === 8,
      reopened: n % 12 === 10,
      unsaved: false,
      claim: claimed ? { consoleId: `seat-${seat}`, consoleName: seat === 'a' ? '指令台A' : '指令台B', personId: 'p', personName: seat === 'a' ? '佐藤 一郎' : '鈴木 花子', at: new Date().toISOString() } : null,
      step: claimed ? 'seen' : 'received',
      chatCount: n % 3,
      lastChatAt: new Date().toISOString(),
      lastChatFrom: n % 3 === 2 ? 'caller' : 'headquarters',
      mediaCount: n % 6 === 1 ? 2 : 0,
      proxy: aacn,
      severity: aacn ? 0.42 : null,
      close: null,
      outputOnly: aacn,
    })
  }
  return list
}

export function sampleDetail(card) {
  if (card.undecodable) {
    return { card, report: null, raw: { mime: 'application/xml', text: '<?xml version="1.0"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">\n  <identifier>例示-0001</identifier>\n  <sent>2026-11-22 21:00</sent>\n', bytes: 118 }, problem: { code: 304, place: '/alert/sent', detail: 'no offset' }, warnings: [], revisions: [{ revision: 1, receivedAt: card.receivedAt, late: false }], chat: [], timeline: [{ at: card.receivedAt, act: 'report.raw', by: { terminalId: card.terminalId }, facts: { code: '304' } }], medical: null, media: [] }
  }
  const report = {
    reportId: card.serviceReportId,
    revision: card.revision,
    eventTime: card.eventTime,
    kind: card.kind,
    text: card.number === 7 ? long : card.excerpt,
    locations: [
      { role: 'caller', shape: 'circle', lat: 34.7039, lon: 135.5012, radiusM: 25, confidence: 0.95, method: 'gnss', acquiredAt: card.eventTime },
      { role: 'registered-home', label: '自宅', shape: 'civic', civic: { postcode: '574-0000', pref: '大阪府', city: '例示市', line: '本町1-2-3', building: '例示ハイツ', room: '201', note: '門の左側から入る' } },
    ],
    subscriber: card.proxy ? undefined : { name: '例示 花子', kana: 'れいじ はなこ', birth: '1980-01-01', sex: 'female', phone: '+819000000000', address: '大阪府例示市本町1-2-3 例示ハイツ201', language: 'ja', communication: ['text', 'sign'] },
    contacts: [{ name: '例示 太郎', relation: '配偶者', phone: '+819000000001' }],
    routing: { registeredHq: '279999', locatedHq: '279999' },
    media: card.mediaCount > 0 ? [{ id: 'm1', mime: 'image/jpeg', bytes: 183204, sha256: '00', label: '症状' }] : [],
    additional: [{ name: 'client.version', value: '4.2.1' }],
  }
  if (card.proxy) {
    report.proxy = { organisation: '車両緊急通報 例示センター', operator: '田中', callback: '+81312345678', verified: 'no-answer', answeredAt: card.eventTime }
    report.vehicle = { vin: 'JXXXX00000X000000', plate: '例示 300 あ 12-34', make: '例示自動車', model: 'モデルX', colour: '白', occupants: 2, belted: 1, crashes: [{ direction: 12, deltaVKmh: 48, airbag: true }, { direction: 9, deltaVKmh: 12, rollover: true }] }
    report.severity = { value: 0.42, algorithm: 'D-Call例示', version: '1.2' }
  }
  const chat = []
  if (card.chatCount > 0) {
    chat.push({ id: randomUUID(), from: 'caller', at: card.receivedAt, text: '返事をください。玄関は開いています。', by: null })
    chat.push({ id: randomUUID(), from: 'headquarters', at: card.receivedAt, text: '消防です。救急車が向かっています。\nどこが痛みますか？', by: { consoleName: '指令台A', personName: '佐藤 一郎' }, delivery: 'service' })
  }
  return {
    card,
    report,
    raw: null,
    problem: null,
    warnings: card.skewMs ? [{ code: 305, place: '/eventTime' }] : [],
    revisions: Array.from({ length: card.revision }, (_, i) => ({ revision: i + 1, receivedAt: card.receivedAt, late: card.late })),
    chat,
    timeline: [
      { at: card.receivedAt, act: 'report.arrive', by: { terminalId: card.terminalId, serviceId: card.serviceId }, facts: { revision: '1' } },
      { at: card.receivedAt, act: 'report.integrate', by: { consoleName: '指令台A' }, facts: {} },
      ...(card.escalation ? [{ at: card.updatedAt, act: 'report.escalate', by: { system: 'wake' }, facts: { level: '1' } }] : []),
      ...(card.claim ? [{ at: card.claim.at, act: 'report.claim', by: { consoleName: card.claim.consoleName, personName: card.claim.personName }, facts: {} }] : []),
    ],
    medical: { conditions: ['喘息'], medications: ['吸入薬'], allergies: ['ペニシリン'], bloodType: 'A' },
    media: [],
  }
}
