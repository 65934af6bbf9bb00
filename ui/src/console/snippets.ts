import type { Snippet } from '../api/room'

/**
 * spoken gives what a ready sentence says to somebody: where the caller's language
 * is known and not Japanese and the house has the sentence in it, that comes
 * first and the Japanese below, so that the dispatcher reads what is said.
 */
export function spoken(s: Snippet, language: string): string {
  const wanted = language.toLowerCase()
  if (wanted === '' || wanted === 'ja' || wanted.startsWith('ja-')) return s.text
  const tags = Object.entries(s.translations ?? {})
  const exact = tags.find(([tag]) => tag.toLowerCase() === wanted)
  const primary = tags.find(([tag]) => tag.toLowerCase().split('-')[0] === wanted.split('-')[0])
  const there = exact ?? primary
  return there ? `${there[1]}\n${s.text}` : s.text
}
