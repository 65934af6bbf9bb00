import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import en from '../../../i18n/en.json'
import ja from '../../../i18n/ja.json'
import { Problem } from '../api/problem'
import { told } from './problem'
import { counted, fill, language, named, sentence, speak, t } from './words.svelte'

const source = join(import.meta.dirname, '..')

function files(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((f) => /\.(svelte|ts)$/.test(f) && !f.endsWith('.test.ts'))
    .map((f) => join(source, f))
}

afterEach(() => speak('ja'))

describe('the catalogue', () => {
  it('holds the same keys in both languages, none empty', () => {
    expect(Object.keys(ja)).toEqual(Object.keys(en))
    for (const [key, words] of [...Object.entries(ja), ...Object.entries(en)]) expect(words.trim(), key).not.toBe('')
  })

  it('holds every key that a page names', () => {
    const missing: string[] = []
    for (const file of files()) {
      for (const found of readFileSync(file, 'utf8').matchAll(/\bt\(\s*'([^']+)'/g)) if (!(found[1]! in ja)) missing.push(`${file}: ${found[1]}`)
    }
    expect(missing).toEqual([])
  })

  it('names every value that the public wire defines', () => {
    const values: Record<string, string[]> = {
      'link.state': ['unknown', 'dialing', 'tls-ok', 'syncing', 'ready', 'degraded', 'down'],
      state: ['presented', 'escalated', 'accepted', 'in_dialog', 'closed'],
      step: ['spooled', 'received', 'integrated', 'seen', 'refused'],
      mode: ['actual', 'exercise', 'test'],
      kind: ['fire', 'ems', 'rescue', 'other'],
      close: ['handled', 'duplicate', 'mistaken', 'exercise-over', 'no-answer', 'transferred'],
      'chat.from': ['caller', 'operator', 'headquarters', 'terminal', 'system'],
      'chat.delivery': ['sent', 'terminal', 'service'],
      'place.role': ['caller', 'registered-home', 'registered-place', 'vehicle', 'media', 'incident'],
      'place.method': ['gnss', 'cell', 'wifi', 'manual', 'registered'],
      'report.verified': ['answered', 'no-answer', 'not-tried'],
      sex: ['male', 'female', 'other', 'unknown'],
      'problem.code': [101, 102, 201, 202, 203, 204, 301, 302, 303, 304, 305, 306, 307, 401, 402, 403, 404, 501, 502, 601, 602, 603, 901, 902, 903, 904].map(String),
    }
    for (const [prefix, list] of Object.entries(values)) for (const v of list) expect(`${prefix}.${v}` in ja, `${prefix}.${v}`).toBe(true)
  })

  it('holds no Japanese outside itself: words come from one place', () => {
    const found: string[] = []
    for (const file of files()) {
      if (file.includes('/testing/')) continue
      const code = readFileSync(file, 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '').replace(/<!--[\s\S]*?-->/g, '')
      const japanese = code.match(/[ぁ-んァ-ヶ一-龠]+/g)
      if (japanese) found.push(`${file}: ${japanese.join(' ')}`)
    }
    expect(found).toEqual([])
  })
})

describe('words', () => {
  it('puts a value in once and never reads it', () => {
    expect(fill('{a} {b}', { a: '{b}', b: 'x' })).toBe('{b} x')
    expect(fill('{missing}', {})).toBe('{missing}')
    expect(fill('{a}', { a: '$&' })).toBe('$&')
  })
  it('shows an unknown code as it came', () => {
    expect(named('kind', 'volcano')).toBe('volcano')
    expect(named('kind', 'fire')).toBe('火災')
    expect(named('kind', '')).toBe('')
  })
  it('switches the language and tells the document', () => {
    speak('en')
    expect(language()).toBe('en')
    expect(document.documentElement.lang).toBe('en')
    expect(t('act.claim')).toBe('Accept')
  })
  it('knows one from many', () => {
    speak('en')
    expect(counted('header.ringing', 1)).toBe('1 report not accepted')
    expect(counted('header.ringing', 2)).toBe('2 reports not accepted')
  })
  it('tells a problem in the page language, from its key', () => {
    const held = new Problem({ status: 409, key: 'claim.held', args: { consoleName: '指令台B', personName: '鈴木' }, detail: 'x' })
    expect(told(held)).toBe('指令台B 鈴木 が先に受け付けました。')
  })
  it('falls back to the server sentence, then to a receipt', () => {
    expect(told(new Problem({ status: 500, key: 'new.key', detail: '新しい文' }))).toBe('新しい文')
    expect(told(new Problem({ status: 500, key: 'internal', receipt: 'R-1' }))).toContain('R-1')
    expect(told(new Problem({ status: 500, code: 901, receipt: 'R-2', detail: 'internal error' }))).toContain('R-2')
    expect(told(new Problem({ status: 404, code: 403, detail: 'english words' }))).toBe('403 知らない通報')
    expect(sentence('no.such.key')).toBeUndefined()
  })
})
