import { describe, expect, test } from 'vitest'
import { Keyboard, leaves, switchesInput, type Press } from './keyboard'
import { keysymOfCharacter } from './keysym'
import { Pointer } from './pointer'
import { scanOf } from './scan'

type Sent = [down: boolean, keysym: number, scan: number]

function board() {
  const sent: Sent[] = []
  return { sent, keys: new Keyboard({ key: (...k) => sent.push(k) }) }
}

const press = (key: string, code: string, over: Partial<Press> = {}): Press => ({ key, code, location: 0, keyCode: 0, repeat: false, isComposing: false, ctrlKey: false, shiftKey: false, altKey: false, metaKey: false, ...over })
const shift = press('Shift', 'ShiftLeft', { location: 1, shiftKey: true })
const control = press('Control', 'ControlLeft', { location: 1, ctrlKey: true })

// The keys that only a Japanese board has, or has elsewhere: what Chromium says of
// each on a JIS 106/109 board, and what goes out.
const japanese: [what: string, key: string, code: string, shifted: boolean, keysym: number, scan: number][] = [
  ['¥', '\\', 'IntlYen', false, 0x5c, 0x7d],
  ['¥ of a layout that has the sign', '¥', 'IntlYen', false, 0xa5, 0x7d],
  ['|', '|', 'IntlYen', true, 0x7c, 0x7d],
  ['_', '_', 'IntlRo', true, 0x5f, 0x73],
  ['\\ beside the right Shift', '\\', 'IntlRo', false, 0x5c, 0x73],
  ['@', '@', 'BracketLeft', false, 0x40, 0x1a],
  ['`', '`', 'BracketLeft', true, 0x60, 0x1a],
  ['[', '[', 'BracketRight', false, 0x5b, 0x1b],
  ['^', '^', 'Equal', false, 0x5e, 0x0d],
  ['~', '~', 'Equal', true, 0x7e, 0x0d],
  [':', ':', 'Quote', false, 0x3a, 0x28],
  ['*', '*', 'Quote', true, 0x2a, 0x28],
  [']', ']', 'Backslash', false, 0x5d, 0x2b],
  ['"', '"', 'Digit2', true, 0x22, 0x03],
  ['変換', 'Convert', 'Convert', false, 0xff23, 0x79],
  ['無変換', 'NonConvert', 'NonConvert', false, 0xff22, 0x7b],
]

describe('a Japanese board', () => {
  test.each(japanese)('%s', (_, key, code, shifted, keysym, scan) => {
    const { sent, keys } = board()
    if (shifted) keys.down(shift)
    expect(keys.down(press(key, code, { shiftKey: shifted }))).toBe(true)
    expect(keys.up(press(key, code, { shiftKey: shifted }))).toBe(true)
    expect(sent.slice(shifted ? 1 : 0)).toEqual([
      [true, keysym, scan],
      [false, keysym, scan],
    ])
  })

  // No release, or the release of another name, comes from the browser.
  test.each([
    ['半角/全角', 'ZenkakuHankaku', 'Backquote', 0xff2a, 0x29],
    ['全角', 'Zenkaku', 'Backquote', 0xff2a, 0x29],
    ['半角', 'Hankaku', 'Backquote', 0xff2a, 0x29],
    ['かな', 'KanaMode', 'KanaMode', 0xff27, 0x70],
    ['ひらがな', 'Hiragana', 'KanaMode', 0xff27, 0x70],
    ['英数', 'Alphanumeric', 'CapsLock', 0xff30, 0x3a],
    ['CapsLock', 'CapsLock', 'CapsLock', 0xffe5, 0x3a],
  ])('%s comes up by itself', (_, key, code, keysym, scan) => {
    const { sent, keys } = board()
    keys.down(press(key, code))
    keys.down(press(key, code, { repeat: true }))
    expect(sent).toEqual([
      [true, keysym, scan],
      [false, keysym, scan],
    ])
    expect(keys.holds).toBe(false)
    expect(keys.up(press('Hankaku', code))).toBe(false)
  })

  test('what an input method of this machine has taken is not sent', () => {
    const { sent, keys } = board()
    expect(keys.down(press('Process', 'KeyA', { keyCode: 229 }))).toBe(false)
    expect(keys.down(press('a', 'KeyA', { isComposing: true }))).toBe(false)
    expect(sent).toEqual([])
    expect(switchesInput(press('Process', 'Backquote'))).toBe(true)
    expect(switchesInput(press('CapsLock', 'CapsLock'))).toBe(false)
  })
})

describe('what is down', () => {
  test('a release says what the press said, whatever Shift has become', () => {
    const { sent, keys } = board()
    keys.down(shift)
    keys.down(press('A', 'KeyA', { shiftKey: true }))
    keys.up({ ...shift, shiftKey: false })
    keys.up(press('a', 'KeyA'))
    expect(sent).toEqual([
      [true, 0xffe1, 0x2a],
      [true, 0x41, 0x1e],
      [false, 0xffe1, 0x2a],
      [false, 0x41, 0x1e],
    ])
  })
  test('a repeat presses again, one release ends it', () => {
    const { sent, keys } = board()
    keys.down(press('a', 'KeyA'))
    keys.down(press('a', 'KeyA', { repeat: true }))
    keys.up(press('a', 'KeyA'))
    expect(sent.map((s) => s[0])).toEqual([true, true, false])
    expect(keys.holds).toBe(false)
  })
  test('a modifier whose release went elsewhere comes up with the next event', () => {
    const { sent, keys } = board()
    keys.down(press('Alt', 'AltLeft', { location: 1, altKey: true }))
    keys.agree({ ctrlKey: false, shiftKey: false, altKey: false, metaKey: false })
    expect(sent.at(-1)).toEqual([false, 0xffe9, 0x38])
    expect(keys.holds).toBe(false)
  })
  test('both Shifts come up when one release is told', () => {
    const { keys } = board()
    keys.down(shift)
    keys.down(press('Shift', 'ShiftRight', { location: 2, shiftKey: true }))
    keys.up(press('Shift', 'ShiftRight', { location: 2 }))
    expect(keys.holds).toBe(false)
  })
  test('AltGr is not Control and Alt', () => {
    const { sent, keys } = board()
    keys.down(press('Control', 'ControlLeft', { location: 1, ctrlKey: true }))
    keys.down(press('AltGraph', 'AltRight', { location: 2, ctrlKey: true, altKey: true }))
    keys.down(press('€', 'KeyE'))
    expect(sent).toEqual([
      [true, 0xffe3, 0x1d],
      [false, 0xffe3, 0x1d],
      [true, 0xfe03, 0xb8],
      [true, 0x010020ac, 0x12],
    ])
  })
  test('Command takes along what was pressed with it', () => {
    const { keys } = board()
    keys.down(press('Meta', 'MetaLeft', { location: 1, metaKey: true }))
    keys.down(press('c', 'KeyC', { metaKey: true }))
    keys.up(press('Meta', 'MetaLeft', { location: 1 }))
    expect(keys.holds).toBe(false)
  })
  test('everything is let go, the last pressed first', () => {
    const { sent, keys } = board()
    keys.down(control)
    keys.down(press('a', 'KeyA', { ctrlKey: true }))
    sent.length = 0
    keys.letGo()
    expect(sent).toEqual([
      [false, 0x61, 0x1e],
      [false, 0xffe3, 0x1d],
    ])
    expect(keys.holds).toBe(false)
  })
  test('a dead key is known by its place', () => {
    const { sent, keys } = board()
    keys.down(press('Dead', 'Equal'))
    expect(sent).toEqual([[true, 0, 0x0d]])
    expect(keys.down(press('Unidentified', ''))).toBe(false)
  })
})

describe('text', () => {
  test('a paste uses the Control that is held', () => {
    const { sent, keys } = board()
    keys.down(control)
    sent.length = 0
    keys.paste()
    expect(sent).toEqual([
      [true, 0x76, 0x2f],
      [false, 0x76, 0x2f],
    ])
    keys.letGo()
    sent.length = 0
    keys.down(press('a', 'KeyA'))
    keys.paste()
    expect(sent.map(([down, keysym]) => [down, keysym])).toEqual([
      [true, 0x61],
      [false, 0x61],
      [true, 0xffe3],
      [true, 0x76],
      [false, 0x76],
      [false, 0xffe3],
    ])
  })
  test('characters that no key has are Unicode keysyms', () => {
    const { sent, keys } = board()
    keys.type('髙𠮷a\n')
    expect(sent.filter((s) => s[0]).map((s) => s[1])).toEqual([0x01009ad9, 0x01020bb7, 0x61, 0xff0d])
    expect(keysymOfCharacter('¥')).toBe(0xa5)
  })
})

test('Ctrl+Alt+Home leaves, and nothing near it', () => {
  expect(leaves({ key: 'Home', ctrlKey: true, altKey: true })).toBe(true)
  expect(leaves({ key: 'Home', ctrlKey: true, altKey: false })).toBe(false)
})

test('scan codes are those of XT, E0 as bit 7', () => {
  expect(['Escape', 'KeyM', 'F12', 'NumpadEnter', 'ArrowUp', 'Delete', 'ContextMenu', 'IntlBackslash', 'Nothing'].map(scanOf)).toEqual([1, 0x32, 0x58, 0x9c, 0xc8, 0xd3, 0xdd, 0x56, 0])
})

describe('the pointer', () => {
  function mouse() {
    const sent: [number, number, number][] = []
    return { sent, pointer: new Pointer({ pointer: (...p) => sent.push(p) }) }
  }
  test('buttons stay down until they come up', () => {
    const { sent, pointer } = mouse()
    pointer.press(0, true, 3, 4)
    pointer.move(3, 4)
    pointer.move(5, 6)
    expect(pointer.holds).toBe(true)
    pointer.letGo()
    pointer.letGo()
    expect(sent).toEqual([
      [1, 3, 4],
      [1, 5, 6],
      [0, 5, 6],
    ])
  })
  test('a wheel turns in clicks and keeps what is left', () => {
    const { sent, pointer } = mouse()
    pointer.wheel({ deltaX: 0, deltaY: 30, deltaMode: 0 }, 1, 1)
    expect(sent).toEqual([])
    pointer.wheel({ deltaX: 0, deltaY: 30, deltaMode: 0 }, 1, 1)
    pointer.wheel({ deltaX: 0, deltaY: -3, deltaMode: 1 }, 1, 1)
    expect(sent).toEqual([
      [16, 1, 1],
      [0, 1, 1],
    ])
  })
})
