// The pointer: buttons that are down, and the wheel as the two buttons that RFB
// has for it in each direction.

export interface PointerDoors {
  pointer(buttons: number, x: number, y: number): void
}

const ofButton: Record<number, number> = { 0: 1, 1: 2, 2: 4 }
const step = 50 // pixels of the wheel for one click of it
const lines = 17 // pixels of a line, where a wheel counts lines
const most = 8 // clicks of one event

export class Pointer {
  readonly #doors: PointerDoors
  #buttons = 0
  #x = 0
  #y = 0
  #turned = { x: 0, y: 0 }

  constructor(doors: PointerDoors) {
    this.#doors = doors
  }

  get holds(): boolean {
    return this.#buttons !== 0
  }

  move(x: number, y: number): void {
    if (x === this.#x && y === this.#y) return
    this.#at(x, y)
  }

  press(button: number, down: boolean, x: number, y: number): void {
    const bit = ofButton[button] ?? 0
    if (bit === 0) return
    this.#buttons = down ? this.#buttons | bit : this.#buttons & ~bit
    this.#at(x, y)
  }

  wheel(e: { deltaX: number; deltaY: number; deltaMode: number }, x: number, y: number): void {
    this.#x = x
    this.#y = y
    const scale = e.deltaMode === 0 ? 1 : lines
    this.#turned.x += e.deltaX * scale
    this.#turned.y += e.deltaY * scale
    this.#turned.y = this.#clicks(this.#turned.y, 8, 16)
    this.#turned.x = this.#clicks(this.#turned.x, 32, 64)
  }

  #clicks(turned: number, back: number, on: number): number {
    const n = Math.trunc(turned / step)
    for (let i = 0; i < Math.min(most, Math.abs(n)); i++) {
      this.#doors.pointer(this.#buttons | (n < 0 ? back : on), this.#x, this.#y)
      this.#doors.pointer(this.#buttons, this.#x, this.#y)
    }
    return turned - n * step
  }

  #at(x: number, y: number): void {
    this.#x = x
    this.#y = y
    this.#doors.pointer(this.#buttons, x, y)
  }

  /** letGo releases every button where the pointer is. */
  letGo(): void {
    if (this.#buttons === 0) return
    this.#buttons = 0
    this.#doors.pointer(0, this.#x, this.#y)
  }

  forget(): void {
    this.#buttons = 0
    this.#turned = { x: 0, y: 0 }
  }
}
