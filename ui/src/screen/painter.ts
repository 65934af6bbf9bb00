import type { Picture } from './rfb/client'
import type { Rect } from './rfb/wire'

// Draws on a canvas in the order of the stream. Only a JPEG is decoded beside it,
// by the browser; what comes after one waits for it, because it may lie on top.

type Step = { draw: () => void } | { area: Rect; jpeg: Promise<ImageBitmap>; image?: ImageBitmap } | { painted: () => void; at: number }

export interface PainterDoors {
  /** decode makes a picture of a JPEG */
  decode(data: Uint8Array): Promise<ImageBitmap>
  /** drawn is told after each update: how many there were, and how long the last one took from the wire, in ms */
  drawn?(count: number, ms: number): void
  /** failed is told of a JPEG that is none: the picture is wrong from here on */
  failed(): void
  now(): number
}

export const browserPainter = {
  decode: (data: Uint8Array) => createImageBitmap(new Blob([data as Uint8Array<ArrayBuffer>], { type: 'image/jpeg' })),
  now: () => performance.now(),
}

export class Painter implements Picture {
  readonly #canvas: HTMLCanvasElement
  readonly #on: CanvasRenderingContext2D
  readonly #doors: PainterDoors
  #steps: Step[] = []
  #since = 0
  #count = 0
  #over = false

  constructor(canvas: HTMLCanvasElement, doors: PainterDoors) {
    this.#canvas = canvas
    this.#doors = doors
    const on = canvas.getContext('2d', { alpha: false })
    if (!on) throw new Error('no canvas')
    this.#on = on
  }

  #do(step: Step): void {
    if (this.#since === 0) this.#since = this.#doors.now()
    this.#steps.push(step)
    this.#go()
  }

  /** go draws as far as pictures are decoded. */
  #go(): void {
    while (!this.#over) {
      const next = this.#steps[0]
      if (!next) return
      if ('draw' in next) next.draw()
      else if ('painted' in next) {
        this.#count++
        this.#doors.drawn?.(this.#count, this.#doors.now() - next.at)
        next.painted()
      } else {
        if (!next.image) return
        this.#on.drawImage(next.image, next.area.x, next.area.y)
        next.image.close()
      }
      this.#steps.shift()
    }
  }

  resize(width: number, height: number): void {
    this.#do({
      draw: () => {
        if (this.#canvas.width === width && this.#canvas.height === height) return // a new connection shows over the old picture
        this.#canvas.width = width
        this.#canvas.height = height
      },
    })
  }

  fill(r: Rect, rgb: number): void {
    this.#do({
      draw: () => {
        this.#on.fillStyle = `#${rgb.toString(16).padStart(6, '0')}`
        this.#on.fillRect(r.x, r.y, r.width, r.height)
      },
    })
  }

  pixels(r: Rect, rgba: Uint8ClampedArray<ArrayBuffer>): void {
    this.#do({ draw: () => this.#on.putImageData(new ImageData(rgba, r.width, r.height), r.x, r.y) })
  }

  copy(to: Rect, fromX: number, fromY: number): void {
    this.#do({ draw: () => this.#on.drawImage(this.#canvas, fromX, fromY, to.width, to.height, to.x, to.y, to.width, to.height) })
  }

  jpeg(area: Rect, data: Uint8Array): void {
    const step: Step = { area, jpeg: this.#doors.decode(data) }
    step.jpeg.then(
      (image) => {
        step.image = image
        if (this.#over) image.close()
        else this.#go()
      },
      () => {
        if (!this.#over) this.#doors.failed()
      },
    )
    this.#do(step)
  }

  end(): Promise<void> {
    return new Promise((painted) => {
      const at = this.#since === 0 ? this.#doors.now() : this.#since
      this.#do({ painted, at })
      this.#since = 0
    })
  }

  /** stop draws nothing more. */
  stop(): void {
    this.#over = true
    for (const s of this.#steps) if ('image' in s) s.image?.close()
    this.#steps = []
  }
}
