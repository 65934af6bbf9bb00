import { cleanup, fireEvent, render, screen } from '@testing-library/svelte'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PageReport, PageState } from '../api/types'
import type { Source } from '../feed/feed'
import { Ringer } from '../sound/ring.svelte'
import { order, Page } from './page.svelte'
import Ring from './Ring.svelte'
import ScreenBanner from './ScreenBanner.svelte'
import TerminalReport from './TerminalReport.svelte'

function report(over: Partial<PageReport> = {}): PageReport {
  return {
    serviceId: 'net119.example',
    serviceName: 'Net119 例示',
    outputOnly: false,
    reportId: 'N-1',
    revision: 1,
    mode: 'actual',
    step: 'spooled',
    at: '2026-11-22T12:00:00Z',
    kind: { code: 'ems', label: '救急' },
    text: '息が苦しい',
    place: '例示市本町',
    claimed: false,
    closed: false,
    handledAlone: false,
    ringing: false,
    ended: false,
    unsaved: false,
    undecodable: false,
    chat: [],
    report: null,
    problem: null,
    ...over,
  }
}

class Stream implements Source {
  readyState = 1
  onerror: ((e: unknown) => unknown) | null = null
  #on = new Map<string, (e: MessageEvent<string>) => void>()
  addEventListener(type: string, f: (e: MessageEvent<string>) => void) {
    this.#on.set(type, f)
  }
  close() {
    this.readyState = 2
  }
  say(type: string) {
    this.#on.get(type)?.({ data: '{}' } as MessageEvent<string>)
  }
}

const posts: { url: string; body: unknown }[] = []
let state: PageState
let refuse = 0

beforeEach(() => {
  posts.length = 0
  refuse = 0
  state = { terminalId: 't-01', name: '端末1', headquarters: '例示消防本部', link: { state: 'down', since: '2026-11-22T12:00:00Z' }, storable: true, screen: { state: 'absent', code: 0, viewers: [] }, rings: [], reports: [report({ ringing: true })], more: false }
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    if (refuse) return Response.json({ status: refuse, key: 'store.full' }, { status: refuse })
    if (init.method === 'POST') posts.push({ url, body: JSON.parse(String(init.body)) })
    return Response.json(url.endsWith('/state') ? state : {})
  })
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function page() {
  let ms = 0
  const streams: Stream[] = []
  const ringer = new Ringer(() => {
    throw new Error('no sound here')
  })
  const p = new Page(
    ringer,
    () => {
      const s = new Stream()
      streams.push(s)
      return s
    },
    () => ms,
  )
  const pass = (by: number) => {
    ms += by
    p.tick()
  }
  return { p, ringer, streams, pass }
}

describe("the terminal's own page", () => {
  it('puts what rings first and what is over last', () => {
    const list = [report({ reportId: 'over', closed: true }), report({ reportId: 'late', at: '2026-11-22T12:05:00Z' }), report({ reportId: 'early' }), report({ reportId: 'rings', ringing: true, at: '2026-11-22T12:09:00Z' })]
    expect(order(list).map((r) => r.reportId)).toEqual(['rings', 'early', 'late', 'over'])
  })

  it('rings for what rings, softly for an exercise', async () => {
    const { p, ringer } = page()
    p.start()
    await expect.poll(() => ringer.tone).toBe('ring1')
    state = { ...state, reports: [report({ ringing: true, mode: 'exercise' })] }
    await p.read()
    expect(ringer.tone).toBe('exercise')
    state = { ...state, reports: [report()] }
    await p.read()
    expect(ringer.tone).toBe('none')
  })

  it('reads the state again on each change and when the program is back after silence', async () => {
    const { p, streams, pass, ringer } = page()
    state = { ...state, reports: [] }
    p.start()
    await expect.poll(() => p.state?.reports.length).toBe(0)
    state = { ...state, reports: [report()] }
    streams[0]!.say('changed')
    await expect.poll(() => p.state?.reports.length).toBe(1)
    pass(3500)
    expect(p.silent).toBe(true)
    expect(ringer.tone).toBe('silence')
    expect(streams.length).toBeGreaterThan(1)
    streams.at(-1)!.say('beat')
    expect(p.silent).toBe(false)
  })

  it('says who sees the screen and who operates it, and what to do when nobody can', async () => {
    const since = '2026-11-22T12:00:00Z'
    const viewers = [
      { console: '指令台2', person: '例示 花子', operates: true, since },
      { console: '副台1', person: '例示 太郎', operates: false, since },
    ]
    const { rerender } = render(ScreenBanner, { screen: { state: 'ready', code: 0, viewers } })
    const said = screen.getAllByRole('status').map((e) => e.textContent ?? '')
    expect(said).toHaveLength(2)
    expect(said[0]).toMatch(/指令台2.*例示 花子.*操作/s)
    expect(said[1]).toMatch(/副台1.*例示 太郎/s)
    expect(said[1]).not.toMatch(/操作/)
    await rerender({ screen: { state: 'down', code: 504, viewers: [] } })
    expect(screen.getByRole('status').textContent).toMatch(/VNC/)
    await rerender({ screen: { state: 'absent', code: 0, viewers: [] } })
    expect(screen.queryByRole('status')).toBeNull()
  })

  it('stops a ring only with a name', async () => {
    const { p } = page()
    await p.read()
    render(Ring, { page: p, report: state.reports[0]! })
    await fireEvent.click(screen.getByRole('button', { name: '呼出を止める' }))
    expect(posts).toEqual([])
    await fireEvent.input(screen.getByRole('textbox', { name: '止める人の氏名' }), { target: { value: ' 佐藤 ' } })
    await fireEvent.click(screen.getByRole('button', { name: '呼出を止める' }))
    await expect.poll(() => posts).toEqual([{ url: '/page/reports/net119.example/N-1/quiet', body: { name: '佐藤' } }])
  })

  it('answers the caller and keeps the words when they could not be stored', async () => {
    const { p } = page()
    await p.read()
    render(TerminalReport, { page: p, report: state.reports[0]! })
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: '通報者への返事' })
    await fireEvent.input(box, { target: { value: '救急車が向かっています' } })
    refuse = 507
    await fireEvent.click(screen.getByRole('button', { name: '返事を送る' }))
    expect((await screen.findByRole('alert')).textContent).toContain('保存する場所がありません')
    expect(box.value).toBe('救急車が向かっています')
    refuse = 0
    await fireEvent.click(screen.getByRole('button', { name: '返事を送る' }))
    await expect.poll(() => posts.at(-1)).toEqual({ url: '/page/reports/net119.example/N-1/chat', body: { text: '救急車が向かっています' } })
    await expect.poll(() => box.value).toBe('')
  })

  it('closes alone with a reason', async () => {
    const { p } = page()
    await p.read()
    render(TerminalReport, { page: p, report: state.reports[0]! })
    await fireEvent.click(screen.getByRole('button', { name: 'この端末で対応を終える' }))
    await fireEvent.change(screen.getByRole('combobox', { name: /理由/ }), { target: { value: 'handled' } })
    await fireEvent.click(screen.getByRole('button', { name: '対応を終える' }))
    await expect.poll(() => posts).toEqual([{ url: '/page/reports/net119.example/N-1/close', body: { reason: 'handled' } }])
  })

  it('offers nothing on a report that is not on disk, and says so', () => {
    const { p } = page()
    render(TerminalReport, { page: p, report: report({ unsaved: true, outputOnly: true }) })
    expect(screen.getByText(/保存できていません/)).toBeTruthy()
    expect(screen.queryByRole('button', { name: 'この端末で対応を終える' })).toBeNull()
    expect(screen.queryByRole('textbox')).toBeNull()
  })

  it('tells that only the terminal has it', () => {
    const { p } = page()
    render(TerminalReport, { page: p, report: report() })
    expect(screen.getByText('端末に保管されました。消防にはまだ届いていません。')).toBeTruthy()
  })
})
