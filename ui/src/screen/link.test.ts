import { describe, expect, test } from 'vitest'
import { Hands, type Kind } from './hands'
import { ScreenLink, type Socket, type Told } from './link'
import { Broken } from './rfb/wire'
import type { Press } from './keys/keyboard'

class FakeSocket implements Socket {
  sent: (string | Uint8Array)[] = []
  closed = false
  onmessage: ((data: string | ArrayBuffer) => void) | undefined
  onclose: (() => void) | undefined
  send(data: string | Uint8Array<ArrayBuffer>) {
    this.sent.push(data)
  }
  close() {
    this.closed = true
  }
}

function link() {
  const sockets: FakeSocket[] = []
  const told: Told<string>[] = []
  const timers: { f: () => void; ms: number; off: boolean }[] = []
  const count = { joined: 0, lost: 0, stopped: 0 }
  let again: () => Promise<boolean> = () => Promise.resolve(true)
  const l = new ScreenLink<string>({
    open: () => {
      const s = new FakeSocket()
      sockets.push(s)
      return s
    },
    reader: () => ({
      feed: (b) => {
        if (b[0] === 66) throw new Broken('test', 'bad')
      },
      stop: () => count.stopped++,
    }),
    told: (m) => told.push(m),
    joined: () => count.joined++,
    lost: () => count.lost++,
    again: () => again(),
    later: (f, ms) => {
      const timer = { f, ms, off: false }
      timers.push(timer)
      return () => (timer.off = true)
    },
  })
  const bytes = (n = 1) => sockets.at(-1)!.onmessage!(Uint8Array.of(n).buffer)
  const fire = async () => {
    const next = timers.filter((x) => !x.off).at(-1)!
    next.off = true
    next.f()
    await new Promise((done) => setTimeout(done))
    return next.ms
  }
  return { l, sockets, told, timers, count, bytes, fire, answer: (f: () => Promise<boolean>) => (again = f) }
}

describe('the way to a screen', () => {
  test('nothing goes out before there is a picture, nor after it was lost', () => {
    const { l, sockets, count, bytes } = link()
    expect(l.send('x')).toBe(false)
    bytes()
    expect(l.send('x')).toBe(true)
    sockets[0]!.onclose!()
    expect(l.send('y')).toBe(false)
    expect(sockets[0]!.sent).toEqual(['x'])
    expect(count).toEqual({ joined: 1, lost: 1, stopped: 1 })
  })
  test('it comes back by itself, soon, and again and again', async () => {
    const { sockets, count, bytes, fire } = link()
    bytes()
    sockets[0]!.onclose!()
    expect(await fire()).toBe(100)
    sockets[1]!.onclose!()
    expect(await fire()).toBe(250)
    sockets[2]!.onclose!()
    expect(await fire()).toBe(500)
    sockets[3]!.onclose!()
    expect(await fire()).toBe(500)
    bytes()
    expect(count.joined).toBe(2)
    expect(count.lost).toBe(1)
  })
  test('a server that does not answer is asked again, one that says no is not', async () => {
    const { sockets, timers, bytes, fire, answer } = link()
    bytes()
    answer(() => Promise.reject(new Error('no network')))
    sockets[0]!.onclose!()
    await fire()
    expect(sockets.length).toBe(1)
    answer(() => Promise.resolve(false))
    await fire()
    expect(sockets.length).toBe(1)
    expect(timers.every((x) => x.off)).toBe(true)
  })
  test('over is over', () => {
    const { l, sockets, told, bytes, timers } = link()
    bytes()
    sockets[0]!.onmessage!('{"type":"over","code":"lease.preempted"}')
    expect(told).toEqual([{ type: 'over', code: 'lease.preempted' }])
    expect(sockets[0]!.closed).toBe(true)
    sockets[0]!.onclose?.()
    expect(l.send('x')).toBe(false)
    expect(timers.filter((x) => !x.off)).toEqual([])
  })
  test('a server that stops is waited for', async () => {
    const { sockets, told, bytes, fire } = link()
    bytes()
    sockets[0]!.onmessage!('{"type":"over","code":"lease.stopped"}')
    expect(told).toEqual([])
    await fire()
    expect(sockets.length).toBe(2)
  })
  test('a stream that breaks the protocol is closed and begun anew', async () => {
    const { sockets, bytes, fire } = link()
    bytes()
    bytes(66)
    expect(sockets[0]!.closed).toBe(true)
    await fire()
    expect(sockets.length).toBe(2)
  })
  test('the lease is renewed when the gateway asks, without a timer that a hidden page would let sleep', () => {
    const { sockets, bytes, told, timers } = link()
    bytes()
    sockets[0]!.onmessage!('{"type":"renew"}')
    sockets[0]!.onmessage!('{"type":"renew"}')
    expect(sockets[0]!.sent).toEqual(['{"type":"renew"}', '{"type":"renew"}'])
    expect(told).toEqual([])
    expect(timers.filter((x) => !x.off)).toEqual([])
  })
})

const press = (key: string, code: string): Press => ({ key, code, location: 0, keyCode: 0, repeat: false, isComposing: false, ctrlKey: false, shiftKey: false, altKey: false, metaKey: false })

function hands(may: Record<Kind, boolean> = { keyboard: true, pointer: true, clipboard: true }) {
  const sent: (string | number[])[] = []
  const beats: { f: () => void; ms: number; off: boolean }[] = []
  const h = new Hands({
    send: (data) => sent.push(typeof data === 'string' ? data : [...data]) > 0,
    may: (kind) => may[kind],
    every: (f, ms) => {
      const beat = { f, ms, off: false }
      beats.push(beat)
      return () => (beat.off = true)
    },
  })
  return { h, sent, beats, may }
}

describe('hands', () => {
  test('they say every 50 ms that something is down, and stop with it', async () => {
    const { h, sent, beats } = hands()
    h.keyboard.down(press('a', 'KeyA'))
    await Promise.resolve()
    expect(beats).toMatchObject([{ ms: 50, off: false }])
    beats[0]!.f()
    expect(sent.at(-1)).toBe('{"type":"beat"}')
    h.keyboard.up(press('a', 'KeyA'))
    await Promise.resolve()
    expect(beats[0]!.off).toBe(true)
  })
  test('letting go releases and says so once', () => {
    const { h, sent } = hands()
    h.keyboard.down(press('a', 'KeyA'))
    h.pointer.press(0, true, 1, 1)
    sent.length = 0
    h.letGo()
    h.letGo()
    expect(sent.length).toBe(3)
    expect(sent.at(-1)).toBe('{"type":"release-keys"}')
    expect(h.holds).toBe(false)
  })
  test('what was down when the connection went is forgotten without a word', async () => {
    const { h, sent, beats } = hands()
    h.keyboard.down(press('a', 'KeyA'))
    await Promise.resolve()
    sent.length = 0
    h.forget()
    expect(sent).toEqual([])
    expect(beats[0]!.off).toBe(true)
  })
  test('kanji go as a whole, or one by one where there is no clipboard', () => {
    const { h, sent, may } = hands()
    expect(h.paste('髙橋')).toBe('pasted')
    expect((sent[0] as number[])[0]).toBe(6)
    expect(sent.length).toBe(5) // the clipboard, Control, V, V, Control
    may.clipboard = false
    sent.length = 0
    expect(h.paste('髙橋')).toBe('typed')
    expect(sent.length).toBe(4)
    expect(h.paste('あ'.repeat(2001))).toBe('refused')
    may.keyboard = false
    expect(h.paste('髙橋')).toBe('refused')
  })
})
