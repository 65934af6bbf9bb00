// The look of the map, for whatever layers a headquarters' file has. Layers are
// known by the names of common schemas (OpenMapTiles, Protomaps, those of
// 国土地理院, our made-up town); a stranger's layer is drawn as thin lines, so that
// a map with other names is plain and not empty.
import roads from './roads.json'
import type { ExpressionSpecification, FilterSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl'
import type { HouseMap } from '../api/types'

export const source = 'house'

/** Ink gives the value of one of the look's tokens. */
export type Ink = (token: string) => string

type Part = 'land' | 'green' | 'water' | 'waterway' | 'building' | 'rail' | 'road' | 'boundary' | 'word' | 'unknown'

const parts: Record<string, Part> = {
  earth: 'land', land: 'land',
  landuse: 'green', landcover: 'green', park: 'green', wood: 'green', natural: 'green', vegetation: 'green',
  water: 'water', waterarea: 'water', ocean: 'water', sea: 'water', lake: 'water', wstructurea: 'water',
  waterway: 'waterway', river: 'waterway', coastline: 'waterway', wl: 'waterway', wa: 'water',
  building: 'building', buildings: 'building', blda: 'building', structurea: 'building',
  railway: 'rail', rail: 'rail', railtrcl: 'rail', transit: 'rail', railcl: 'rail',
  road: 'road', roads: 'road', transportation: 'road', rdcl: 'road', highway: 'road',
  boundary: 'boundary', boundaries: 'boundary', admbdry: 'boundary',
  place: 'word', places: 'word', poi: 'word', pois: 'word', label: 'word', symbol: 'word', anno: 'word', water_name: 'word',
  transportation_name: 'word', housenumber: 'word', mountain_peak: 'word', aerodrome_label: 'word',
}

const order: Part[] = ['land', 'green', 'water', 'waterway', 'unknown', 'boundary', 'building', 'rail', 'road', 'word']

/** partOf says what a layer of that name is. */
export function partOf(layer: string): Part {
  return parts[layer.toLowerCase()] ?? 'unknown'
}

const name: ExpressionSpecification = ['coalesce', ['get', 'name:ja'], ['get', 'name'], ['get', 'vt_text'], ['get', 'knj'], '']
const kind: ExpressionSpecification = ['to-string', ['coalesce', ['get', 'class'], ['get', 'kind'], ['get', 'vt_rdctg'], '']]
// What the tiles of others call these roads: values of their data, no words of ours.
const { motorways, majors } = roads
const lines: FilterSpecification = ['==', ['geometry-type'], 'LineString']
const areas: FilterSpecification = ['==', ['geometry-type'], 'Polygon']
const face = ['BIZ UDGothic']

function wide(thin: number, thick: number): ExpressionSpecification {
  return ['interpolate', ['exponential', 1.6], ['zoom'], 10, thin, 18, thick]
}

function byKind<T extends string | number>(motorway: T, major: T, minor: T): ExpressionSpecification {
  return ['match', kind, motorways, motorway, majors, major, minor] as unknown as ExpressionSpecification
}

type Maker = (id: string, ink: Ink) => LayerSpecification[]

const makers: Record<Part, Maker> = {
  land: (id, ink) => [{ id, type: 'fill', source, 'source-layer': id, filter: areas, paint: { 'fill-color': ink('--map-land') } }],
  green: (id, ink) => [
    {
      id, type: 'fill', source, 'source-layer': id, filter: areas,
      paint: { 'fill-color': ['match', kind, ['wood', 'forest', 'park', 'grass', 'grassland', 'nature_reserve', 'golf_course', 'cemetery'], ink('--map-green'), ink('--map-built')] },
    },
  ],
  water: (id, ink) => [{ id, type: 'fill', source, 'source-layer': id, filter: areas, paint: { 'fill-color': ink('--map-water') } }],
  waterway: (id, ink) => [{ id, type: 'line', source, 'source-layer': id, paint: { 'line-color': ink('--map-water'), 'line-width': wide(0.8, 4) } }],
  building: (id, ink) => [{ id, type: 'fill', source, 'source-layer': id, minzoom: 13, filter: areas, paint: { 'fill-color': ink('--map-building') } }],
  rail: (id, ink) => [
    { id, type: 'line', source, 'source-layer': id, filter: lines, paint: { 'line-color': ink('--map-rail'), 'line-width': wide(1, 4) } },
    { id: `${id}/ties`, type: 'line', source, 'source-layer': id, filter: lines, paint: { 'line-color': ink('--map-land'), 'line-width': wide(0.4, 2.4), 'line-dasharray': [4, 4] } },
  ],
  road: (id, ink) => [
    {
      id, type: 'line', source, 'source-layer': id, filter: lines, layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': byKind(ink('--map-motorway'), ink('--map-major'), ink('--map-road')),
        'line-width': ['interpolate', ['exponential', 1.6], ['zoom'], 10, byKind(1.6, 1, 0.3), 14, byKind(4, 3, 1), 18, byKind(20, 16, 9)],
      },
    },
    {
      id: `${id}/names`, type: 'symbol', source, 'source-layer': id, minzoom: 13, filter: ['all', lines, ['!=', name, '']],
      layout: { 'symbol-placement': 'line', 'text-field': name, 'text-font': face, 'text-size': 12 },
      paint: words(ink, '--map-word'),
    },
  ],
  boundary: (id, ink) => [{ id, type: 'line', source, 'source-layer': id, filter: lines, paint: { 'line-color': ink('--map-rail'), 'line-width': 1, 'line-dasharray': [3, 2] } }],
  word: (id, ink) => [
    {
      id, type: 'symbol', source, 'source-layer': id, filter: ['all', ['==', ['geometry-type'], 'Point'], ['!=', name, '']],
      layout: {
        'text-field': name, 'text-font': face, 'text-max-width': 9, 'text-padding': 4,
        'text-size': ['match', kind, ['city', 'town'], 17, ['suburb', 'neighbourhood', 'village', 'locality'], 14, 13],
        'symbol-sort-key': ['match', kind, ['city', 'town'], 0, ['fire_station', 'hospital', 'police'], 1, 5],
        'icon-image': ['match', kind, [...marks], ['concat', 'mark/', kind], ''] as unknown as ExpressionSpecification,
        'icon-optional': true,
        'text-anchor': ['match', kind, [...marks], 'left', 'center'] as unknown as ExpressionSpecification,
        'text-offset': ['match', kind, [...marks], ['literal', [1, 0]], ['literal', [0, 0]]] as unknown as ExpressionSpecification,
      },
      paint: words(ink, ['match', kind, ['sea', 'river', 'ocean', 'lake', 'water'], ink('--map-water-word'), ink('--map-word')]),
    },
  ],
  unknown: (id, ink) => [{ id, type: 'line', source, 'source-layer': id, paint: { 'line-color': ink('--map-road'), 'line-width': 0.6 } }],
}

/** marks are the places with a sign that a dispatcher looks for; its letter is in the catalogue, as on a paper map. */
export const marks = ['fire_station', 'hospital', 'police', 'town_hall', 'station', 'school'] as const
export type Mark = (typeof marks)[number]

function words(ink: Ink, color: string | ExpressionSpecification) {
  return { 'text-color': typeof color === 'string' ? ink(color) : color, 'text-halo-color': ink('--map-halo'), 'text-halo-width': 1.6 }
}

/** styleOf makes the whole style; overlay layers of places come on top. No glyphs and no sprite: letters are drawn from the page's own face. */
export function styleOf(map: HouseMap, ink: Ink, overlay: Pick<StyleSpecification, 'sources' | 'layers'>): StyleSpecification {
  const drawn = map.layers.map((id) => ({ id, part: partOf(id) })).sort((a, b) => order.indexOf(a.part) - order.indexOf(b.part))
  const made = drawn.flatMap(({ id, part }) => makers[part](id, ink))
  const under = made.filter((l) => l.type !== 'symbol')
  // A file without a layer of land is land with water on it.
  const ground = drawn.some((d) => d.part === 'land') ? '--ground' : '--map-land'
  return {
    version: 8,
    sources: { [source]: { type: 'vector', url: `pmtiles://${map.sha256}` }, ...overlay.sources },
    layers: [{ id: 'ground', type: 'background', paint: { 'background-color': ink(ground) } }, ...under, ...made.filter((l) => l.type === 'symbol'), ...overlay.layers],
  }
}
