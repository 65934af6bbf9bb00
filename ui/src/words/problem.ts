import type { Problem } from '../api/problem'
import { sentence, t } from './words.svelte'

/** told gives a problem as a sentence in the page's language. */
export function told(p: Problem): string {
  return sentence(p.key, p.args) ?? (p.detail || (p.unreachable ? t('network.down') : `${t('internal', { receipt: p.args.receipt ?? p.status })}`))
}
