import { render, screen, within } from '@testing-library/svelte'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ConsoleApi } from '../api/console'
import type { Place } from '../api/types'
import { Chosen } from './chosen.svelte'
import { box, featuresOf } from './overlay'
import PlaceList from './PlaceList.svelte'
import { Places } from './places.svelte'
import { partOf, styleOf } from './style'
import { layOut } from './track'

const at = (more: Partial<Place>): Place => ({ role: 'caller', shape: 'point', lat: 34.7039, lon: 135.5012, ...more })
const revision = (n: number, ...locations: Place[]) => ({ revision: n, receivedAt: '2026-11-22T12:00:00Z', late: false, locations })

/** answers by hand: each request waits until the test answers it. */
function server() {
  const waiting: { url: string; answer: (body: unknown, status?: number) => void }[] = []
  const fetcher = vi.fn(
    (url: string) =>
      new Promise<Response>((done) => waiting.push({ url, answer: (body, status = 200) => done(new Response(JSON.stringify(body), { status })) })),
  )
  return { waiting, places: new Places(new ConsoleApi('a', () => 'ja', fetcher as unknown as typeof fetch)) }
}

const settled = () => new Promise((done) => setTimeout(done, 0))

describe('places of the report in front', () => {
  it('an answer that comes after another report was opened is dropped', async () => {
    const { waiting, places } = server()
    void places.follow('r1', 1)
    void places.follow('r2', 1)
    waiting[1]!.answer({ id: 'r2', revision: 1, revisions: [revision(1, at({ label: 'two' }))] })
    await settled()
    waiting[0]!.answer({ id: 'r1', revision: 1, revisions: [revision(1, at({ label: 'one' }))] })
    await settled()
    expect(places.layout.shown.map((s) => s.place.label)).toEqual(['two'])
  })
  it('is read again for a new revision and not for the same one, and a failure keeps what is known', async () => {
    const { waiting, places } = server()
    void places.follow('r1', 1)
    waiting[0]!.answer({ id: 'r1', revision: 1, revisions: [revision(1, at({}))] })
    await settled()
    await places.follow('r1', 1)
    expect(waiting).toHaveLength(1)
    const second = places.follow('r1', 2)
    waiting[1]!.answer({ key: 'internal' }, 500)
    await second
    expect(places.layout.shown).toHaveLength(1)
    void places.follow('r1', 2)
    expect(waiting).toHaveLength(3)
  })
  it('a report whose words have not come is not asked for', async () => {
    const { waiting, places } = server()
    await places.follow('r1', 0)
    await places.follow('', 0)
    expect(waiting).toHaveLength(0)
  })
})

describe('the list beside the map', () => {
  it('says each place, how far it is from the first, and why one is not drawn', () => {
    const layout = layOut({
      revisions: [
        revision(1, at({ lat: 34.7, acquiredAt: '2026-11-22T11:59:00Z' })),
        revision(
          2,
          at({ acquiredAt: '2026-11-22T11:59:30Z', radiusM: 25 }),
          at({ role: 'registered-home', lat: 34.7129, civic: { line: '本町１－２－３付近' } }),
          at({ role: 'registered-place', lat: 135.5, lon: 34.7 }),
          at({ role: 'vehicle', lat: 0, lon: 0 }),
        ),
      ],
    })
    render(PlaceList, { layout })
    const items = [...screen.getByRole('list', { name: '地図の場所の一覧' }).children]
    expect(items[0]!.textContent).toMatch(/A.*通報者の位置.*34\.7039, 135\.5012.*34°42′14\.0″N.*半径25m.*軌跡 2点・433m/s)
    expect(within(screen.getByRole('list', { name: 'これまでの位置', hidden: true })).getAllByRole('listitem', { hidden: true }).map((i) => i.textContent)).toEqual([expect.stringMatching(/34\.7, 135\.5012.*測位/)])
    expect(items[1]!.textContent).toMatch(/本町１－２－３付近.*Aから998m 北/s)
    expect(items[2]!.textContent).toContain('入れ替わっている可能性')
    expect(items[3]!.textContent).toContain('0,0のため地図に出しません')
    expect(within(items[3] as HTMLElement).queryByText(/″N/)).toBeNull()
  })
  it('says that there is none', () => {
    render(PlaceList, { layout: layOut({ revisions: [] }) })
    expect(screen.getByText('場所の情報はありません')).toBeTruthy()
  })
})

describe('what is drawn', () => {
  const layout = layOut({ revisions: [revision(1, at({ lat: 34.69 })), revision(2, at({ radiusM: 100 }), at({ role: 'vehicle', lat: 0, lon: 0 }), at({ role: 'media', lat: 34.71, lon: 135.51 }))] })
  it('never holds null island', () => {
    const text = JSON.stringify(featuresOf(layout))
    expect(text).not.toContain('[0,0]')
    expect(featuresOf(layout).ways.features).toHaveLength(1)
    expect(featuresOf(layout).areas.features).toHaveLength(1)
  })
  it('the first view holds every place, and the board where the report has none', () => {
    const [southWest, northEast] = box(layout, [])!
    expect(southWest[1]).toBeCloseTo(34.69, 5)
    expect(northEast).toEqual([135.51, 34.71])
    const none = layOut({ revisions: [] })
    expect(box(none, [])).toBeUndefined()
    const other = { id: 'r2', number: '2', mode: 'actual' as const, state: 'presented' as const, revision: 1, location: at({}) }
    expect(box(none, [other])).toEqual([[135.5012, 34.7039], [135.5012, 34.7039]])
  })
})

describe('the style', () => {
  const map = { name: '', attribution: '', bounds: [0, 0, 1, 1], center: [0, 0, 10], minZoom: 0, maxZoom: 14, layers: ['label', 'RdCL', 'WA', 'somebodys', 'building'], sha256: 'ab', bytes: 1, importedAt: '' }
  it('knows common layers, draws others as thin lines, and asks for nothing from elsewhere', () => {
    const s = styleOf(map, () => '#123456', { sources: {}, layers: [] })
    expect(map.layers.map(partOf)).toEqual(['word', 'road', 'water', 'unknown', 'building'])
    expect(s.layers.map((l) => l.id)).toEqual(['ground', 'WA', 'somebodys', 'building', 'RdCL', 'RdCL/names', 'label'])
    expect(s.glyphs).toBeUndefined()
    expect(s.sprite).toBeUndefined()
    expect(JSON.stringify(s)).not.toMatch(/https?:/)
  })
})

describe('the choice of a seat', () => {
  beforeEach(() => localStorage.clear())
  it('is remembered for each seat by itself', () => {
    new Chosen('a').toggle()
    expect(new Chosen('a').open).toBe(true)
    expect(new Chosen('b').open).toBe(false)
  })
})
