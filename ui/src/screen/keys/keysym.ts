// What a key means: keysyms of X11, as RFB carries them.

const named: Record<string, number | [standard: number, left: number, right: number, numpad: number]> = {
  Backspace: 0xff08,
  Tab: 0xff09,
  Enter: [0xff0d, 0xff0d, 0xff0d, 0xff8d],
  Escape: 0xff1b,
  Pause: 0xff13,
  ScrollLock: 0xff14,
  PrintScreen: 0xff61,
  Home: [0xff50, 0xff50, 0xff50, 0xff95],
  ArrowLeft: [0xff51, 0xff51, 0xff51, 0xff96],
  ArrowUp: [0xff52, 0xff52, 0xff52, 0xff97],
  ArrowRight: [0xff53, 0xff53, 0xff53, 0xff98],
  ArrowDown: [0xff54, 0xff54, 0xff54, 0xff99],
  PageUp: [0xff55, 0xff55, 0xff55, 0xff9a],
  PageDown: [0xff56, 0xff56, 0xff56, 0xff9b],
  End: [0xff57, 0xff57, 0xff57, 0xff9c],
  Clear: [0xff0b, 0xff0b, 0xff0b, 0xff9d],
  Insert: [0xff63, 0xff63, 0xff63, 0xff9e],
  Delete: [0xffff, 0xffff, 0xffff, 0xff9f],
  ContextMenu: 0xff67,
  Help: 0xff6a,
  NumLock: 0xff7f,
  CapsLock: 0xffe5,
  Shift: [0xffe1, 0xffe1, 0xffe2, 0xffe1],
  Control: [0xffe3, 0xffe3, 0xffe4, 0xffe3],
  Alt: [0xffe9, 0xffe9, 0xffea, 0xffe9],
  Meta: [0xffeb, 0xffeb, 0xffec, 0xffeb],
  AltGraph: 0xfe03,
  // Those of a Japanese board.
  NonConvert: 0xff22,
  Convert: 0xff23,
  Romaji: 0xff24,
  Hiragana: 0xff25,
  Katakana: 0xff26,
  HiraganaKatakana: 0xff27,
  Zenkaku: 0xff28,
  Hankaku: 0xff29,
  ZenkakuHankaku: 0xff2a,
  KanaMode: 0xff2d,
  KanjiMode: 0xff21,
  Alphanumeric: 0xff30,
  Eisu: 0xff30,
}
for (let n = 1; n <= 24; n++) named[`F${n}`] = 0xffbd + n

// What some browsers leave nameless is told by the key's place.
const placed: Record<string, number> = { Convert: 0xff23, NonConvert: 0xff22, KanaMode: 0xff27, IntlYen: 0x5c, IntlRo: 0x5c, Lang1: 0xff25, Lang2: 0xff30, Lang3: 0xff26, Lang4: 0xff25, Lang5: 0xff2a }

// The numeric pad has keysyms of its own for what it prints.
const pad: Record<string, number> = { '*': 0xffaa, '+': 0xffab, ',': 0xffac, '-': 0xffad, '.': 0xffae, '/': 0xffaf, '=': 0xffbd }

const unicode = 0x01000000

/** keysymOfCharacter is the keysym of a character. */
export function keysymOfCharacter(character: string): number {
  const point = character.codePointAt(0) ?? 0
  if (point === 0x0a || point === 0x0d) return 0xff0d
  if (point === 0x09) return 0xff09
  return (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff) ? point : unicode | point
}

const numpad = 3 // KeyboardEvent.DOM_KEY_LOCATION_NUMPAD

/** keysymOf is what a key means; 0 where only its place is known, for example a dead key. */
export function keysymOf(e: { key: string; code: string; location: number }): number {
  if (e.key.length > 0 && [...e.key].length === 1) {
    if (e.location === numpad) {
      const digit = /^[0-9]$/.test(e.key) ? 0xffb0 + Number(e.key) : pad[e.key]
      if (digit !== undefined) return digit
    }
    return keysymOfCharacter(e.key)
  }
  // A switch of an input method has one key on a board and a name for each of its
  // states; the terminal has its own state.
  if (e.code === 'KanaMode') return placed.KanaMode!
  if (e.code === 'Backquote' && /^(Zen|Han)kaku/.test(e.key)) return named.ZenkakuHankaku as number
  const known = named[e.key]
  if (known !== undefined) return typeof known === 'number' ? known : known[e.location as 0 | 1 | 2 | 3]
  return placed[e.code] ?? 0
}
