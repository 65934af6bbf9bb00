import { describe, expect, it } from 'vitest'
import { spoken } from './snippets'

const where = { text: '場所はどこですか', translations: { en: 'Where are you?', 'zh-Hans': '您在哪里？' } }

describe('a ready sentence', () => {
  it.each([
    ['', '場所はどこですか'],
    ['ja', '場所はどこですか'],
    ['ja-JP', '場所はどこですか'],
    ['en-GB', 'Where are you?\n場所はどこですか'],
    ['zh', '您在哪里？\n場所はどこですか'],
    ['vi', '場所はどこですか'],
  ])('speaks %s', (language, said) => expect(spoken(where, language)).toBe(said))
})
