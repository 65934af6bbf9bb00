// The bytes of a connection, as they come: a WebSocket's messages end where they
// like. A parser is a generator that yields how many bytes it needs next and is
// given exactly those; nothing of it knows where a message of the socket ended.

/** Reading is a parser: it yields a number of bytes and is given them. */
export type Reading<T> = Generator<number, T, Uint8Array>

/** Broken is a stream that breaks the protocol or a limit: it cannot go on. */
export class Broken extends Error {
  readonly where: string

  constructor(where: string, reason: string) {
    super(`${where}: ${reason}`)
    this.where = where
  }
}

/** Incoming keeps what arrived and has not been read. */
export class Incoming {
  #chunks: Uint8Array[] = []
  #from = 0 // of the first chunk
  /** length is how many bytes wait. */
  length = 0

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.length += chunk.length
  }

  /** take gives n bytes: a view where they lie together, a copy where they do not. */
  take(n: number): Uint8Array {
    if (n > this.length) throw new RangeError('more than there is')
    if (n === 0) return new Uint8Array(0)
    this.length -= n
    const first = this.#chunks[0]!
    if (this.#from + n <= first.length) {
      const view = first.subarray(this.#from, this.#from + n)
      this.#from += n
      if (this.#from === first.length) this.#next()
      return view
    }
    const whole = new Uint8Array(n)
    for (let at = 0; at < n; ) {
      const chunk = this.#chunks[0]!
      const part = chunk.subarray(this.#from, Math.min(chunk.length, this.#from + n - at))
      whole.set(part, at)
      at += part.length
      this.#from += part.length
      if (this.#from === chunk.length) this.#next()
    }
    return whole
  }

  #next(): void {
    this.#chunks.shift()
    this.#from = 0
  }
}

/** Pump runs a parser over what arrives. */
export class Pump {
  readonly #in = new Incoming()
  readonly #reading: Reading<void>
  #wants: number

  constructor(reading: Reading<void>) {
    this.#reading = reading
    this.#wants = this.#step(reading.next())
  }

  /** feed reads on as far as the bytes reach; it throws what the parser throws. */
  feed(chunk: Uint8Array): void {
    this.#in.push(chunk)
    while (this.#wants >= 0 && this.#in.length >= this.#wants) this.#wants = this.#step(this.#reading.next(this.#in.take(this.#wants)))
  }

  #step(r: IteratorResult<number, void>): number {
    return r.done ? -1 : r.value
  }
}

export const u16 = (b: Uint8Array, at = 0): number => (b[at]! << 8) | b[at + 1]!
export const u32 = (b: Uint8Array, at = 0): number => ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0
export const s32 = (b: Uint8Array, at = 0): number => u32(b, at) | 0

/** Rect is a part of the picture, in pixels. */
export interface Rect {
  x: number
  y: number
  width: number
  height: number
}

/** Screen is one monitor of a desktop. */
export interface Screen {
  id: number
  area: Rect
}

/** Limits of one connection, those of the server's own package (rfb/limits.go). */
export const limits = {
  side: 16384,
  pixels: 34 << 20,
  name: 4096,
  cutText: 256 << 10,
  clipboard: 1 << 20,
  screens: 16,
  fence: 64,
  reason: 1024,
  cursor: 512,
} as const

export const encoding = {
  raw: 0,
  copyRect: 1,
  tight: 7,
  desktopSize: -223,
  lastRect: -224,
  cursor: -239,
  qemuKeys: -258,
  extendedDesktopSize: -308,
  fence: -312,
  continuousUpdates: -313,
  extendedClipboard: -0x3f5e1a32,
  /** quality of JPEG, 0 … 9 */
  quality: (level: number) => -32 + level,
  /** level of zlib, 0 … 9 */
  compression: (level: number) => -256 + level,
} as const
