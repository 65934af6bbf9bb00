import { describe, expect, it } from 'vitest'
import type { Place } from '../api/types'
import { layOut, line } from './track'

const base = Date.parse('2026-11-22T12:00:00Z')
const time = (s: number) => new Date(base + s * 1000).toISOString()
const at = (n: number, more: Partial<Place> = {}): Place => ({ role: 'caller', shape: 'point', lat: 34.7 + n / 1000, lon: 135.5, ...more })
const fixed = (n: number, s: number, more: Partial<Place> = {}) => at(n, { acquiredAt: time(s), ...more })
const revision = (n: number, ...locations: Place[]) => ({ revision: n, receivedAt: time(1000 + n), late: false, locations })
const lay = (...revisions: ReturnType<typeof revision>[]) => layOut({ revisions })
const lats = (l: ReturnType<typeof lay>, i = 0) => line(l.tracks[i]!).map(([, lat]) => Math.round((lat - 34.7) * 1000))

function shuffled<T>(list: T[], seed: number): T[] {
  const out = [...list]
  let s = seed
  for (let i = out.length - 1; i > 0; i--) {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    const j = s % (i + 1)
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}

describe('a track', () => {
  it('goes from the oldest fix to the newest', () => {
    expect(lats(lay(revision(1, fixed(1, 10)), revision(2, fixed(2, 20)), revision(3, fixed(3, 30))))).toEqual([1, 2, 3])
  })
  it('a late fix joins the tail and does not move the marker back', () => {
    const l = lay(revision(1, fixed(1, 10)), revision(2, fixed(3, 30)), revision(3, fixed(2, 20)))
    expect(lats(l)).toEqual([1, 2, 3])
    expect(l.shown.map((s) => [s.place.lat!.toFixed(3), s.current, s.behind])).toEqual([
      ['34.703', false, false],
      ['34.702', true, true],
    ])
  })
  it('whatever order revisions arrive in, timed fixes end at the newest', () => {
    const times = Array.from({ length: 30 }, (_, i) => i)
    for (let seed = 1; seed <= 200; seed++) {
      const order = shuffled(times, seed)
      const revisions = order.map((s, i) => revision(i + 1, fixed(s, s)))
      const l = lay(...shuffled(revisions, seed * 7))
      expect(l.tracks[0]!.head.place.acquiredAt).toBe(time(29))
      expect(lats(l)).toEqual(times)
    }
  })
  it('one more late fix never moves the marker', () => {
    for (let n = 1; n < 40; n++) {
      const known = Array.from({ length: n }, (_, i) => revision(i + 1, fixed(i, i * 10)))
      const before = lay(...known).tracks[0]!.head
      const after = lay(...known, revision(n + 1, fixed(500, (n - 1) * 10 - 1))).tracks[0]!.head
      expect(after.at).toEqual(before.at)
    }
  })
  it('without times the revisions say the order', () => {
    expect(lats(lay(revision(2, at(2)), revision(1, at(1)), revision(3, at(1))))).toEqual([1, 2, 1])
  })
  it('a fix without a time follows what its revision knew, and a timed newer one follows it', () => {
    expect(lats(lay(revision(1, fixed(1, 10)), revision(2, at(2)), revision(3, fixed(0, 5)), revision(4, fixed(4, 40))))).toEqual([0, 1, 2, 4])
  })
  it('a time ahead of its arrival orders nothing: the marker does not wait for that time to come', () => {
    const l = lay(revision(1, fixed(1, 10)), revision(2, fixed(2, 999_999)), revision(3, fixed(3, 30)))
    expect(lats(l)).toEqual([1, 2, 3])
    expect(l.tracks[0]!.tail[1]!.ahead).toBe(true)
  })
  it('null island and other impossible places move nothing and are in no tail', () => {
    const l = lay(revision(1, fixed(1, 10)), revision(2, { role: 'caller', lat: 0, lon: 0, acquiredAt: time(20) }), revision(3, { role: 'caller', lat: 135.5, lon: 34.7, acquiredAt: time(30) }))
    expect(lats(l)).toEqual([1])
    expect(l.shown.map((s) => s.fit)).toEqual(['drawn', 'swapped'])
  })
  it('a revision without a place moves nothing, and the marker is said to be older', () => {
    const l = lay(revision(1, fixed(1, 10)), revision(2))
    expect(l.shown.map((s) => [s.revision, s.current])).toEqual([[1, false]])
  })
  it('what a revision repeats is the same fix, now said by that revision', () => {
    const l = lay(revision(1, fixed(1, 10), at(9, { role: 'registered-home' })), revision(2, fixed(1, 10), at(9, { role: 'registered-home' })))
    expect(lats(l)).toEqual([1])
    expect(l.shown.map((s) => [s.letter, s.place.role, s.current])).toEqual([['A', 'caller', true], ['B', 'registered-home', true]])
  })
  it('several places of a role at once: the first leads, all are shown, and none is merged', () => {
    const cell = { role: 'caller', shape: 'circle', lat: 34.75, lon: 135.55, radiusM: 2000, method: 'cell' }
    const l = lay(revision(1, fixed(1, 10), cell), revision(2, fixed(2, 20), cell))
    expect(lats(l)).toEqual([1, 2])
    expect(l.shown.map((s) => s.place.method ?? '')).toEqual(['', 'cell'])
  })
  it('a caller, a vehicle and two vehicles with names are ways of their own', () => {
    const l = lay(
      revision(1, fixed(1, 10), fixed(5, 10, { role: 'vehicle', label: '1' }), fixed(7, 10, { role: 'vehicle', label: '2' })),
      revision(2, fixed(2, 20), fixed(6, 20, { role: 'vehicle', label: '1' }), fixed(8, 20, { role: 'vehicle', label: '2' })),
    )
    expect([lats(l, 0), lats(l, 1), lats(l, 2)]).toEqual([[1, 2], [5, 6], [7, 8]])
  })
  it('what stands still has no tail: homes, places of pictures, the place of the incident', () => {
    const l = lay(revision(1, at(1, { role: 'media' })), revision(2, at(2, { role: 'media' }), at(3, { role: 'incident' })))
    expect(l.tracks).toEqual([])
    expect(l.shown.map((s) => s.place.role)).toEqual(['media', 'incident'])
  })
  it('an address alone is in the list', () => {
    expect(lay(revision(1, { role: 'caller', shape: 'civic', civic: { line: '本町１－２－３付近' } })).shown.map((s) => [s.fit, s.letter])).toEqual([['none', 'A']])
  })
  it('nothing is nothing', () => expect(layOut({ revisions: [] })).toEqual({ revision: 0, shown: [], tracks: [] }))
  it('letters go on after Z', () => {
    const many = Array.from({ length: 28 }, (_, i) => at(i, { role: 'registered-place' }))
    expect(lay(revision(1, ...many)).shown.slice(-3).map((s) => s.letter)).toEqual(['Z', 'A2', 'B2'])
  })
})
