import { describe, expect, it } from 'vitest'
import { actOf, sheet, type Pressed } from './keys'

function pressed(key: string, over: Partial<Pressed> = {}): Pressed {
  return { key, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, keyCode: 0, target: document.body, ...over }
}

function inside(html: string): Element {
  document.body.innerHTML = html
  return document.body.querySelector('[data-target]')!
}

describe('keys', () => {
  it.each([
    ['j', 'next'],
    ['k', 'previous'],
    ['ArrowDown', 'next'],
    ['ArrowUp', 'previous'],
    ['Enter', 'enter'],
    ['a', 'claim'],
    ['A', 'claim'],
    ['r', 'release'],
    ['c', 'chat'],
    ['d', 'request'],
    ['x', 'close'],
    ['y', 'screen'],
    ['q', 'operate'],
    ['h', 'hand'],
    ['z', 'unscreen'],
    ['?', 'help'],
    ['Escape', 'escape'],
  ])('%s is %s', (key, act) => expect(actOf(pressed(key))).toBe(act))

  it('does nothing with modifiers: Ctrl+C copies and does not open the chat', () => {
    expect(actOf(pressed('c', { ctrlKey: true }))).toBeUndefined()
    expect(actOf(pressed('a', { metaKey: true }))).toBeUndefined()
  })

  it.each(['<input data-target>', '<textarea data-target></textarea>', '<select data-target></select>'])('does nothing while somebody types in %s, except Escape', (html) => {
    const target = inside(html)
    expect(actOf(pressed('a', { target }))).toBeUndefined()
    expect(actOf(pressed('Enter', { target }))).toBeUndefined()
    expect(actOf(pressed('Escape', { target }))).toBe('escape')
  })

  it('leaves an input method alone, also its Escape', () => {
    expect(actOf(pressed('a', { isComposing: true }))).toBeUndefined()
    expect(actOf(pressed('Escape', { isComposing: true }))).toBeUndefined()
    expect(actOf(pressed('Enter', { keyCode: 229 }))).toBeUndefined()
  })

  it('leaves Enter to a focused button and arrows to what scrolls', () => {
    expect(actOf(pressed('Enter', { target: inside('<button data-target></button>') }))).toBeUndefined()
    expect(actOf(pressed('ArrowDown', { target: inside('<div tabindex="0" data-target></div>') }))).toBeUndefined()
    expect(actOf(pressed('ArrowDown', { target: inside('<section data-board><button data-target></button></section>') }))).toBe('next')
  })

  it('lists every key on the sheet', () => {
    const listed = sheet.flatMap((line) => line.keys.flatMap((k) => k.split(' ')))
    for (const key of ['j', 'k', 'Enter', 'a', 'c', 'd', 'r', 'x', 'y', 'q', 'h', 'z', 'Esc', '?']) expect(listed).toContain(key)
  })
})
