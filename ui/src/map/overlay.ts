// What a report says of its places, as features for the map.
import type { Feature, FeatureCollection, Geometry } from 'geojson'
import type { GeoJSONSourceSpecification, LayerSpecification } from 'maplibre-gl'
import type { BoardPlace } from '../api/types'
import { anchor, outline, type LonLat } from './geometry'
import type { Ink } from './style'
import { line, type Layout, type Shown } from './track'

type Drawn = Feature<Geometry, { role: string; faint: boolean }>

/** tokenOf is the colour of a role; the sign's word says the same. */
export function tokenOf(role: string): string {
  if (role === 'caller' || role === 'vehicle' || role === 'incident' || role === 'media') return `--place-${role}`
  return role.startsWith('registered') ? '--place-registered' : '--place-other'
}

/** faint is what the newest revision does not say any more. */
export function faint(s: Shown): boolean {
  return !s.current || s.behind
}

function ring(s: Shown): Drawn[] {
  const r = outline(s.place)
  return r ? [{ type: 'Feature', properties: { role: s.place.role, faint: faint(s) }, geometry: { type: 'Polygon', coordinates: [r] } }] : []
}

export interface Features {
  areas: FeatureCollection
  ways: FeatureCollection
  steps: FeatureCollection
}

const mostSteps = 500

/** featuresOf gives shapes of accuracy, ways and the fixes on them. */
export function featuresOf(l: Layout): Features {
  const ways: Drawn[] = []
  const steps: Drawn[] = []
  for (const t of l.tracks) {
    const role = t.head.place.role
    const path = line(t).slice(-mostSteps)
    if (path.length > 1) ways.push({ type: 'Feature', properties: { role, faint: false }, geometry: { type: 'LineString', coordinates: path } })
    for (const at of path.slice(0, -1)) steps.push({ type: 'Feature', properties: { role, faint: false }, geometry: { type: 'Point', coordinates: at } })
  }
  for (const s of l.shown) if (s.at && !s.behind) steps.push({ type: 'Feature', properties: { role: s.place.role, faint: faint(s) }, geometry: { type: 'Point', coordinates: s.at } })
  const collect = (features: Drawn[]): FeatureCollection => ({ type: 'FeatureCollection', features })
  return { areas: collect(l.shown.flatMap(ring)), ways: collect(ways), steps: collect(steps) }
}

/** box is what the map shows first: every place of the report with its shape, without the rest of the board. */
export function box(l: Layout, others: BoardPlace[]): [LonLat, LonLat] | undefined {
  const points = l.shown.flatMap((s) => outline(s.place) ?? (s.at ? [s.at] : []))
  for (const t of l.tracks) points.push(...line(t))
  if (points.length === 0) for (const o of others) points.push(...[anchor(o.location)].filter((p) => p !== undefined))
  if (points.length === 0) return undefined
  const [lons, lats] = [points.map((p) => p[0]), points.map((p) => p[1])]
  return [
    [Math.min(...lons), Math.min(...lats)],
    [Math.max(...lons), Math.max(...lats)],
  ]
}

const roles = ['caller', 'vehicle', 'incident', 'media', 'registered-home', 'registered-place']

export function overlayOf(f: Features, ink: Ink): { sources: Record<string, GeoJSONSourceSpecification>; layers: LayerSpecification[] } {
  const color = ['match', ['get', 'role'], ...roles.flatMap((r) => [r, ink(tokenOf(r))]), ink('--place-other')] as never
  const data = (d: FeatureCollection): GeoJSONSourceSpecification => ({ type: 'geojson', data: d })
  return {
    sources: { areas: data(f.areas), ways: data(f.ways), steps: data(f.steps) },
    layers: [
      { id: 'areas', type: 'fill', source: 'areas', paint: { 'fill-color': color, 'fill-opacity': ['case', ['get', 'faint'], 0.06, 0.18] } },
      { id: 'areas/edge', type: 'line', source: 'areas', filter: ['!', ['get', 'faint']], paint: { 'line-color': color, 'line-width': 2.5 } },
      { id: 'areas/old', type: 'line', source: 'areas', filter: ['get', 'faint'], paint: { 'line-color': color, 'line-width': 2, 'line-dasharray': [2, 2] } },
      { id: 'ways/halo', type: 'line', source: 'ways', layout: { 'line-join': 'round' }, paint: { 'line-color': ink('--map-halo'), 'line-width': 6 } },
      { id: 'ways', type: 'line', source: 'ways', layout: { 'line-join': 'round' }, paint: { 'line-color': color, 'line-width': 3, 'line-dasharray': [2, 1] } },
      { id: 'steps', type: 'circle', source: 'steps', paint: { 'circle-radius': 4, 'circle-color': ink('--map-halo'), 'circle-stroke-color': color, 'circle-stroke-width': 2 } },
    ],
  }
}
