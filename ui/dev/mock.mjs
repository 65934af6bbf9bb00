// A development aid, never shipped: it plays the server's API and a terminal's
// page from memory, so that the pages can be looked at without a headquarters.
//
//   npm run build && npm run mock -- --port 8119 --cards 12
//
// Pages: /?console=seat-a (any account, any password) and /terminal.html.
// Levers: /mock/arrive /mock/exercise /mock/escalate /mock/rival /mock/unsaved
//         /mock/churn?a=60 (changes a second) /mock/saved /mock/link?state=down /mock/silence?on=1 /mock/storable?on=0
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { parseArgs } from 'node:util'
import { makeReports, sampleDetail } from './samples.mjs'

const { values: flags } = parseArgs({ options: { port: { type: 'string', default: '8119' }, cards: { type: 'string', default: '12' } } })
const root = join(import.meta.dirname, '..')
const policy = [...readFileSync(join(root, 'embed.go'), 'utf8').split('ContentSecurityPolicy =')[1].split(')')[0].split('// ')[0].matchAll(/"([^"]*)"/g)].map((m) => m[1]).join('')

const world = {
  seq: 100,
  silent: false,
  storable: true,
  cards: makeReports(Number(flags.cards)),
  details: new Map(),
  unsaved: new Map(),
  links: [
    { id: 't-01', name: 'Net119端末', place: '指令室 北側 3番机', phone: '2119', state: 'ready', since: ago(7200), services: [{ id: 'net119.example', name: 'Net119 例示', outputOnly: false }], pending: 0, missing: 0, storable: true, lastProblem: null },
    { id: 't-02', name: '車両緊急通報端末', place: '指令室 南側 柱際', phone: '2120', state: 'syncing', since: ago(4), services: [{ id: 'aacn.example', name: '車両緊急通報 例示センター', outputOnly: true }], pending: 12, missing: 0, storable: true, lastProblem: null },
  ],
}
// Who sees and who operates a terminal's screen; the picture itself is not played.
const freeScreen = (id) => ({ terminalId: id, state: 'free', up: true, input: { keyboard: false, pointer: false, clipboard: false }, asking: [], mirrors: [], source: { kind: 'page', clipboard: true, scanCodes: true, localUse: false, monitors: [] } })
for (const l of world.links) l.screen = freeScreen(l.id)
const people = { 'seat-a': '佐藤 一郎', 'seat-b': '鈴木 花子' }
const names = { 'seat-a': '指令台A', 'seat-b': '指令台B' }
const snippetList = { version: 0, lines: ['119番、消防です。文字でやり取りします。', '場所はどこですか？住所か、近くの目印を教えてください。', '意識はありますか？呼びかけに答えますか？'].map((text) => ({ text, translations: { en: 'in English' } })) }
const sessions = new Set()
const streams = new Set()
const pageStreams = new Set()

function ago(s) {
  return new Date(Date.now() - s * 1000).toISOString()
}
function nowText() {
  return new Date().toISOString()
}
function send(stream, event, data, id) {
  stream.write(`${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}
function changed(card, kind = 'report', detail = '') {
  card.updatedAt = nowText()
  const change = { seq: ++world.seq, at: nowText(), kind, subject: card.id, detail, report: card }
  for (const s of streams) send(s, 'change', change, change.seq)
  for (const s of pageStreams) send(s, 'changed', {})
}
function linkChanged(link) {
  const change = { seq: ++world.seq, at: nowText(), kind: 'terminal', subject: link.id, detail: 'terminal.link', terminal: link }
  for (const s of streams) send(s, 'change', change, change.seq)
  for (const s of pageStreams) send(s, 'changed', {})
}
function detailOf(card) {
  let d = world.details.get(card.id)
  if (!d) world.details.set(card.id, (d = sampleDetail(card)))
  return { ...d, card, medical: undefined, hasMedical: !!d.medical }
}
setInterval(() => {
  if (world.silent) return
  for (const s of streams) send(s, 'beat', { now: nowText(), cursor: world.seq })
  for (const s of pageStreams) send(s, 'beat', {})
}, 1000)

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }

function serveFile(res, path) {
  try {
    const file = join(root, 'dist', normalize(path === '/' ? 'console.html' : path))
    const body = readFileSync(file)
    res.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'content-security-policy': policy })
    res.end(body)
  } catch {
    res.writeHead(404).end()
  }
}
function json(res, status, body) {
  res.writeHead(status, { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json' })
  res.end(body === undefined ? '' : JSON.stringify(body))
}
const problem = (res, status, key, args = {}) => json(res, status, { status, key, args, title: key })
async function bodyOf(req) {
  let text = ''
  for await (const part of req) text += part
  return text === '' ? {} : JSON.parse(text)
}
function stream(req, res, set) {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  res.write(':\n\n')
  set.add(res)
  req.on('close', () => set.delete(res))
}
function newCard(mode) {
  const [card] = makeReports(1, world.cards.length + 1, mode)
  card.receivedAt = card.eventTime = nowText()
  world.cards.push(card)
  changed(card, 'report', 'report.arrive')
  return card
}

function screenAct(res, link, seat, what, body) {
  const holder = (id) => ({ consoleId: id, consoleName: names[id], personId: 'p', personName: people[id] })
  const grant = (id, purpose) => ({ ...link.screen, state: purpose, holder: holder(id), input: { keyboard: purpose === 'operate', pointer: purpose === 'operate', clipboard: purpose === 'operate' }, since: nowText(), offer: undefined, asking: [] })
  const was = link.screen
  if (what === 'take' && was.holder && was.holder.consoleId !== seat) return problem(res, 409, 'lease.held', was.holder)
  if (what === 'take' || what === 'preempt') link.screen = grant(seat, body.purpose)
  else if (what === 'release') link.screen = freeScreen(link.id)
  else if (what === 'ask') link.screen = { ...was, asking: [{ ...holder(seat), at: nowText() }] }
  else if (what === 'offer') link.screen = { ...was, offer: body.consoleId ? { consoleId: body.consoleId, consoleName: names[body.consoleId], at: nowText() } : undefined }
  else if (what === 'accept') link.screen = grant(seat, was.state)
  else if (what === 'decline') link.screen = { ...was, offer: undefined }
  else if (what === 'mirror') link.screen = { ...was, mirrors: body.on ? [{ id: body.consoleId, name: names[body.consoleId] }] : [] }
  if (what) linkChanged(link)
  json(res, 200, { ...link.screen, token: link.screen.holder?.consoleId === seat ? 1 : undefined })
}

const levers = {
  arrive: () => newCard('actual'),
  exercise: () => newCard('exercise'),
  escalate: () => {
    for (const c of world.cards.filter((c) => !c.claim && c.state !== 'closed')) {
      c.state = 'escalated'
      c.escalation++
      changed(c)
    }
  },
  rival: (q) => {
    const c = world.cards.find((c) => !c.claim && c.state !== 'closed' && (!q.get('id') || c.id === q.get('id')))
    if (!c) return
    c.claim = { consoleId: 'seat-b', consoleName: names['seat-b'], personId: 'p2', personName: people['seat-b'], at: nowText() }
    c.state = 'accepted'
    changed(c)
  },
  unsaved: () => {
    const [card] = makeReports(1, 900, 'actual')
    world.unsaved.set(card.id, { ...card, unsaved: true, number: 0, receivedAt: nowText() })
    for (const s of streams) send(s, 'unsaved', world.unsaved.get(card.id))
  },
  saved: () => {
    for (const id of world.unsaved.keys()) for (const s of streams) send(s, 'saved', { id })
    world.unsaved.clear()
  },
  link: (q) => {
    world.links[0] = { ...world.links[0], state: q.get('state') ?? 'down', since: nowText() }
    linkChanged(world.links[0])
  },
  silence: (q) => (world.silent = q.get('on') === '1'),
  churn: (q) => {
    clearInterval(world.churn)
    const each = Number(q.get('a') ?? 0)
    if (each > 0)
      world.churn = setInterval(() => {
        const c = world.cards[Math.floor(Math.random() * world.cards.length)]
        const turn = Math.floor(Math.random() * 5)
        if (turn === 0) c.claim = c.claim ? null : { consoleId: 'seat-b', consoleName: names['seat-b'], personId: 'p2', personName: people['seat-b'], at: nowText() }
        else if (turn === 1) c.excerpt = c.excerpt.length > 60 ? '煙' : c.excerpt + 'もう一行になるほどの長い言葉'
        else if (turn === 2) c.silent = !c.silent
        else c.revision++
        changed(c)
      }, 1000 / each)
  },
  storable: (q) => {
    world.storable = q.get('on') !== '0'
    for (const s of pageStreams) send(s, 'changed', {})
  },
}

function act(res, card, seat, what, body) {
  const detail = detailOf(card)
  const by = { consoleName: names[seat], personName: people[seat] }
  const note = (name, facts) => world.details.get(card.id).timeline.push({ at: nowText(), act: name, by, facts })
  if (what === 'open') {
    card.step = 'seen'
    note('report.open')
  } else if (what === 'claim') {
    if (card.claim && card.claim.consoleId !== seat) return problem(res, 409, 'claim.held', { consoleName: card.claim.consoleName, personName: card.claim.personName })
    card.claim = { consoleId: seat, consoleName: names[seat], personId: 'p1', personName: people[seat], at: nowText() }
    card.state = 'accepted'
    card.step = 'seen'
    note('report.claim')
  } else if (what === 'medical') {
    note('report.medical.open', { revision: String(card.revision) })
    changed(card)
    return json(res, 200, detail.medical ?? {})
  } else if (what === 'release') {
    card.claim = null
    card.state = 'presented'
    note('report.release')
  } else if (what === 'close') {
    card.state = 'closed'
    card.close = { by: 'person', reason: body.reason, at: nowText(), ...by }
    note('report.close', { reason: body.reason })
  } else if (what === 'chat') {
    detail.chat.push({ id: body.id, from: 'headquarters', at: nowText(), text: body.text, by, delivery: 'sent' })
    card.chatCount++
    card.lastChatFrom = 'headquarters'
    setTimeout(() => ((detail.chat.at(-1).delivery = 'service'), changed(card, 'chat')), 1500)
  } else if (what === 'data-requests') note('data.request')
  changed(card)
  json(res, 200, { id: randomUUID() })
}

function pageState() {
  const reports = world.cards.slice(0, 6).map((c, i) => {
    const d = detailOf(c)
    return { serviceId: c.serviceId, serviceName: c.serviceName, outputOnly: c.outputOnly, reportId: c.serviceReportId, revision: c.revision, mode: c.mode, step: world.links[0].state === 'ready' ? c.step : 'spooled', at: c.receivedAt, kind: c.kind, text: c.excerpt, place: c.place, claimed: !!c.claim, closed: c.state === 'closed', handledAlone: false, ringing: world.links[0].state !== 'ready' && i === world.cards.findIndex((x) => x.state !== 'closed') && !c.quiet, undecodable: c.undecodable, chat: d.chat.map((l) => ({ ...l, reportId: c.serviceReportId })), report: d.report, problem: d.problem }
  })
  return { terminalId: 't-01', name: world.links[0].name, headquarters: '例示消防本部', link: { state: world.links[0].state === 'ready' ? 'up' : 'down', since: world.links[0].since }, storable: world.storable, rings: reports.filter((r) => r.ringing).map((r) => r.reportId), reports }
}

async function page(req, res, url) {
  if (url.pathname === '/page/state') return json(res, 200, pageState())
  if (url.pathname === '/page/events') return stream(req, res, pageStreams)
  const [, , , , report, what] = url.pathname.split('/').map(decodeURIComponent)
  const card = world.cards.find((c) => c.serviceReportId === report)
  const body = await bodyOf(req)
  if (what === 'quiet') card.quiet = body.name
  if (what === 'chat') detailOf(card).chat.push({ id: randomUUID(), from: 'terminal', at: nowText(), text: body.text, by: null })
  if (what === 'close') card.state = 'closed'
  for (const s of pageStreams) send(s, 'changed', {})
  json(res, 200, {})
}

async function api(req, res, url) {
  const path = url.pathname.slice('/api/v1'.length)
  const seat = req.headers['matoi-console'] ?? url.searchParams.get('console') ?? ''
  if (path === '/enrolments') return json(res, 200, { consoleId: 'seat-a', name: names['seat-a'] })
  if (!(seat in names)) return problem(res, 401, 'console.unknown')
  const me = () => ({ headquarters: { id: 'hq', name: '例示消防本部' }, console: { id: seat, name: names[seat], supervisor: false }, person: sessions.has(seat) ? { id: 'p1', name: people[seat], roles: ['dispatcher', 'supervisor', 'maintainer'] } : null })
  if (path === '/me') return json(res, 200, me())
  if (path === '/sessions') {
    const { password } = await bodyOf(req)
    if (password === 'wrong') return problem(res, 401, 'login.refused')
    sessions.add(seat)
    return json(res, 200, me())
  }
  if (path === '/sessions/current') return sessions.delete(seat), json(res, 204)
  if (!sessions.has(seat)) return problem(res, 401, 'session.none')
  if (path === '/feed') return stream(req, res, streams)
  if (path === '/feed/painted') {
    const { reports } = await bodyOf(req)
    for (const id of reports) {
      const c = world.cards.find((c) => c.id === id)
      if (c?.step === 'received') (c.step = 'integrated'), changed(c)
    }
    return json(res, 200, {})
  }
  if (path === '/board') return json(res, 200, { cursor: world.seq, now: nowText(), reports: world.cards, terminals: world.links, unsaved: [...world.unsaved.values()], consoles: Object.entries(names).map(([id, name]) => ({ id, name, personName: people[id], present: true, silent: false, blocked: false, sound: 'proved' })), counts: { stored: world.cards.length, shown: world.cards.length } })
  if (path === '/terminals') return json(res, 200, world.links)
  if (path === '/reports/search' || path === '/reports') return json(res, 200, world.cards.slice(0, 8).map((c) => ({ ...c, state: 'closed', close: { by: 'hq', reason: 'handled', at: nowText(), consoleName: '指令台A', personName: '佐藤' } })))
  if (path === '/consoles') return json(res, 200, Object.entries(names).map(([id, name]) => ({ id, name, supervisor: id === 'seat-a', enrolledAt: ago(9e5), revoked: false, present: true, personName: people[id] })))
  if (path === '/persons') return json(res, 200, ['佐藤 一郎', '鈴木 花子'].map((name, i) => ({ id: `p${i + 1}`, account: `account${i}`, name, roles: ['dispatcher', 'supervisor'].slice(0, i + 1), state: i ? 'suspended' : 'active', passwordAt: ago(9e6) })))
  if (path === '/snippets') return json(res, 200, snippetList)
  const [, kind, id, what] = path.split('/').map(decodeURIComponent)
  if (kind === 'terminals' && what === 'screen') return screenAct(res, world.links.find((l) => l.id === id), seat, path.split('/')[4], await bodyOf(req))
  if (kind === 'terminals') return json(res, 200, { id: randomUUID() })
  const card = world.cards.find((c) => c.id === id)
  if (!card) return problem(res, 404, 'report.unknown')
  if (!what) return json(res, 200, detailOf(card))
  act(res, card, seat, what, await bodyOf(req))
}

createServer((req, res) => {
  const url = new URL(req.url, 'http://mock')
  if (url.pathname.startsWith('/mock/')) {
    levers[url.pathname.slice(6)]?.(url.searchParams)
    return json(res, 200, {})
  }
  if (world.silent && !url.pathname.startsWith('/assets')) return req.url.startsWith('/api') ? req.socket.destroy() : serveFile(res, url.pathname)
  if (url.pathname.startsWith('/api/v1/')) return void api(req, res, url)
  if (url.pathname.startsWith('/page/')) return void page(req, res, url)
  serveFile(res, url.pathname)
}).listen(Number(flags.port), '127.0.0.1', function () {
  console.log(`http://127.0.0.1:${this.address().port}/`)
})
