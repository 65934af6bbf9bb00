// Every act by keyboard. A key never acts while somebody types, nor while an
// input method composes Japanese: its Enter and its letters are not ours.

export type KeyAct = 'next' | 'previous' | 'enter' | 'claim' | 'release' | 'chat' | 'request' | 'close' | 'join' | 'transfer' | 'media' | 'filter' | 'snippets' | 'map' | 'windows' | 'find' | 'video' | 'call' | 'help' | 'escape' | 'offer' | 'raise' | 'missed' | 'shift' | 'print' | 'entry' | 'screen' | 'operate' | 'hand' | 'unscreen'

export interface Pressed {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  isComposing: boolean
  keyCode: number
  target: EventTarget | null
}

const letters: Record<string, KeyAct> = {
  j: 'next',
  k: 'previous',
  a: 'claim',
  r: 'release',
  c: 'chat',
  d: 'request',
  x: 'close',
  o: 'offer',
  u: 'raise',
  l: 'missed',
  s: 'shift',
  p: 'print',
  e: 'entry',
  i: 'join',
  t: 'transfer',
  m: 'media',
  v: 'video',
  b: 'call',
  f: 'filter',
  n: 'snippets',
  g: 'map',
  w: 'windows',
  y: 'screen',
  q: 'operate',
  h: 'hand',
  z: 'unscreen',
  '/': 'find',
  '?': 'help',
}

export const sheet: { keys: string[]; act: 'move' | 'leave-screen' | Exclude<KeyAct, 'next' | 'previous'> }[] = [
  { keys: ['↓ j', '↑ k'], act: 'move' },
  { keys: ['Enter'], act: 'enter' },
  { keys: ['a'], act: 'claim' },
  { keys: ['c'], act: 'chat' },
  { keys: ['d'], act: 'request' },
  { keys: ['r'], act: 'release' },
  { keys: ['x'], act: 'close' },
  { keys: ['v'], act: 'video' },
  { keys: ['b'], act: 'call' },
  { keys: ['o'], act: 'offer' },
  { keys: ['u'], act: 'raise' },
  { keys: ['l'], act: 'missed' },
  { keys: ['s'], act: 'shift' },
  { keys: ['e'], act: 'entry' },
  { keys: ['p'], act: 'print' },
  { keys: ['i'], act: 'join' },
  { keys: ['t'], act: 'transfer' },
  { keys: ['n', 'Alt+N'], act: 'snippets' },
  { keys: ['m'], act: 'media' },
  { keys: ['f'], act: 'filter' },
  { keys: ['g'], act: 'map' },
  { keys: ['y'], act: 'screen' },
  { keys: ['q'], act: 'operate' },
  { keys: ['h'], act: 'hand' },
  { keys: ['z'], act: 'unscreen' },
  { keys: ['Ctrl+Alt+Home'], act: 'leave-screen' },
  { keys: ['/'], act: 'find' },
  { keys: ['w'], act: 'windows' },
  { keys: ['Esc'], act: 'escape' },
  { keys: ['?'], act: 'help' },
]

const composing = 229 // what Chrome reports for keys that an input method has taken

/** composes reports whether the key belongs to an input method. */
export function composes(e: Pick<Pressed, 'isComposing' | 'keyCode'>): boolean {
  return e.isComposing || e.keyCode === composing
}

export function actOf(e: Pressed): KeyAct | undefined {
  if (composes(e) || e.ctrlKey || e.metaKey || e.altKey) return undefined
  if (e.key === 'Escape') return 'escape'
  const target = e.target instanceof Element ? e.target : undefined
  if (target?.closest('input, textarea, select, [contenteditable]')) return undefined
  const act = letters[e.key.length === 1 ? e.key.toLowerCase() : e.key]
  if (act) return act
  const onBoard = !target || target === document.body || target.closest('[data-board]') !== null
  if (e.key === 'ArrowDown') return onBoard ? 'next' : undefined // elsewhere arrows scroll
  if (e.key === 'ArrowUp') return onBoard ? 'previous' : undefined
  if (e.key === 'Enter') return !target || target === document.body ? 'enter' : undefined // a focused button answers by itself
  return undefined
}
