import { constants, deflateRawSync, deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Client, type Cursor, type Picture } from './client'
import { clipboard } from './messages'
import { Broken, encoding, type Rect, type Screen } from './wire'

// A server as bytes, and a picture in memory that is compared with what they say.

const u8s = (...parts: (number | number[] | Uint8Array | string)[]) => Uint8Array.from(parts.flatMap((p) => (typeof p === 'number' ? [p] : typeof p === 'string' ? [...new TextEncoder().encode(p)] : [...p])))
const b16 = (...n: number[]) => n.flatMap((x) => [(x >> 8) & 255, x & 255])
const b32 = (...n: number[]) => n.flatMap((x) => [(x >>> 24) & 255, (x >>> 16) & 255, (x >>> 8) & 255, x & 255])

const hello = (width: number, height: number) => u8s('RFB 003.008\n', [1, 1], b32(0), b16(width, height), [32, 24, 0, 1], b16(255, 255, 255), [16, 8, 0, 0, 0, 0], b32(4), 'test')
const rect = (x: number, y: number, width: number, height: number, e: number, ...body: (number | number[] | Uint8Array)[]) => u8s(b16(x, y, width, height), b32(e), ...body)
const update = (...rects: Uint8Array[]) => u8s([0, 0], b16(rects.length), ...rects)
const flushed = (data: Uint8Array) => new Uint8Array(deflateSync(data, { finishFlush: constants.Z_SYNC_FLUSH }))
const compact = (n: number) => (n < 128 ? [n] : n < 1 << 14 ? [(n & 127) | 128, n >> 7] : [(n & 127) | 128, ((n >> 7) & 127) | 128, n >> 14])

class Memory implements Picture {
  width = 0
  height = 0
  pix = new Uint8ClampedArray(0)
  ends = 0
  jpegs: [Rect, Uint8Array][] = []
  resize(width: number, height: number) {
    ;[this.width, this.height] = [width, height]
    this.pix = new Uint8ClampedArray(width * height * 4)
  }
  fill(r: Rect, rgb: number) {
    const one = [rgb >> 16, (rgb >> 8) & 255, rgb & 255, 255]
    this.pixels(r, Uint8ClampedArray.from(Array.from({ length: r.width * r.height }, () => one).flat()))
  }
  pixels(r: Rect, rgba: Uint8ClampedArray) {
    expect(rgba.length).toBe(r.width * r.height * 4)
    for (let y = 0; y < r.height; y++) this.pix.set(rgba.subarray(y * r.width * 4, (y + 1) * r.width * 4), ((r.y + y) * this.width + r.x) * 4)
  }
  jpeg(r: Rect, data: Uint8Array) {
    this.jpegs.push([r, data])
  }
  copy(to: Rect, fromX: number, fromY: number) {
    const from = this.pix.slice()
    for (let y = 0; y < to.height; y++) for (let x = 0; x < to.width * 4; x++) this.pix[((to.y + y) * this.width + to.x) * 4 + x] = from[((fromY + y) * this.width + fromX) * 4 + x]!
  }
  end() {
    this.ends++
    return Promise.resolve()
  }
  at(x: number, y: number) {
    return [...this.pix.subarray((y * this.width + x) * 4, (y * this.width + x) * 4 + 4)]
  }
}

function start(width = 8, height = 4) {
  const picture = new Memory()
  const sent: Uint8Array[] = []
  const heard: { screens: Screen[]; cursor: Cursor[]; bell: number; clipboard: string[] } = { screens: [], cursor: [], bell: 0, clipboard: [] }
  const client = new Client({ picture, send: (m) => sent.push(m), screens: (s) => (heard.screens = s), cursor: (c) => heard.cursor.push(c), bell: () => heard.bell++, clipboard: (t) => heard.clipboard.push(t) })
  client.feed(hello(width, height))
  return { picture, sent, heard, client }
}

describe('handshake', () => {
  test('answers with 3.8, None, shared, and asks for everything once', () => {
    const { sent, picture } = start()
    expect(picture.width).toBe(8)
    expect(new TextDecoder().decode(sent[0])).toBe('RFB 003.008\n')
    expect([...sent[1]!]).toEqual([1])
    expect([...sent[2]!]).toEqual([1])
    expect(sent[3]![0]).toBe(0)
    expect(sent[4]![0]).toBe(2)
    expect([...sent[5]!]).toEqual([3, 0, ...b16(0, 0, 8, 4)])
  })
  test('a refusal has its reason', () => {
    const client = new Client({ picture: new Memory(), send: () => {} })
    expect(() => client.feed(u8s('RFB 003.008\n', [0], b32(4), 'over'))).toThrow('over')
  })
})

// One update with every encoding that we ask for.
function everything() {
  const raw = rect(0, 0, 2, 1, encoding.raw, [1, 2, 3, 0, 4, 5, 6, 0])
  const fill = rect(2, 0, 6, 4, encoding.tight, [0x80, 9, 8, 7])
  const bits = rect(0, 1, 8, 1, encoding.tight, [0x40, 1, 1, 10, 11, 12, 20, 21, 22, 0b10100000])
  const indices = Uint8Array.from({ length: 16 }, (_, i) => i % 3)
  const palette = rect(0, 2, 8, 2, encoding.tight, [0x4f, 1, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3], compact(flushed(indices).length), flushed(indices))
  const copy = rect(0, 3, 2, 1, encoding.copyRect, b16(0, 0))
  return update(raw, fill, bits, palette, copy)
}

function check(p: Memory) {
  expect(p.at(0, 0)).toEqual([1, 2, 3, 255])
  expect(p.at(7, 0)).toEqual([9, 8, 7, 255])
  expect([p.at(0, 1), p.at(1, 1), p.at(2, 1)]).toEqual([
    [20, 21, 22, 255],
    [10, 11, 12, 255],
    [20, 21, 22, 255],
  ])
  expect(p.at(4, 2)).toEqual([2, 2, 2, 255])
  expect([p.at(0, 3), p.at(1, 3)]).toEqual([
    [1, 2, 3, 255],
    [4, 5, 6, 255],
  ])
}

describe('pictures', () => {
  test('every encoding, however the bytes are cut', () => {
    const bytes = everything()
    for (const size of [1, 2, 3, 7, 64, bytes.length]) {
      const { picture, client } = start()
      for (let at = 0; at < bytes.length; at += size) client.feed(bytes.subarray(at, at + size))
      check(picture)
      expect(picture.ends).toBe(1)
    }
  })
  test('zlib goes on from one rectangle to the next', () => {
    const first = Uint8Array.from({ length: 96 }, (_, i) => (i * 37) & 255)
    const second = u8s(first.subarray(48), first.subarray(0, 48))
    const one = flushed(first)
    const two = new Uint8Array(deflateRawSync(second, { finishFlush: constants.Z_SYNC_FLUSH, dictionary: first }))
    expect(two.length).toBeLessThan(40) // it refers to the bytes of the first
    const { client, picture } = start()
    client.feed(update(rect(0, 0, 8, 4, encoding.tight, [0x01], compact(one.length), one)))
    expect(picture.at(1, 0)).toEqual([first[3], first[4], first[5], 255])
    client.feed(update(rect(0, 0, 8, 4, encoding.tight, [0x00], compact(two.length), two)))
    expect(picture.at(1, 0)).toEqual([second[3], second[4], second[5], 255])
    expect(() => client.feed(update(rect(0, 0, 8, 4, encoding.tight, [0x10], compact(two.length), two)))).toThrow(Broken) // another stream, without a head
  })
  test('a gradient is what its neighbours foretell and a difference', () => {
    const { client, picture } = start(2, 2)
    // Left 10, right +5; below +1, and the corner foretells 15 + 11 − 10.
    client.feed(update(rect(0, 0, 2, 2, encoding.tight, [0x4f, 2], compact(flushed(gradientBytes).length), flushed(gradientBytes))))
    expect([picture.at(0, 0)[0], picture.at(1, 0)[0], picture.at(0, 1)[0], picture.at(1, 1)[0]]).toEqual([10, 15, 11, 18])
  })
  test('a JPEG is handed on as it came', () => {
    const { client, picture } = start()
    client.feed(update(rect(1, 1, 4, 2, encoding.tight, [0x90], compact(5), [0xff, 0xd8, 1, 0xff, 0xd9])))
    expect(picture.jpegs).toEqual([[{ x: 1, y: 1, width: 4, height: 2 }, u8s([0xff, 0xd8, 1, 0xff, 0xd9])]])
  })
  test('LastRect ends an update whose count is not known', () => {
    const { client, picture } = start()
    client.feed(u8s([0, 0], b16(0xffff), rect(0, 0, 8, 4, encoding.tight, [0x80, 1, 2, 3]), rect(0, 0, 0, 0, encoding.lastRect)))
    expect(picture.ends).toBe(1)
    expect(picture.at(7, 3)).toEqual([1, 2, 3, 255])
  })
  test('sizes, screens and the pointer', () => {
    const { client, picture, heard } = start()
    const screens = u8s([2, 0, 0, 0], b32(7), b16(0, 0, 16, 8), b32(0), b32(9), b16(16, 0, 16, 8), b32(0))
    client.feed(update(rect(0, 0, 32, 8, encoding.extendedDesktopSize, screens)))
    expect([picture.width, picture.height]).toEqual([32, 8])
    expect(heard.screens).toEqual([
      { id: 7, area: { x: 0, y: 0, width: 16, height: 8 } },
      { id: 9, area: { x: 16, y: 0, width: 16, height: 8 } },
    ])
    client.feed(update(rect(1, 0, 2, 1, encoding.cursor, [1, 2, 3, 0, 4, 5, 6, 0, 0b10000000])))
    expect(heard.cursor[0]).toMatchObject({ width: 2, height: 1, hotX: 1, hotY: 0 })
    expect([...heard.cursor[0]!.rgba]).toEqual([1, 2, 3, 255, 4, 5, 6, 0])
  })
})

const gradientBytes = u8s([10, 0, 0, 5, 0, 0, 1, 0, 0, 2, 0, 0])

describe('the rest', () => {
  test('fences are answered, bells ring, colour maps are read past', () => {
    const { client, sent, heard } = start()
    sent.length = 0
    client.feed(u8s([248, 0, 0, 0], b32(0x80000003), [4], 'beat', [2], [1, 0], b16(0, 1), [1, 2, 3, 4, 5, 6], [150]))
    expect([...sent[0]!]).toEqual([248, 0, 0, 0, ...b32(3), 4, ...new TextEncoder().encode('beat')])
    expect(heard.bell).toBe(1)
    expect(client.continuous).toBe(true)
  })
  test('a server says when it has read what was sent', () => {
    const sent: Uint8Array[] = []
    let answers = 0
    const client = new Client({ picture: new Memory(), send: (m) => sent.push(m), answered: () => answers++ })
    client.feed(hello(8, 4))
    client.ask()
    expect([...sent.at(-1)!]).toEqual([248, 0, 0, 0, ...b32(0x80000000), 1, 1])
    client.feed(u8s([248, 0, 0, 0], b32(0), [1, 1]))
    expect(answers).toBe(1)
  })
  test('the clipboard carries kanji both ways', () => {
    const text = '𠮷野家の髙橋\n〜①㈱'
    const { client, heard } = start()
    const said = clipboard(text).slice()
    said[0] = 3 // what a client says of its clipboard a server says in the same way
    client.feed(said)
    expect(heard.clipboard).toEqual([text])
    const long = 'あ'.repeat(60_000)
    const big = clipboard(long).slice(4)
    expect(new DataView(big.buffer).getInt32(0)).toBe(-(big.length - 4))
  })
  test('no more than two updates are asked for that nobody has painted', async () => {
    const { client, picture, sent } = start()
    const waiting: (() => void)[] = []
    picture.end = () => new Promise<void>((done) => waiting.push(done))
    sent.length = 0
    const one = update(rect(0, 0, 1, 1, encoding.tight, [0x80, 1, 1, 1]))
    client.feed(one)
    client.feed(one)
    expect(sent.length).toBe(1)
    waiting[0]!()
    await Promise.resolve()
    await Promise.resolve()
    expect(sent.length).toBe(2)
  })
  test('one monitor is asked for alone', () => {
    const { client, sent } = start(32, 8)
    client.watch({ x: 16, y: 0, width: 16, height: 8 })
    expect([...sent.at(-1)!]).toEqual([3, 0, ...b16(16, 0, 16, 8)])
    client.watch({ x: 16, y: 0, width: 17, height: 8 })
    expect([...sent.at(-1)!]).toEqual([3, 0, ...b16(0, 0, 32, 8)])
  })
})

describe('strangers', () => {
  const bad: [string, Uint8Array][] = [
    ['an unknown message', u8s([77])],
    ['a rectangle beyond the picture', update(rect(7, 0, 2, 1, encoding.raw, [0, 0, 0, 0, 0, 0, 0, 0]))],
    ['a copy from beyond the picture', update(rect(0, 0, 2, 1, encoding.copyRect, b16(7, 0)))],
    ['an unknown encoding', update(rect(0, 0, 1, 1, 99))],
    ['a huge size', update(rect(0, 0, 65535, 65535, encoding.desktopSize))],
    ['no size at all', update(rect(0, 0, 0, 4, encoding.desktopSize))],
    ['seventeen screens', update(rect(0, 0, 8, 4, encoding.extendedDesktopSize, [17, 0, 0, 0]))],
    ['a huge pointer', update(rect(0, 0, 513, 1, encoding.cursor))],
    ['a JPEG larger than its pixels', update(rect(0, 0, 1, 1, encoding.tight, [0x90], compact(5000)))],
    ['an index without a colour', update(rect(0, 0, 4, 1, encoding.tight, [0x40, 1, 2, 0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 1, 2, 3]))],
    ['a bomb', update(rect(0, 0, 8, 4, encoding.tight, [0x0f], compact(flushed(new Uint8Array(500_000)).length), flushed(new Uint8Array(500_000))))],
    ['a long fence', u8s([248, 0, 0, 0], b32(1 << 31), [65])],
    ['a long clipboard', u8s([3, 0, 0, 0], b32(-(1 << 20)))],
  ]
  test.each(bad)('%s ends the connection', (_, bytes) => {
    const { client } = start()
    expect(() => client.feed(bytes)).toThrow(Broken)
  })
  test('bytes that were changed at random draw something or end, and nothing else', () => {
    const whole = u8s(everything(), update(rect(0, 0, 8, 4, encoding.tight, [0x0f], compact(flushed(new Uint8Array(96)).length), flushed(new Uint8Array(96)))), [248, 0, 0, 0], b32(1), [1, 1], clipboard('試験').slice().fill(3, 0, 1))
    let seed = 4
    const random = (n: number) => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 8) % n
    for (let round = 0; round < 3000; round++) {
      const bytes = whole.slice()
      for (let n = 1 + random(3); n > 0; n--) bytes[random(bytes.length)] = random(256)
      const { client } = start()
      try {
        client.feed(bytes)
      } catch (err) {
        expect(err).toBeInstanceOf(Broken)
      }
    }
  })
})
