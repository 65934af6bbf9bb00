import type { Problem } from '../api/problem'
import { named, sentence, t } from './words.svelte'

/** told gives a problem as a sentence in the page's language. */
export function told(p: Problem): string {
  const known = sentence(p.key, p.args)
  if (known !== undefined) return known
  if (p.args.receipt) return t('internal', { receipt: p.args.receipt })
  if (p.code !== 0) return `${p.code} ${named('problem.code', p.code)}`
  return p.detail || t(p.unreachable ? 'network.down' : 'internal', { receipt: p.status })
}
