import { describe, expect, it } from 'vitest'
import type { Place } from '../api/types'
import { anchor, arcBand, away, circle, dms, ellipse, fit, outline, point, way, type LonLat } from './geometry'

/** numbers gives the same "chance" each time. */
function numbers(seed: number): () => number {
  let s = seed
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    return s / 2 ** 32
  }
}

const town: LonLat = [135.5012, 34.7039]

describe('metres on the earth', () => {
  // Geoscience Australia's published line from Flinders Peak to Buninyong, GRS 80.
  const flinders: LonLat = [144 + 25 / 60 + 29.5244 / 3600, -(37 + 57 / 60 + 3.7203 / 3600)]
  const buninyong: LonLat = [143 + 55 / 60 + 35.3839 / 3600, -(37 + 39 / 60 + 10.1561 / 3600)]
  it('measures the published line to the centimetre', () => {
    const w = way(flinders, buninyong)
    expect(w.metres).toBeCloseTo(54972.271, 2)
    expect(w.bearing).toBeCloseTo(306 + 52 / 60 + 5.37 / 3600, 5)
    const [lon, lat] = away(flinders, w.bearing, w.metres)
    expect(lon).toBeCloseTo(buninyong[0], 8)
    expect(lat).toBeCloseTo(buninyong[1], 8)
  })
  it('comes back from wherever it went', () => {
    const next = numbers(119)
    for (let i = 0; i < 2000; i++) {
      const from: LonLat = [next() * 360 - 180, next() * 170 - 85]
      const [bearing, metres] = [next() * 360, 1 + next() * 300_000]
      const back = way(from, away(from, bearing, metres))
      expect(back.metres).toBeCloseTo(metres, 3)
      expect(Math.abs(((back.bearing - bearing + 540) % 360) - 180)).toBeLessThan(0.01)
    }
  })
  it('is nothing between a place and itself, and ends at the other side of the earth', () => {
    expect(way(town, town).metres).toBe(0)
    expect(way([0, 0], [179.7, 0.5]).metres).toBeGreaterThan(19_900_000)
  })
  it.each([[0, 0], [22, 0], [23, 1], [45, 1], [180, 4], [315, 7], [350, 0], [-45, 7]])('point(%d) is %d', (bearing, want) => expect(point(bearing)).toBe(want))
})

describe('shapes of accuracy', () => {
  it('a circle is as far from its middle everywhere as it says', () => {
    for (const radius of [3, 250, 35_000]) for (const p of circle(town, radius)) expect(way(town, p).metres).toBeCloseTo(radius, 3)
  })
  it('an ellipse has its long axis where it says, clockwise from north', () => {
    const next = numbers(7)
    for (let i = 0; i < 50; i++) {
      const [major, minor, turn] = [200 + next() * 2000, 10 + next() * 150, next() * 180]
      const ring = ellipse(town, major, minor, turn)
      const far = ring.map((p) => way(town, p))
      const longest = far.reduce((x, y) => (y.metres > x.metres ? y : x))
      expect(longest.metres).toBeCloseTo(major, 2)
      expect(Math.min(...far.map((w) => w.metres))).toBeCloseTo(minor, 2)
      expect(Math.abs(((longest.bearing - turn + 90 + 360) % 180) - 90)).toBeLessThan(0.1)
    }
  })
  it('an arc band opens clockwise from its start, between its radii', () => {
    const ring = arcBand(town, 500, 1500, 300, 120)
    for (const p of ring) {
      const w = way(town, p)
      expect(w.metres).toBeGreaterThan(499.99)
      expect(w.metres).toBeLessThan(1500.01)
      expect((w.bearing - 300 + 360.001) % 360).toBeLessThan(120.01)
    }
    expect(arcBand(town, 0, 900, 10, 60)).toContainEqual(town)
    expect(ring[0]).toEqual(ring[ring.length - 1])
  })
  const at = { role: 'caller', lat: 34.7039, lon: 135.5012 }
  it.each<[string, Place, number | undefined]>([
    ['a point', { ...at, shape: 'point' }, undefined],
    ['a circle', { ...at, shape: 'circle', radiusM: 25 }, 25],
    ['a sphere', { ...at, shape: 'sphere', radiusM: 40 }, 40],
    ['an ellipse', { ...at, shape: 'ellipse', radiusM: 90, extent: { semiMajorM: 90, semiMinorM: 20, orientationDeg: 30 } }, 90],
    ['an arc band', { ...at, shape: 'arc-band', radiusM: 800, extent: { innerRadiusM: 100, outerRadiusM: 800, startDeg: 0, openingDeg: 60 } }, 800],
    ['a negative radius', { ...at, radiusM: -5 }, undefined],
    ['a radius as wide as the country', { ...at, radiusM: 900_000 }, undefined],
    ['an ellipse without its axes', { ...at, shape: 'ellipse', radiusM: 70 }, 70],
  ])('%s has its outline', (_, place, reach) => {
    const ring = outline(place)
    expect(ring === undefined).toBe(reach === undefined)
    if (ring) expect(Math.max(...ring.map((p) => way(town, p).metres))).toBeCloseTo(reach!, 2)
  })
  it('a polygon is drawn as given, closed or not', () => {
    const polygon = [{ lat: 34.7, lon: 135.5 }, { lat: 34.71, lon: 135.5 }, { lat: 34.71, lon: 135.51 }]
    const want = [[135.5, 34.7], [135.5, 34.71], [135.51, 34.71], [135.5, 34.7]]
    expect(outline({ role: 'caller', shape: 'polygon', polygon })).toEqual(want)
    expect(outline({ role: 'caller', shape: 'prism', polygon: [...polygon, polygon[0]!] })).toEqual(want)
  })
})

describe('what must not be drawn', () => {
  it.each<[string, Place, ReturnType<typeof fit>]>([
    ['an address alone', { role: 'caller', shape: 'civic' }, 'none'],
    ['null island', { role: 'caller', lat: 0, lon: 0 }, 'island'],
    ['swapped coordinates', { role: 'caller', lat: 135.5, lon: 34.7 }, 'swapped'],
    ['beyond the pole', { role: 'caller', lat: 95, lon: 200 }, 'impossible'],
    ['half a position', { role: 'caller', lat: 34.7 }, 'impossible'],
    ['a polygon of two', { role: 'caller', polygon: [{ lat: 1, lon: 1 }, { lat: 2, lon: 2 }] }, 'impossible'],
    ['a polygon through null island', { role: 'caller', polygon: [{ lat: 34, lon: 135 }, { lat: 0, lon: 0 }, { lat: 34.1, lon: 135 }] }, 'island'],
    ['the equator', { role: 'caller', lat: 0, lon: 103.8 }, 'drawn'],
  ])('%s', (_, place, want) => {
    expect(fit(place)).toBe(want)
    expect(anchor(place) !== undefined).toBe(want === 'drawn')
    if (want !== 'drawn') expect(outline(place)).toBeUndefined()
  })
})

describe('degrees, minutes, seconds', () => {
  it.each<[number, number, string]>([
    [34.7039, 135.5012, '34°42′14.0″N 135°30′04.3″E'],
    [-33.99999999, -0.00001, '34°00′00.0″S 0°00′00.0″W'],
    [59.9999999, 179.5, '60°00′00.0″N 179°30′00.0″E'],
  ])('%d, %d', (lat, lon, want) => expect(dms(lat, lon)).toBe(want))
})
