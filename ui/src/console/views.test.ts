import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConsoleApi } from '../api/console'
import { card, detail } from '../testing/card'
import CardView from './CardView.svelte'
import Chat from './Chat.svelte'
import { Opened } from './opened.svelte'
import ReportBody from './ReportBody.svelte'

afterEach(() => cleanup())

const corpus = join(import.meta.dirname, '../../../../shared/samples/naughty-strings/strings-even.json')
const nasty: string[] = [
  '<script>window.broken = true</script>',
  '<img src=x onerror="window.broken = true">',
  '{@html "x"}',
  '{name}',
  '‮逆さ‬',
  'Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮',
  '𠮷野家で爺👨‍👩‍👧‍👦',
  '\u0000\u0007',
  'x'.repeat(4000),
  ...(existsSync(corpus) ? (JSON.parse(readFileSync(corpus, 'utf8')) as string[]) : []),
]

const no = () => {}
const show = (over: Parameters<typeof card>[0] = {}, more: Partial<{ current: boolean; opened: boolean; open: () => void; claim: () => void }> = {}) =>
  render(CardView, { card: card(over), consoleId: 'seat-a', open: no, claim: no, focused: no, ...more })

/** plain: the document holds this text as text, and no element that it describes. */
function plain(container: HTMLElement, text: string) {
  expect(container.textContent).toContain(text)
  expect(container.querySelector('script, img, iframe, object')).toBeNull()
}

describe('a card', () => {
  it('is found by its number and says what it is', () => {
    show({ number: '1122-0012' })
    const button = screen.getByRole('button', { name: /^通報 1122-0012 救急/ })
    expect(button.textContent).toContain('例示市本町1-2-3')
    expect(screen.getByRole('button', { name: '通報 1122-0012 受付' })).toBeTruthy()
  })

  it('shows whatever a stranger wrote as text and nothing else', () => {
    for (const text of nasty) {
      const { container } = show({ excerpt: text, place: text, kind: { code: 'other', label: text || '他' }, serviceName: text })
      plain(container, text)
      cleanup()
    }
    expect((window as unknown as { broken?: boolean }).broken).toBeUndefined()
  })

  it('says in words what its colours say', () => {
    show({ mode: 'exercise', state: 'escalated', escalation: 2, silent: true, late: true, skewMs: 9000, cancelled: true, ended: true, unsaved: true, proxy: true, severity: 0.42 })
    for (const word of ['訓練', '再呼出 2回目', '応答なし', '遅延受信', '時刻ずれ', '取消の連絡あり', '通報者側終了', '未保存', '代理通報', '重症確率 42%']) expect(screen.getByText(word, { exact: false })).toBeTruthy()
  })

  it('an unreadable report is a report', () => {
    show({ undecodable: true, kind: { code: '' }, excerpt: '', place: '' })
    expect(screen.getByText('解読できない通報')).toBeTruthy()
    expect(screen.getByText('場所の情報なし')).toBeTruthy()
  })

  it('names who holds it', () => {
    const claim = { consoleId: 'seat-b', consoleName: '指令台B', personId: 'p', personName: '鈴木', at: '' }
    show({ state: 'accepted', claim })
    expect(screen.getByText('指令台B 鈴木 が受付')).toBeTruthy()
    expect(screen.queryByRole('button', { name: /受付$/ })).toBeNull()
  })

  it('opens by a click only: drawing and focus open nothing', async () => {
    const open = vi.fn()
    show({}, { open })
    const button = screen.getByRole('button', { name: /^通報 1122-0001 救急/ })
    button.focus()
    await fireEvent.mouseEnter(button)
    expect(open).not.toHaveBeenCalled()
    await fireEvent.click(button)
    expect(open).toHaveBeenCalledTimes(1)
  })
})

describe('the report', () => {
  it('shows whatever a stranger wrote as text and nothing else', () => {
    for (const text of nasty) {
      const report = {
        reportId: 'N-1',
        revision: 1,
        eventTime: '2026-11-22T12:00:00Z',
        kind: { code: 'ems' },
        text,
        locations: [{ role: text, label: text, civic: { line: text, note: text } }],
        subscriber: { name: text, address: text },
        contacts: [{ name: text }],
        additional: [{ name: text, value: text }],
        translation: { en: text },
      }
      const { container } = render(ReportBody, { card: card(), detail: detail({ report }) })
      if (text !== '') plain(container, text)
      cleanup()
    }
  })

  it('keeps health data folded until a person opens it', async () => {
    const openMedical = vi.fn(() => Promise.resolve({ conditions: ['喘息'] }))
    render(ReportBody, { card: card(), detail: detail({ hasMedical: true }), openMedical })
    expect(screen.queryByText('喘息')).toBeNull()
    expect(openMedical).not.toHaveBeenCalled()
    const fold = screen.getByRole('button', { name: '医療情報を開く（厳秘）' })
    await fireEvent.click(fold)
    expect(await screen.findByText('喘息')).toBeTruthy()
    await fireEvent.click(fold)
    await fireEvent.click(fold)
    expect(openMedical).toHaveBeenCalledTimes(1) // one look, one entry
  })

  it('shows the bytes of what could not be read, with code and place', () => {
    render(ReportBody, { card: card({ undecodable: true }), detail: detail({ report: null, raw: { mime: 'application/xml', text: '<alert><script>', bytes: 15 }, problem: { code: 304, place: '/alert/sent' } }) })
    expect(screen.getByText('<alert><script>')).toBeTruthy()
    expect(screen.getByText('異常 304 時刻の誤り（/alert/sent）')).toBeTruthy()
  })

  it('says what is not there', () => {
    render(ReportBody, { card: card(), detail: detail({ report: { reportId: 'N', revision: 1, eventTime: '', kind: { code: 'ems' } } }) })
    expect(screen.getByText('文章はありません')).toBeTruthy()
    expect(screen.getByText('場所の情報はありません')).toBeTruthy()
  })

  it('shows every place, each with how far it can be trusted', () => {
    const report = {
      reportId: 'N',
      revision: 1,
      eventTime: '',
      kind: { code: 'ems' },
      locations: [{ role: 'caller', lat: 34.7, lon: 135.5, radiusM: 25, confidence: 0.95, method: 'gnss' }, { role: 'vehicle', lat: 0, lon: 0 }],
    }
    render(ReportBody, { card: card(), detail: detail({ report }) })
    expect(screen.getByText('34.7, 135.5')).toBeTruthy()
    expect(screen.getByText('誤差 半径25m')).toBeTruthy()
    expect(screen.getByText('この座標は地球上の位置として扱えません')).toBeTruthy()
  })
})

describe('the chat', () => {
  function chat(mine = true, over: Parameters<typeof card>[0] = {}) {
    const opened = new Opened(new ConsoleApi('seat-a', () => 'ja', (async () => Response.json({})) as unknown as typeof fetch), () => false)
    void opened.open('r1', false)
    const say = vi.spyOn(opened, 'say').mockResolvedValue()
    render(Chat, { opened, card: card(over), mine })
    return { opened, say, box: () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: '通報者への発言' }) }
  }

  it('sends on Enter, not while an input method composes, not with Shift', async () => {
    const { say, box } = chat()
    await fireEvent.input(box(), { target: { value: 'きゅうきゅう' } })
    await fireEvent.keyDown(box(), { key: 'Enter', isComposing: true })
    await fireEvent.keyDown(box(), { key: 'Enter', keyCode: 229 })
    await fireEvent.keyDown(box(), { key: 'Enter', shiftKey: true })
    expect(say).not.toHaveBeenCalled()
    await fireEvent.keyDown(box(), { key: 'Enter' })
    expect(say).toHaveBeenCalledTimes(1)
  })

  it('is closed to who has not accepted the report, and says why', () => {
    const { box } = chat(false)
    expect(box().disabled).toBe(true)
    expect(box().placeholder).toBe('受付すると発言できます。')
  })

  it('says that an output-only service takes no answer', () => {
    chat(true, { outputOnly: true })
    expect(screen.queryByRole('textbox')).toBeNull()
    expect(screen.getByText(/出力のみです/)).toBeTruthy()
  })

  it('refuses a text over the limit of the interface instead of cutting it', async () => {
    const { say, box } = chat()
    await fireEvent.input(box(), { target: { value: '𠮷'.repeat(4001) } })
    await fireEvent.keyDown(box(), { key: 'Enter' })
    expect(say).not.toHaveBeenCalled()
    expect(screen.getByRole('alert').textContent).toContain('1文字超過')
  })
})
