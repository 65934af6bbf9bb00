import { stored } from './inflate'
import { encoding, type Rect } from './wire'

// What a page says. Each function gives one message.

function bytes(size: number, fill: (v: DataView) => void): Uint8Array<ArrayBuffer> {
  const b = new Uint8Array(size)
  fill(new DataView(b.buffer))
  return b
}

/**
 * pixelFormat asks for 32 bits with red first: then a pixel lies as ImageData has
 * it, and only its fourth byte must be filled.
 */
export const pixelFormat = (): Uint8Array<ArrayBuffer> => Uint8Array.of(0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0)

/** encodings says what this client understands, best first. */
export function encodings(quality: number): Uint8Array<ArrayBuffer> {
  const e = encoding
  const all = [e.copyRect, e.tight, e.raw, e.quality(quality), e.compression(1), e.cursor, e.extendedDesktopSize, e.desktopSize, e.lastRect, e.fence, e.continuousUpdates, e.qemuKeys, e.extendedClipboard]
  return bytes(4 + 4 * all.length, (v) => {
    v.setUint8(0, 2)
    v.setUint16(2, all.length)
    all.forEach((x, i) => v.setInt32(4 + 4 * i, x))
  })
}

function area(v: DataView, at: number, r: Rect): void {
  v.setUint16(at, r.x)
  v.setUint16(at + 2, r.y)
  v.setUint16(at + 4, r.width)
  v.setUint16(at + 6, r.height)
}

export const updateRequest = (incremental: boolean, r: Rect): Uint8Array<ArrayBuffer> =>
  bytes(10, (v) => {
    v.setUint8(0, 3)
    v.setUint8(1, incremental ? 1 : 0)
    area(v, 2, r)
  })

export const continuousUpdates = (on: boolean, r: Rect): Uint8Array<ArrayBuffer> =>
  bytes(10, (v) => {
    v.setUint8(0, 150)
    v.setUint8(1, on ? 1 : 0)
    area(v, 2, r)
  })

/** keyEvent is a key with its XT scan code, 0 where none is known (QEMU's extension). */
export const keyEvent = (down: boolean, keysym: number, scan: number): Uint8Array<ArrayBuffer> =>
  scan === 0
    ? bytes(8, (v) => {
        v.setUint8(0, 4)
        v.setUint8(1, down ? 1 : 0)
        v.setUint32(4, keysym)
      })
    : bytes(12, (v) => {
        v.setUint8(0, 255)
        v.setUint16(2, down ? 1 : 0)
        v.setUint32(4, keysym)
        v.setUint32(8, scan)
      })

export const pointerEvent = (buttons: number, x: number, y: number): Uint8Array<ArrayBuffer> =>
  bytes(6, (v) => {
    v.setUint8(0, 5)
    v.setUint8(1, buttons)
    v.setUint16(2, x)
    v.setUint16(4, y)
  })

export const fence = (flags: number, payload: Uint8Array): Uint8Array<ArrayBuffer> => {
  const b = bytes(9 + payload.length, (v) => {
    v.setUint8(0, 248)
    v.setUint32(4, flags)
    v.setUint8(8, payload.length)
  })
  b.set(payload, 9)
  return b
}

export const clip = { text: 1, caps: 1 << 24, request: 1 << 25, peek: 1 << 26, notify: 1 << 27, provide: 1 << 28 } as const

function cutText(flags: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const b = bytes(12 + body.length, (v) => {
    v.setUint8(0, 6)
    v.setInt32(4, -(4 + body.length))
    v.setUint32(8, flags)
  })
  b.set(body, 12)
  return b
}

/** clipboardCaps says that this client takes text when it is offered, and none unasked. */
export const clipboardCaps = (): Uint8Array<ArrayBuffer> => cutText(clip.caps | clip.request | clip.notify | clip.provide | clip.text, new Uint8Array(4))

/** clipboard gives a text to the other side's clipboard: UTF-8, lines end with CR LF, a NUL at the end. */
export function clipboard(text: string): Uint8Array<ArrayBuffer> {
  const utf8 = new TextEncoder().encode(text.replaceAll(/\r\n|\r|\n/g, '\r\n') + '\0')
  const sized = new Uint8Array(4 + utf8.length)
  new DataView(sized.buffer).setUint32(0, utf8.length)
  sized.set(utf8, 4)
  return cutText(clip.provide | clip.text, stored(sized))
}
