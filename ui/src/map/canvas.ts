// The map itself: MapLibre on one local file. This file is loaded when a map is
// first opened; the console starts without it.
import { addProtocol, Map as View, Marker, NavigationControl, ScaleControl, setWorkerUrl, type GeoJSONSource } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { PMTiles, Protocol, type RangeResponse, type Source } from 'pmtiles'
import type { BoardPlace, HouseMap } from '../api/types'
import { anchor, type LonLat } from './geometry'
import { box, faint, featuresOf, overlayOf, tokenOf } from './overlay'
import { offsets, sideOf, type Box } from './side'
import { marks, styleOf, type Mark } from './style'
import type { Layout } from './track'

/** Scene is everything that the map shows. */
export interface Scene {
  layout: Layout
  /** the report in front; its own place on the board is not drawn twice */
  opened: string
  others: BoardPlace[]
}

export interface Words {
  /** what a screen reader says of the map */
  title: string
  zoomIn: string
  zoomOut: string
  /** the one letter of a sign on the map */
  mark: (mark: Mark) => string
  role: (role: string) => string
  report: (number: string) => string
}

export interface Doors {
  /** address of the file, on our own server */
  address: string
  headers: Record<string, string>
  /** a part of the file could not be read or drawn */
  failed: (why: string) => void
}

const widestOpen = 16.5 // a single point is shown with the blocks around it

let protocol: Protocol | undefined

function ink(token: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim() || '#888'
}

/** drawable says whether this browser can draw a map at all. */
export function drawable(): boolean {
  return document.createElement('canvas').getContext('webgl2') !== null
}

export class Canvas {
  readonly #view: View
  readonly #map: HouseMap
  readonly #words: Words
  #scene: Scene
  #signs: Marker[] = []
  /** a person moved the map: it stays where they put it */
  #held = false
  #fitted = ''
  #lettersCame = 0

  constructor(where: HTMLElement, map: HouseMap, scene: Scene, words: Words, doors: Doors) {
    setWorkerUrl(workerUrl)
    if (!protocol) {
      protocol = new Protocol()
      addProtocol('pmtiles', protocol.tile)
    }
    protocol.add(new PMTiles(new Named(map.sha256, doors)))
    this.#map = map
    this.#words = words
    this.#scene = scene
    this.#view = new View({
      container: where,
      style: this.#style(),
      center: [map.center[0]!, map.center[1]!],
      zoom: map.center[2]!,
      maxZoom: Math.max(19, map.maxZoom),
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
      localIdeographFontFamily: "'BIZ UDGothic', 'BIZ UDPGothic', 'Noto Sans CJK JP', sans-serif",
      locale: { 'Map.Title': words.title, 'NavigationControl.ZoomIn': words.zoomIn, 'NavigationControl.ZoomOut': words.zoomOut },
    })
    this.#view.touchZoomRotate.disableRotation()
    this.#view.keyboard.disableRotation()
    this.#view.addControl(new NavigationControl({ showCompass: false }), 'top-right')
    this.#view.addControl(new ScaleControl({ unit: 'metric' }), 'bottom-left')
    this.#view.on('error', (e) => doors.failed(e.error?.message ?? ''))
    this.#view.on('movestart', (e) => {
      if ('originalEvent' in e && e.originalEvent) this.#held = true
    })
    this.#view.setMissingStyleImageResolver((id) => this.#mark(id))
    this.#view.on('zoomend', () => this.#place())
    this.#view.on('resize', () => this.#resized())
    document.fonts.addEventListener('loadingdone', this.#letters)
    this.#show(true)
  }

  #style() {
    return styleOf(this.#map, ink, overlayOf(featuresOf(this.#scene.layout), ink))
  }

  /** Letters are drawn as soon as they are needed; those drawn before their part of the face had come are drawn again. */
  #letters = () => {
    if (this.#lettersCame++ < 12) this.#view.setStyle(this.#style(), { diff: false })
  }

  /** look draws everything in the colours of the look that is now on. */
  look(): void {
    this.#view.setStyle(this.#style(), { diff: false })
    this.#place()
  }

  /** show puts another scene on the map; it moves only when nobody holds it. */
  show(scene: Scene): void {
    const other = scene.opened !== this.#scene.opened
    this.#scene = scene
    const f = featuresOf(scene.layout)
    for (const name of ['areas', 'ways', 'steps'] as const) (this.#view.getSource(name) as GeoJSONSource | undefined)?.setData(f[name])
    this.#show(other)
  }

  /** whole shows every place of the report again. */
  whole(): void {
    this.#held = false
    this.#fitted = ''
    this.#fit()
  }

  #show(anew: boolean): void {
    if (anew) this.#held = false
    this.#fit()
    this.#place()
  }

  #resized(): void {
    this.#fitted = ''
    this.#fit()
    this.#place()
  }

  #fit(): void {
    const b = box(this.#scene.layout, this.#scene.others)
    const now = `${this.#scene.opened} ${JSON.stringify(b)}`
    if (this.#held || now === this.#fitted) return
    this.#fitted = now
    if (b) this.#view.fitBounds(b, { padding: this.#room(), maxZoom: widestOpen, animate: false })
    else this.#view.jumpTo({ center: [this.#map.center[0]!, this.#map.center[1]!], zoom: this.#map.center[2]! })
  }

  /** room around what is shown: signs stand above their places, buttons at the right; a small map has little of it. */
  #room() {
    const { clientWidth: width, clientHeight: height } = this.#view.getContainer()
    const side = Math.min(60, width * 0.12)
    return { top: Math.min(64, height * 0.18), bottom: Math.min(36, height * 0.1), left: side, right: side }
  }

  /** signs: the letter and role of each place, the number of each other report. */
  #place(): void {
    for (const s of this.#signs) s.remove()
    this.#signs = []
    const taken: Box[] = []
    for (const s of [...this.#scene.layout.shown].sort((a, b) => Number(faint(a)) - Number(faint(b)))) {
      if (s.at && !s.behind) this.#sign(taken, s.at, `sign${faint(s) ? ' faint' : ''}`, s.letter, this.#words.role(s.place.role), tokenOf(s.place.role))
    }
    for (const o of this.#scene.others) {
      const at = anchor(o.location)
      if (o.id === this.#scene.opened || !at) continue
      this.#sign(taken, at, `sign report${o.mode === 'actual' ? '' : ' drill'}`, '', this.#words.report(o.number), '')
    }
  }

  #sign(taken: Box[], at: LonLat, kind: string, letter: string, word: string, token: string): void {
    const e = document.createElement('div')
    e.className = kind
    if (token) e.style.setProperty('--sign', `var(${token})`)
    if (letter) {
      const b = document.createElement('b')
      b.textContent = letter
      e.append(b)
    }
    e.append(word)
    e.setAttribute('aria-hidden', 'true') // the list beside the map says the same and more
    const p = this.#view.project(at)
    const side = sideOf(taken, p.x, p.y, (letter.length + 2 * word.length) * 7.5 + 30)
    e.classList.add(side)
    this.#signs.push(new Marker({ element: e, anchor: side, offset: offsets[side] }).setLngLat(at).addTo(this.#view))
  }

  /** mark draws the one-letter sign of a place that dispatchers look for. */
  #mark(id: string): void {
    const kind = marks.find((m) => id === `mark/${m}`)
    const letter = kind && this.#words.mark(kind)
    if (!letter || this.#view.hasImage(id)) return
    const size = 36
    const c = document.createElement('canvas')
    c.width = c.height = size
    const g = c.getContext('2d')
    if (!g) return
    g.fillStyle = ink('--surface')
    g.strokeStyle = ink('--map-word')
    g.lineWidth = 3
    g.beginPath()
    g.roundRect(2, 2, size - 4, size - 4, 6)
    g.fill()
    g.stroke()
    g.fillStyle = ink('--map-word')
    g.font = "bold 24px 'BIZ UDGothic', 'Noto Sans CJK JP', sans-serif"
    g.textAlign = 'center'
    g.textBaseline = 'middle'
    g.fillText(letter, size / 2, size / 2 + 1)
    this.#view.addImage(id, g.getImageData(0, 0, size, size), { pixelRatio: 2 })
  }

  /** still waits until everything of the present view is drawn; tests look then. */
  still(): Promise<void> {
    return new Promise((done) => (this.#view.loaded() && !this.#view.isMoving() ? done() : this.#view.once('idle', () => done())))
  }

  end(): void {
    document.fonts.removeEventListener('loadingdone', this.#letters)
    this.#view.remove()
  }
}

/** Named is our file under its digest, asked for in parts (RFC 9110, §14). Its content never changes under that name, so the browser may keep parts. */
class Named implements Source {
  readonly #key: string
  readonly #doors: Doors
  constructor(key: string, doors: Doors) {
    this.#key = key
    this.#doors = doors
  }
  getKey(): string {
    return this.#key
  }
  async getBytes(offset: number, length: number, signal?: AbortSignal): Promise<RangeResponse> {
    const headers = { ...this.#doors.headers, range: `bytes=${offset}-${offset + length - 1}` }
    const answer = await fetch(this.#doors.address, { headers, signal: signal ?? null, credentials: 'same-origin' })
    if (answer.status !== 206) throw new Error(`map: ${answer.status}`)
    return { data: await answer.arrayBuffer() }
  }
}
