import { Keyboard } from './keys/keyboard'
import { Pointer } from './keys/pointer'
import { clipboard, keyEvent, pointerEvent } from './rfb/messages'

// What a person's hands do to a screen from afar. While anything is down the page
// says so every 50 ms; whoever does not hear it lets go.

export type Kind = 'keyboard' | 'pointer' | 'clipboard'

export interface HandsDoors {
  send(data: string | Uint8Array<ArrayBuffer>): boolean
  /** may says whether this kind of input would arrive now */
  may(kind: Kind): boolean
  every(f: () => void, ms: number): () => void
}

const beatEach = 50 // ms, BeatEach of internal/screen
const mostTyped = 2000 // characters that are typed where a clipboard cannot carry them

export class Hands {
  readonly keyboard: Keyboard
  readonly pointer: Pointer
  readonly #doors: HandsDoors
  #beating: (() => void) | undefined

  constructor(doors: HandsDoors) {
    this.#doors = doors
    this.keyboard = new Keyboard({ key: (down, keysym, scan) => this.#send(keyEvent(down, keysym, scan)) })
    this.pointer = new Pointer({ pointer: (buttons, x, y) => this.#send(pointerEvent(buttons, x, y)) })
  }

  get holds(): boolean {
    return this.keyboard.holds || this.pointer.holds
  }

  may(kind: Kind): boolean {
    return this.#doors.may(kind)
  }

  #send(message: Uint8Array<ArrayBuffer>): void {
    this.#doors.send(message)
    // After the message: a key that is going up no longer counts.
    queueMicrotask(() => this.#beat())
  }

  #beat(): void {
    if (!this.holds) {
      this.#beating?.()
      this.#beating = undefined
      return
    }
    this.#beating ??= this.#doors.every(() => {
      if (this.holds) this.#doors.send('{"type":"beat"}')
      else this.#beat()
    }, beatEach)
  }

  /**
   * paste brings a text as a whole: by the clipboard and its keys, or, where the
   * screen takes no clipboard, character by character. It says how.
   */
  paste(text: string): 'pasted' | 'typed' | 'refused' {
    if (text === '' || !this.may('keyboard')) return 'refused'
    if (this.may('clipboard')) {
      this.#doors.send(clipboard(text))
      this.keyboard.paste()
      return 'pasted'
    }
    if ([...text].length > mostTyped) return 'refused'
    this.keyboard.type(text)
    return 'typed'
  }

  /** letGo releases everything, and tells the gateway to do the same. */
  letGo(): void {
    const held = this.holds
    this.keyboard.letGo()
    this.pointer.letGo()
    if (held) this.#doors.send('{"type":"release-keys"}')
    this.#beat()
  }

  /** forget: the connection is gone, and the gateway has let go. */
  forget(): void {
    this.keyboard.forget()
    this.pointer.forget()
    this.#beat()
  }
}
