import { describe, expect, it } from 'vitest'
import { placeLines, possible } from './place'

describe('a place', () => {
  it('is shown as given, down to the words of the sender', () => {
    const p = placeLines({ role: 'registered-home', civic: { postcode: '574-0000', pref: '大阪府', city: '例示市', line: '本町１－２－３', building: '例示ハイツ', room: '201', note: '付近' } })
    expect(p.address).toEqual(['〒574-0000 大阪府例示市本町１－２－３', '例示ハイツ 201', '付近'])
    expect(p.coordinates).toBe('')
  })
  it('keeps the figures of the coordinates', () => {
    const p = placeLines({ role: 'caller', shape: 'circle', lat: 34.7039, lon: 135.5012001, radiusM: 25, confidence: 0.95 })
    expect(p).toMatchObject({ coordinates: '34.7039, 135.5012001', radiusM: 25, confidence: 95, impossible: false })
  })
  it('says that null island is no place, and still shows it', () => {
    expect(placeLines({ role: 'caller', lat: 0, lon: 0 })).toMatchObject({ coordinates: '0, 0', impossible: true })
  })
  it.each([
    [90, 180, true],
    [90.1, 0, false],
    [0, -180.1, false],
    [Number.NaN, 1, false],
  ])('possible(%d, %d) is %s', (lat, lon, want) => expect(possible(lat, lon)).toBe(want))
})
