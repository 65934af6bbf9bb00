// Which key it was: KeyboardEvent.code names the place on the board, and an XT
// scan code names it on the wire. Bit 7 stands for the prefix E0, as RFB carries it.

const rows: [first: number, codes: string][] = [
  [0x01, 'Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace'],
  [0x0f, 'Tab KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter'],
  [0x1d, 'ControlLeft KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote ShiftLeft Backslash'],
  [0x2c, 'KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight NumpadMultiply AltLeft Space CapsLock'],
  [0x3b, 'F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock'],
  [0x47, 'Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd Numpad1 Numpad2 Numpad3 Numpad0 NumpadDecimal'],
  [0x56, 'IntlBackslash F11 F12'],
  [0x9c, 'NumpadEnter ControlRight'],
  [0xc6, 'Pause Home ArrowUp PageUp'],
  [0xd0, 'ArrowDown PageDown Insert Delete'],
  [0xdb, 'MetaLeft MetaRight ContextMenu'],
]

const alone: Record<string, number> = {
  // Those of a Japanese board: かな, ろ, 変換, 無変換, ¥.
  KanaMode: 0x70,
  IntlRo: 0x73,
  Convert: 0x79,
  NonConvert: 0x7b,
  IntlYen: 0x7d,
  NumpadDivide: 0xb5,
  PrintScreen: 0xb7,
  AltRight: 0xb8,
  ArrowLeft: 0xcb,
  ArrowRight: 0xcd,
  End: 0xcf,
}

const table = new Map<string, number>(Object.entries(alone))
for (const [first, codes] of rows) codes.split(' ').forEach((code, i) => table.set(code, first + i))

/** scanOf is the XT scan code of a key, 0 where none is known. */
export function scanOf(code: string): number {
  return table.get(code) ?? 0
}
