// The words of every screen: the same catalogue that Go reads. A key that does
// not exist fails the type check; a value that arrives from outside (a code of
// a service, an act of a newer server) is looked up with `named` and shown as it
// came when the catalogue does not know it.
import en from '../../../i18n/en.json'
import ja from '../../../i18n/ja.json'
import { age } from '../time/time'

export type Language = 'ja' | 'en'
export type Key = keyof typeof ja

type Args = Record<string, string | number>

const catalogues: Record<Language, Record<string, string>> = { ja, en }
const remembered = 'matoi.language'

function first(): Language {
  try {
    return localStorage.getItem(remembered) === 'en' ? 'en' : 'ja'
  } catch {
    return 'ja' // storage may be refused by the browser's policy
  }
}

let current = $state<Language>(first())

export function language(): Language {
  return current
}

export function speak(lang: Language): void {
  current = lang
  document.documentElement.lang = lang
  try {
    localStorage.setItem(remembered, lang)
  } catch {
    // The choice then lasts as long as the page.
  }
}

/** fill puts values into {name} places once; a value is never searched for places. */
export function fill(sentence: string, args?: Args): string {
  if (!args) return sentence
  return sentence.replace(/\{([a-zA-Z]+)\}/g, (place, name: string) => (name in args ? String(args[name]) : place))
}

export function t(key: Key, args?: Args): string {
  return fill(catalogues[current][key] ?? key, args)
}

/** named looks up prefix.value and gives the value itself when nobody named it. */
export function named(prefix: string, value: string | number | undefined | null, args?: Args): string {
  if (value === undefined || value === null || value === '') return ''
  const sentence = catalogues[current][`${prefix}.${value}`]
  return sentence === undefined ? String(value) : fill(sentence, args)
}

/** counted picks the plural: prefix.one or prefix.other. */
export function counted(prefix: 'header.ringing', count: number): string {
  return t(count === 1 ? `${prefix}.one` : `${prefix}.other`, { count })
}

/** listed joins words as the language does. */
export function listed(words: string[]): string {
  return words.join(current === 'ja' ? '、' : ', ')
}

/** sentence turns a problem's key into words, or nothing when the key is not ours. */
export function sentence(key: string | undefined, args?: Record<string, string>): string | undefined {
  if (key === undefined) return undefined
  const words = catalogues[current][key]
  return words === undefined ? undefined : fill(words, args)
}

/** aged gives how long ago something was, in words. */
export function aged(at: string | number, nowMs: number): string {
  const { key, args } = age(at, nowMs)
  return t(key, args)
}
