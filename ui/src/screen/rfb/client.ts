import { inflateWhole } from './inflate'
import * as say from './messages'
import { Tight } from './tight'
import { Broken, encoding, limits, Pump, s32, u16, u32, type Reading, type Rect, type Screen } from './wire'

// The client's half of RFB 3.8 (RFC 6143) as one incremental parser. It knows no
// canvas and no socket: bytes go in, drawing and answers come out.

/** Cursor is the shape of the pointer: pixels of four bytes, transparent where nothing is drawn. */
export interface Cursor {
  width: number
  height: number
  hotX: number
  hotY: number
  rgba: Uint8ClampedArray<ArrayBuffer>
}

/** Picture is what a client draws on. Calls come in the order of the stream. */
export interface Picture {
  resize(width: number, height: number): void
  fill(area: Rect, rgb: number): void
  pixels(area: Rect, rgba: Uint8ClampedArray<ArrayBuffer>): void
  jpeg(area: Rect, data: Uint8Array): void
  copy(to: Rect, fromX: number, fromY: number): void
  /** end: the update is whole; the promise is kept once it is painted. */
  end(): Promise<void>
}

export interface ClientDoors {
  picture: Picture
  send(message: Uint8Array<ArrayBuffer>): void
  /** ready: the handshake is over */
  ready?(name: string): void
  screens?(all: Screen[]): void
  cursor?(shape: Cursor): void
  bell?(): void
  clipboard?(text: string): void
  /** answered: the server has read everything before the last ask() */
  answered?(): void
}

export interface ClientOptions {
  /** quality of JPEG, 0 … 9 */
  quality?: number
}

const most = 2 // updates that are read and not painted until no more is asked for
const anyCount = 0xffff
const fenceRequest = 0x80000000
const fenceFlags = 0x7 // those that an answer keeps

export class Client {
  readonly #doors: ClientDoors
  readonly #quality: number
  readonly #tight = new Tight()
  readonly #pump: Pump
  #width = 0
  #height = 0
  #watched: Rect | undefined
  #unpainted = 0
  #owing = false // an update was read and the next one is not asked for
  /** the server has said that it knows ContinuousUpdates */
  continuous = false
  /** the server takes scan codes */
  scans = false

  constructor(doors: ClientDoors, options: ClientOptions = {}) {
    this.#doors = doors
    this.#quality = options.quality ?? 8
    this.#pump = new Pump(this.#stream())
  }

  get size(): { width: number; height: number } {
    return { width: this.#width, height: this.#height }
  }

  /** feed takes bytes of the server; it throws a Broken where they break the protocol. */
  feed(chunk: Uint8Array): void {
    this.#pump.feed(chunk)
  }

  /** watch asks for one part of the picture only, for example one monitor; undefined is everything. */
  watch(area: Rect | undefined): void {
    this.#watched = area
    if (this.#width > 0) this.#request(false)
  }

  /** ask has the server say when it has read what was sent before. */
  ask(): void {
    this.#doors.send(say.fence(fenceRequest, Uint8Array.of(1)))
  }

  #request(incremental: boolean): void {
    const whole = { x: 0, y: 0, width: this.#width, height: this.#height }
    const w = this.#watched
    const inside = w && w.x + w.width <= this.#width && w.y + w.height <= this.#height
    this.#doors.send(say.updateRequest(incremental, inside ? w : whole))
  }

  *#stream(): Reading<void> {
    yield* this.#handshake()
    for (;;) {
      const kind = (yield 1)[0]!
      if (kind === 0) yield* this.#update()
      else if (kind === 1) yield* colours()
      else if (kind === 2) this.#doors.bell?.()
      else if (kind === 3) yield* this.#cutText()
      else if (kind === 150) this.continuous = true
      else if (kind === 248) yield* this.#fence()
      else throw new Broken('server', `message ${kind}`)
    }
  }

  *#handshake(): Reading<void> {
    const version = ascii(yield 12)
    if (version !== 'RFB 003.008\n') throw new Broken('handshake', 'not RFB 3.8')
    this.#doors.send(new TextEncoder().encode(version))
    const count = (yield 1)[0]!
    if (count === 0) throw new Broken('handshake', yield* reason())
    if (!(yield count).includes(1)) throw new Broken('handshake', 'no security type None')
    this.#doors.send(Uint8Array.of(1))
    if (u32(yield 4) !== 0) throw new Broken('handshake', yield* reason())
    this.#doors.send(Uint8Array.of(1))
    const init = yield 24
    this.#resize(u16(init), u16(init, 2))
    const size = u32(init, 20)
    if (size > limits.name) throw new Broken('handshake', `a name of ${size} bytes`)
    const name = new TextDecoder().decode(yield size)
    this.#doors.send(say.pixelFormat())
    this.#doors.send(say.encodings(this.#quality))
    this.#doors.ready?.(name)
    this.#request(false)
  }

  #resize(width: number, height: number): void {
    if (width === 0 || height === 0 || width > limits.side || height > limits.side || width * height > limits.pixels) throw new Broken('size', `${width} × ${height}`)
    if (width === this.#width && height === this.#height) return
    this.#width = width
    this.#height = height
    this.#doors.picture.resize(width, height)
  }

  *#update(): Reading<void> {
    const count = u16(yield 3, 1)
    let drawn = false
    for (let i = 0; i < count || count === anyCount; i++) {
      const head = yield 12
      const area = { x: u16(head), y: u16(head, 2), width: u16(head, 4), height: u16(head, 6) }
      const e = s32(head, 8)
      if (e === encoding.lastRect) break
      if (e === encoding.qemuKeys) this.scans = true
      else if (e === encoding.cursor) yield* this.#cursor(area)
      else if (e === encoding.desktopSize) this.#resize(area.width, area.height)
      else if (e === encoding.extendedDesktopSize) yield* this.#desktop(area)
      else {
        drawn = true
        yield* this.#rect(area, e)
      }
    }
    this.#unpainted++
    if (!drawn) this.#painted()
    else void this.#doors.picture.end().then(() => this.#painted())
    this.#owing = true
    this.#next()
  }

  #painted(): void {
    this.#unpainted--
    this.#next()
  }

  /** next keeps at most two updates between the wire and the eye. */
  #next(): void {
    if (!this.#owing || this.#unpainted >= most) return
    this.#owing = false
    this.#request(true)
  }

  *#rect(area: Rect, e: number): Reading<void> {
    const { x, y, width, height } = area
    if (x + width > this.#width || y + height > this.#height) throw new Broken('rectangle', 'beyond the picture')
    const picture = this.#doors.picture
    if (e === encoding.copyRect) {
      const from = yield 4
      if (u16(from) + width > this.#width || u16(from, 2) + height > this.#height) throw new Broken('CopyRect', 'from beyond the picture')
      picture.copy(area, u16(from), u16(from, 2))
      return
    }
    if (width === 0 || height === 0) {
      if (e === encoding.tight) throw new Broken('Tight', 'an empty rectangle')
      return
    }
    if (e === encoding.raw) {
      picture.pixels(area, yield* raw(width * height))
      return
    }
    if (e !== encoding.tight) throw new Broken('rectangle', `encoding ${e}`)
    const drawn = yield* this.#tight.read(area)
    if (drawn.kind === 'fill') picture.fill(area, drawn.rgb)
    else if (drawn.kind === 'jpeg') picture.jpeg(area, drawn.data)
    else picture.pixels(area, drawn.rgba)
  }

  *#desktop(area: Rect): Reading<void> {
    const count = (yield 4)[0]!
    if (count > limits.screens) throw new Broken('ExtendedDesktopSize', `${count} screens`)
    const all: Screen[] = []
    for (let i = 0; i < count; i++) {
      const b = yield 16
      all.push({ id: u32(b), area: { x: u16(b, 4), y: u16(b, 6), width: u16(b, 8), height: u16(b, 10) } })
    }
    this.#resize(area.width, area.height)
    this.#doors.screens?.(all)
  }

  *#cursor(area: Rect): Reading<void> {
    const { width, height } = area
    if (width > limits.cursor || height > limits.cursor) throw new Broken('cursor', `${width} × ${height}`)
    const rgba = yield* raw(width * height)
    const row = (width + 7) >> 3
    const mask = yield row * height
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (!((mask[y * row + (x >> 3)]! >> (7 - (x & 7))) & 1)) rgba[(y * width + x) * 4 + 3] = 0
    this.#doors.cursor?.({ width, height, hotX: area.x, hotY: area.y, rgba })
  }

  *#cutText(): Reading<void> {
    const head = yield 7
    const size = s32(head, 3)
    if (Math.abs(size) > limits.cutText) throw new Broken('clipboard', `${size} bytes`)
    const body = yield Math.abs(size)
    if (size >= 0) return // Latin-1: what our server never sends
    if (body.length < 4) throw new Broken('clipboard', 'no action')
    const flags = u32(body)
    if (flags & say.clip.caps) this.#doors.send(say.clipboardCaps())
    else if (flags & say.clip.notify && flags & say.clip.text) return
    else if (flags & say.clip.provide && flags & say.clip.text) this.#doors.clipboard?.(provided(body.subarray(4)))
  }

  *#fence(): Reading<void> {
    const head = yield 8
    const [flags, size] = [u32(head, 3), head[7]!]
    if (size > limits.fence) throw new Broken('fence', `${size} bytes`)
    const payload = yield size
    if (flags & fenceRequest) this.#doors.send(say.fence(flags & fenceFlags, payload))
    else this.#doors.answered?.()
  }
}

const ascii = (b: Uint8Array) => String.fromCharCode(...b)

function* reason(): Reading<string> {
  const size = u32(yield 4)
  if (size > limits.reason) throw new Broken('handshake', `a reason of ${size} bytes`)
  return new TextDecoder().decode(yield size)
}

function* colours(): Reading<void> {
  const head = yield 5
  yield u16(head, 3) * 6 // only true colour is spoken; some servers send a map all the same
}

/** raw reads pixels of our format: red first, the fourth byte unused. */
function* raw(pixels: number): Reading<Uint8ClampedArray<ArrayBuffer>> {
  const out = new Uint8ClampedArray(yield pixels * 4)
  for (let i = 3; i < out.length; i += 4) out[i] = 255
  return out
}

function provided(body: Uint8Array): string {
  const whole = inflateWhole(body, limits.clipboard + 4)
  if (whole.length < 4) throw new Broken('clipboard', 'ends before its size')
  const size = u32(whole)
  if (size > whole.length - 4) throw new Broken('clipboard', 'ends within its text')
  const text = new TextDecoder('utf-8', { fatal: false }).decode(whole.subarray(4, 4 + size))
  return text.replace(/\0+$/, '').replaceAll('\r\n', '\n')
}
