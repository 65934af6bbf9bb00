import { inflateSync } from 'fflate'
import { Broken } from './wire'

// A zlib stream of Tight goes on from one rectangle to the next, and is flushed to
// a whole byte after each (Z_SYNC_FLUSH). So every rectangle's part can be
// inflated alone, with the last 32 KiB before it as dictionary; a last block of no
// bytes ends it. What comes out has a place of exactly the size that the rectangle
// needs: a bomb has nowhere to go.

const window = 32 << 10
const end = [0x01, 0x00, 0x00, 0xff, 0xff] // a stored block of no bytes, the last one

/** Stream is one zlib stream of a connection. */
export class Stream {
  #begun = false
  #past: Uint8Array = new Uint8Array(0)

  reset(): void {
    this.#begun = false
    this.#past = new Uint8Array(0)
  }

  /** inflate gives exactly size bytes. */
  inflate(data: Uint8Array, size: number): Uint8Array {
    const head = this.#begun ? 0 : 2
    if (!this.#begun && (data.length < 2 || (data[0]! & 0x0f) !== 8 || ((data[0]! << 8) | data[1]!) % 31 !== 0)) throw new Broken('zlib', 'no head')
    this.#begun = true
    const closed = new Uint8Array(data.length - head + end.length)
    closed.set(data.subarray(head))
    closed.set(end, data.length - head)
    let out: Uint8Array
    try {
      out = inflateSync(closed, { out: new Uint8Array(size + 1), dictionary: this.#past.length > 0 ? this.#past : undefined })
    } catch (err) {
      throw new Broken('zlib', String((err as Error).message))
    }
    if (out.length !== size) throw new Broken('zlib', `${out.length} bytes for ${size}`)
    this.#remember(out)
    return out
  }

  #remember(out: Uint8Array): void {
    if (out.length >= window) {
      this.#past = out.subarray(out.length - window) // nobody writes to it any more
      return
    }
    const kept = this.#past.subarray(Math.max(0, this.#past.length + out.length - window))
    const past = new Uint8Array(kept.length + out.length)
    past.set(kept)
    past.set(out, kept.length)
    this.#past = past
  }
}

/** inflateWhole inflates a stream that ends, at most limit bytes. */
export function inflateWhole(data: Uint8Array, limit: number): Uint8Array {
  if (data.length < 2) throw new Broken('zlib', 'no head')
  try {
    const out = inflateSync(data.subarray(2), { out: new Uint8Array(limit + 1) })
    if (out.length <= limit) return out
  } catch (err) {
    throw new Broken('zlib', String((err as Error).message))
  }
  throw new Broken('zlib', `more than ${limit} bytes`)
}

/**
 * stored wraps bytes as a zlib stream without compressing them: what a page sends
 * is a pasted line, and a compressor would be the larger part of it.
 */
export function stored(data: Uint8Array): Uint8Array {
  const most = 0xffff
  const blocks = Math.max(1, Math.ceil(data.length / most))
  const out = new Uint8Array(2 + blocks * 5 + data.length + 4)
  out.set([0x78, 0x01])
  let at = 2
  for (let i = 0; i < blocks; i++) {
    const part = data.subarray(i * most, (i + 1) * most)
    out.set([i === blocks - 1 ? 1 : 0, part.length & 0xff, part.length >> 8, ~part.length & 0xff, (~part.length >> 8) & 0xff], at)
    out.set(part, at + 5)
    at += 5 + part.length
  }
  let [a, b] = [1, 0]
  for (const byte of data) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  out.set([b >> 8, b & 0xff, a >> 8, a & 0xff], at)
  return out
}
