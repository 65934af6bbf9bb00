import { Stream } from './inflate'
import { Broken, type Reading, type Rect } from './wire'

// The Tight encoding with pixels of three bytes, red first: what our format makes
// of it. A rectangle is one colour, a JPEG, or pixels that a filter and zlib packed.

/** Drawn is what a rectangle shows. */
export type Drawn = { kind: 'fill'; rgb: number } | { kind: 'jpeg'; data: Uint8Array } | { kind: 'pixels'; rgba: Uint8ClampedArray<ArrayBuffer> }

const opaque = 0xff000000
const plain = 12 // fewer bytes than this are not packed

export class Tight {
  readonly #streams = [new Stream(), new Stream(), new Stream(), new Stream()];

  *read(area: Rect): Reading<Drawn> {
    const control = (yield 1)[0]!
    for (let i = 0; i < 4; i++) if (control & (1 << i)) this.#streams[i]!.reset()
    const kind = control & 0xf0
    if (kind === 0x80) return { kind: 'fill', rgb: colour(yield 3, 0) }
    if (kind === 0x90) return { kind: 'jpeg', data: (yield yield* compact(area)).slice() }
    if (kind & 0x80) throw new Broken('Tight', `control byte ${control}`)
    const filter = control & 0x40 ? (yield 1)[0]! : 0
    const stream = this.#streams[(control >> 4) & 3]!
    if (filter === 1) return { kind: 'pixels', rgba: yield* indexed(area, stream) }
    if (filter > 2) throw new Broken('Tight', `filter ${filter}`)
    const data = yield* unpacked(area, stream, area.width * area.height * 3)
    return { kind: 'pixels', rgba: filter === 2 ? whole(gradient(data.slice(), area)) : whole(data) }
  }
}

const colour = (b: Uint8Array, at: number) => (b[at]! << 16) | (b[at + 1]! << 8) | b[at + 2]!

/** compact reads a length of one to three bytes and compares it with what the area could need. */
function* compact(area: Rect): Reading<number> {
  let n = 0
  for (let i = 0; i < 3; i++) {
    const b = (yield 1)[0]!
    n |= (i === 2 ? b : b & 0x7f) << (7 * i)
    if (i === 2 || !(b & 0x80)) break
  }
  const most = area.width * area.height * 5 + 4096
  if (n > most) throw new Broken('Tight', `${n} bytes for ${area.width} × ${area.height}`)
  return n
}

function* unpacked(area: Rect, stream: Stream, size: number): Reading<Uint8Array> {
  if (size < plain) return yield size
  return stream.inflate(yield yield* compact(area), size)
}

function* indexed(area: Rect, stream: Stream): Reading<Uint8ClampedArray<ArrayBuffer>> {
  const count = (yield 1)[0]! + 1
  const packed = yield count * 3
  const palette = new Uint32Array(256)
  for (let i = 0; i < count; i++) palette[i] = opaque | (packed[3 * i + 2]! << 16) | (packed[3 * i + 1]! << 8) | packed[3 * i]!
  const { width, height } = area
  const row = count <= 2 ? (width + 7) >> 3 : width
  const data = yield* unpacked(area, stream, row * height)
  const out = new Uint32Array(width * height)
  if (count <= 2) {
    for (let y = 0, at = 0; y < height; y++)
      for (let x = 0; x < width; x++) out[at++] = palette[(data[y * row + (x >> 3)]! >> (7 - (x & 7))) & 1]!
  } else {
    for (let i = 0; i < out.length; i++) {
      const index = data[i]!
      if (index >= count) throw new Broken('Tight', `index ${index} of ${count} colours`)
      out[i] = palette[index]!
    }
  }
  return new Uint8ClampedArray(out.buffer)
}

/** whole makes pixels of three bytes into such of four. */
function whole(data: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint32Array(data.length / 3)
  for (let i = 0, at = 0; i < out.length; i++, at += 3) out[i] = opaque | (data[at + 2]! << 16) | (data[at + 1]! << 8) | data[at]!
  return new Uint8ClampedArray(out.buffer)
}

/** gradient undoes the third filter: each byte is the difference to what its neighbours foretell. */
function gradient(b: Uint8Array, { width, height }: Rect): Uint8Array {
  const row = width * 3
  for (let y = 0; y < height; y++)
    for (let i = 0; i < row; i++) {
      const at = y * row + i
      const left = i >= 3 ? b[at - 3]! : 0
      const up = y > 0 ? b[at - row]! : 0
      const corner = i >= 3 && y > 0 ? b[at - row - 3]! : 0
      b[at] = b[at]! + Math.min(255, Math.max(0, left + up - corner))
    }
  return b
}
