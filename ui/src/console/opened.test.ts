import { describe, expect, it } from 'vitest'
import { ConsoleApi } from '../api/console'
import { Problem } from '../api/problem'
import { card, detail } from '../testing/card'
import { Opened } from './opened.svelte'

interface Call {
  method: string
  path: string
  body: unknown
  answer: (status: number, body?: unknown) => void
}

/** server answers when the test says so, in the order the test likes. */
function server() {
  const calls: Call[] = []
  const fetcher = ((url: string, init: RequestInit) =>
    new Promise<Response>((resolve) => {
      calls.push({
        method: init.method ?? 'GET',
        path: url.replace('/api/v1', ''),
        body: init.body ? JSON.parse(String(init.body)) : undefined,
        answer: (status, body) => resolve(new Response(status === 204 ? null : JSON.stringify(body ?? {}), { status })),
      })
    })) as unknown as typeof fetch
  const api = new ConsoleApi('seat-a', () => 'ja', fetcher)
  const lost: Problem[] = []
  const opened = new Opened(api, (p) => p.status === 401 && lost.push(p) > 0)
  const next = async (path: string) => {
    for (let i = 0; i < 50; i++) {
      const at = calls.findIndex((c) => c.path === path)
      if (at >= 0) return calls.splice(at, 1)[0]!
      await Promise.resolve()
      await new Promise((done) => setTimeout(done))
    }
    throw new Error(`nobody asked ${path}; asked: ${calls.map((c) => c.path).join(' ')}`)
  }
  return { opened, next, calls, lost }
}

describe('the report in front', () => {
  it('tells the server that a person opened it', async () => {
    const { opened, next } = server()
    const done = opened.open('r1', true)
    ;(await next('/reports/r1/open')).answer(200)
    ;(await next('/reports/r1')).answer(200, detail())
    await done
    expect(opened.detail?.card.id).toBe('r1')
  })

  it('asks the server nothing about a report that is not stored', async () => {
    const { opened, calls } = server()
    await opened.open('unsaved:1', false)
    expect(opened.id).toBe('unsaved:1')
    expect(calls).toEqual([])
  })

  it('never shows one report under another: a late answer is dropped', async () => {
    const { opened, next } = server()
    void opened.open('r1', true)
    const slow = await next('/reports/r1')
    void opened.open('r2', true)
    slow.answer(200, detail({ card: card({ id: 'r1' }) }))
    ;(await next('/reports/r2')).answer(200, detail({ card: card({ id: 'r2' }) }))
    await expect.poll(() => opened.detail?.card.id).toBe('r2')
  })

  it('says in place who was first when the claim is lost', async () => {
    const { opened, next } = server()
    void opened.open('r1', true)
    ;(await next('/reports/r1')).answer(200, detail())
    const claim = opened.claim()
    ;(await next('/reports/r1/claim')).answer(409, { status: 409, key: 'claim.held', args: { consoleName: '指令台B', personName: '鈴木' } })
    expect(await claim).toBe(false)
    expect(opened.notice).toMatchObject({ kind: 'problem', problem: { key: 'claim.held', args: { consoleName: '指令台B' } } })
    await next('/reports/r1') // and reads it again
  })

  it('sends an act once, however often the key is pressed', async () => {
    const { opened, next, calls } = server()
    void opened.open('r1', true)
    ;(await next('/reports/r1')).answer(200, detail())
    const first = opened.claim()
    expect(await opened.claim()).toBe(false)
    expect(calls.filter((c) => c.path.endsWith('/claim'))).toHaveLength(1)
    ;(await next('/reports/r1/claim')).answer(200)
    expect(await first).toBe(true)
  })

  it('keeps a line that was not sent and sends it again under the same id', async () => {
    const { opened, next } = server()
    void opened.open('r1', true)
    ;(await next('/reports/r1')).answer(200, detail())
    opened.draft = ' どこですか '
    const said = opened.say()
    expect(opened.draft).toBe('')
    const first = await next('/reports/r1/chat')
    expect(first.body).toMatchObject({ text: 'どこですか' })
    first.answer(503, { status: 503, key: 'store.unavailable' })
    await said
    expect(opened.sending[0]).toMatchObject({ failed: true, text: 'どこですか' })
    const again = opened.resend(opened.sending[0]!.id)
    const second = await next('/reports/r1/chat')
    expect((second.body as { id: string }).id).toBe((first.body as { id: string }).id)
    second.answer(200)
    await again
    const { id } = second.body as { id: string }
    ;(await next('/reports/r1')).answer(200, detail({ chat: [{ id, from: 'headquarters', at: '', text: 'どこですか', by: null }] }))
    await expect.poll(() => opened.sending.length).toBe(0)
  })

  it('keeps a draft for each report', async () => {
    const { opened } = server()
    void opened.open('r1', false)
    opened.draft = '一'
    void opened.open('r2', false)
    expect(opened.draft).toBe('')
    void opened.open('r1', false)
    expect(opened.draft).toBe('一')
  })

  it('tells when the content changed under the reader', async () => {
    const { opened, next } = server()
    void opened.open('r1', true)
    ;(await next('/reports/r1')).answer(200, detail({ card: card({ revision: 1 }) }))
    await expect.poll(() => opened.detail?.card.revision).toBe(1)
    void opened.read()
    ;(await next('/reports/r1')).answer(200, detail({ card: card({ revision: 2 }) }))
    await expect.poll(() => opened.changedTo).toBe(2)
  })

  it('hands the end of a session to the page', async () => {
    const { opened, next, lost } = server()
    void opened.open('r1', true)
    ;(await next('/reports/r1')).answer(401, { status: 401, key: 'session.none' })
    await expect.poll(() => lost.length).toBe(1)
    expect(opened.problem).toBeNull()
  })
})
