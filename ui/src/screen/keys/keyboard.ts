import { keysymOf, keysymOfCharacter } from './keysym'
import { scanOf } from './scan'

// Every key that went down is known until it came up, with what was said of it:
// a key that is released says the same as when it was pressed, whatever Shift has
// become since. Browsers do not report every release; each case is named below.

export interface Press {
  key: string
  code: string
  location: number
  keyCode: number
  repeat: boolean
  isComposing: boolean
  ctrlKey: boolean
  shiftKey: boolean
  altKey: boolean
  metaKey: boolean
}

export interface KeyboardDoors {
  key(down: boolean, keysym: number, scan: number): void
}

interface Held {
  keysym: number
  scan: number
}

// Keys that switch an input method. Chromium on Windows reports the press of one
// name and the release of another (全角, 半角), or none (英数, かな); on a Mac
// CapsLock comes up when it is pressed the second time. Nobody holds them for
// long, so each is pressed and released at once.
const switches = new Set(['Zenkaku', 'Hankaku', 'ZenkakuHankaku', 'Hiragana', 'Katakana', 'HiraganaKatakana', 'Romaji', 'KanaMode', 'KanjiMode', 'Alphanumeric', 'Eisu', 'CapsLock'])

const modifiers: [flag: 'ctrlKey' | 'shiftKey' | 'altKey' | 'metaKey', codes: string[]][] = [
  ['ctrlKey', ['ControlLeft', 'ControlRight']],
  ['shiftKey', ['ShiftLeft', 'ShiftRight']],
  ['altKey', ['AltLeft', 'AltRight']],
  ['metaKey', ['MetaLeft', 'MetaRight']],
]
const taken = 229 // an input method of this machine has the key

/** leaves reports whether a key combination leaves the screen: Ctrl+Alt+Home. */
export function leaves(e: Pick<Press, 'key' | 'ctrlKey' | 'altKey'>): boolean {
  return e.key === 'Home' && e.ctrlKey && e.altKey
}

/** switchesInput reports whether a key switches an input method. */
export function switchesInput(e: Pick<Press, 'key' | 'code'>): boolean {
  return (switches.has(e.key) && e.key !== 'CapsLock') || (e.key === 'Process' && (e.code === 'Backquote' || e.code === 'KanaMode'))
}

export class Keyboard {
  readonly #doors: KeyboardDoors
  readonly #held = new Map<string, Held>()

  constructor(doors: KeyboardDoors) {
    this.#doors = doors
  }

  get holds(): boolean {
    return this.#held.size > 0
  }

  /** down takes a press and says whether it was sent. */
  down(e: Press): boolean {
    if (e.isComposing || e.keyCode === taken || e.key === 'Process') return false
    this.agree(e)
    const [id, keysym, scan] = [idOf(e), keysymOf(e), scanOf(e.code)]
    if (keysym === 0 && scan === 0) return false
    if (switches.has(e.key)) {
      if (!e.repeat) this.#tap(keysym, scan)
      return true
    }
    if (e.key === 'AltGraph') this.#up('ControlLeft') // Windows puts a Control before it that nobody pressed
    const held = this.#held.get(id)
    if (!held) this.#held.set(id, { keysym, scan })
    this.#doors.key(true, held?.keysym ?? keysym, held?.scan ?? scan)
    return true
  }

  /** up takes a release and says whether it was of a key that is down. */
  up(e: Press): boolean {
    const known = this.#up(idOf(e))
    // Windows reports one release when both Shifts are down; a Mac reports none of
    // what was pressed while Command was.
    if (e.key === 'Shift' && !e.shiftKey) this.agree(e)
    if (e.key === 'Meta') for (const id of [...this.#held.keys()]) if (!/^(Control|Shift|Alt|Meta)/.test(id)) this.#up(id)
    return known
  }

  /** agree releases modifiers that an event says are up: their release went elsewhere. */
  agree(e: Pick<Press, 'ctrlKey' | 'shiftKey' | 'altKey' | 'metaKey'> & { key?: string }): void {
    for (const [flag, codes] of modifiers) {
      if (e[flag]) continue
      for (const code of codes) {
        const held = this.#held.get(code)
        if (held && !(code === 'AltRight' && held.keysym === 0xfe03)) this.#up(code)
      }
    }
  }

  #up(id: string): boolean {
    const held = this.#held.get(id)
    if (!held) return false
    this.#held.delete(id)
    this.#doors.key(false, held.keysym, held.scan)
    return true
  }

  #tap(keysym: number, scan: number): void {
    this.#doors.key(true, keysym, scan)
    this.#doors.key(false, keysym, scan)
  }

  /** paste presses V with Control. A Control that the person holds is used; every other key is released before. */
  paste(): void {
    const control = [...this.#held].find(([id]) => id.startsWith('Control'))
    for (const id of [...this.#held.keys()].reverse()) if (id !== control?.[0]) this.#up(id)
    const [left, v] = [{ key: 'Control', code: 'ControlLeft', location: 1 }, { key: 'v', code: 'KeyV', location: 0 }]
    if (!control) this.#doors.key(true, keysymOf(left), scanOf(left.code))
    this.#tap(keysymOf(v), scanOf(v.code))
    if (!control) this.#doors.key(false, keysymOf(left), scanOf(left.code))
  }

  /** type presses each character of a text by what it means. */
  type(text: string): void {
    this.letGo()
    for (const character of text.replaceAll('\r\n', '\n')) this.#tap(keysymOfCharacter(character), 0)
  }

  /** letGo releases everything, the last pressed first. */
  letGo(): void {
    for (const id of [...this.#held.keys()].reverse()) this.#up(id)
  }

  /** forget drops what is known without a word: the other side has released it. */
  forget(): void {
    this.#held.clear()
  }
}

const idOf = (e: Pick<Press, 'code' | 'key'>) => e.code || `key ${e.key}`
