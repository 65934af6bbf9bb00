import { describe, expect, it } from 'vitest'
import type { Medium } from '../api/media'
import { coming, Strip } from './strip.svelte'

function medium(id: string, state: Medium['state']): Medium {
  return { id, state } as Medium
}

describe('strip', () => {
  it('goes through what can be seen, and then closes', () => {
    const strip = new Strip()
    const media = [medium('a', 'shown'), medium('b', 'quarantined'), medium('c', 'shown'), medium('d', 'announced')]
    const opened = []
    for (let i = 0; i < 4; i++) {
      strip.next(media)
      opened.push(strip.open)
    }
    expect(opened).toEqual(['a', 'c', '', 'a'])
    expect(strip.close()).toBe(true)
    expect(strip.close()).toBe(false)
    strip.toggle('c')
    strip.toggle('c')
    expect(strip.open).toBe('')
  })

  it('waits only for what may still come', () => {
    expect((['announced', 'kept', 'shown', 'quarantined', 'disposed'] as const).filter((s) => coming(medium('m', s)))).toEqual(['announced', 'kept'])
  })
})
