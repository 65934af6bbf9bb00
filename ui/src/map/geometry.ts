// Metres on the earth. Shapes of accuracy are drawn as large as they were
// stated, so lengths are measured on the ellipsoid (Vincenty 1975, WGS 84) and
// never in degrees.
import type { Place } from '../api/types'
import { possible } from '../place/place'

/** longitude, latitude: the order of GeoJSON */
export type LonLat = [number, number]

const a = 6378137
const f = 1 / 298.257223563
const b = a * (1 - f)
const rad = Math.PI / 180

interface Way {
  metres: number
  /** degrees clockwise from north at the beginning */
  bearing: number
}

function series(cosSqAlpha: number): [number, number] {
  const u2 = (cosSqAlpha * (a * a - b * b)) / (b * b)
  return [1 + (u2 / 16384) * (4096 + u2 * (-768 + u2 * (320 - 175 * u2))), (u2 / 1024) * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))]
}

function correction(B: number, sinSigma: number, cosSigma: number, cos2m: number): number {
  return B * sinSigma * (cos2m + (B / 4) * (cosSigma * (-1 + 2 * cos2m ** 2) - (B / 6) * cos2m * (-3 + 4 * sinSigma ** 2) * (-3 + 4 * cos2m ** 2)))
}

/** away gives the place that lies so far in a direction. Longitudes go on beyond ±180, so that rings stay whole. */
export function away([lon, lat]: LonLat, bearing: number, metres: number): LonLat {
  if (metres === 0) return [lon, lat]
  const [sinA, cosA] = [Math.sin(bearing * rad), Math.cos(bearing * rad)]
  const tanU = (1 - f) * Math.tan(lat * rad)
  const cosU = 1 / Math.hypot(1, tanU)
  const sinU = tanU * cosU
  const sigma1 = Math.atan2(tanU, cosA)
  const sinAlpha = cosU * sinA
  const cosSqAlpha = 1 - sinAlpha ** 2
  const [A, B] = series(cosSqAlpha)
  let sigma = metres / (b * A)
  for (let i = 0; i < 100; i++) {
    const next = metres / (b * A) + correction(B, Math.sin(sigma), Math.cos(sigma), Math.cos(2 * sigma1 + sigma))
    const done = Math.abs(next - sigma) < 1e-12
    sigma = next
    if (done) break
  }
  const [sinSigma, cosSigma] = [Math.sin(sigma), Math.cos(sigma)]
  const x = sinU * sinSigma - cosU * cosSigma * cosA
  const lat2 = Math.atan2(sinU * cosSigma + cosU * sinSigma * cosA, (1 - f) * Math.hypot(sinAlpha, x))
  const lambda = Math.atan2(sinSigma * sinA, cosU * cosSigma - sinU * sinSigma * cosA)
  const C = (f / 16) * cosSqAlpha * (4 + f * (4 - 3 * cosSqAlpha))
  const cos2m = Math.cos(2 * sigma1 + sigma)
  const L = lambda - (1 - C) * f * sinAlpha * (sigma + C * sinSigma * (cos2m + C * cosSigma * (-1 + 2 * cos2m ** 2)))
  return [lon + L / rad, lat2 / rad]
}

/** way gives distance and direction from one place to another. */
export function way(from: LonLat, to: LonLat): Way {
  const L = (((to[0] - from[0] + 540) % 360) - 180) * rad
  const [U1, U2] = [Math.atan((1 - f) * Math.tan(from[1] * rad)), Math.atan((1 - f) * Math.tan(to[1] * rad))]
  const [sinU1, cosU1, sinU2, cosU2] = [Math.sin(U1), Math.cos(U1), Math.sin(U2), Math.cos(U2)]
  let lambda = L
  for (let i = 0; i < 200; i++) {
    const [sinL, cosL] = [Math.sin(lambda), Math.cos(lambda)]
    const sinSigma = Math.hypot(cosU2 * sinL, cosU1 * sinU2 - sinU1 * cosU2 * cosL)
    if (sinSigma < 1e-15) return { metres: 0, bearing: 0 }
    const cosSigma = sinU1 * sinU2 + cosU1 * cosU2 * cosL
    const sigma = Math.atan2(sinSigma, cosSigma)
    const sinAlpha = (cosU1 * cosU2 * sinL) / sinSigma
    const cosSqAlpha = 1 - sinAlpha ** 2
    const cos2m = cosSqAlpha < 1e-12 ? 0 : cosSigma - (2 * sinU1 * sinU2) / cosSqAlpha
    const C = (f / 16) * cosSqAlpha * (4 + f * (4 - 3 * cosSqAlpha))
    const next = L + (1 - C) * f * sinAlpha * (sigma + C * sinSigma * (cos2m + C * cosSigma * (-1 + 2 * cos2m ** 2)))
    if (Math.abs(next - lambda) < 1e-12) {
      const [A, B] = series(cosSqAlpha)
      const metres = b * A * (sigma - correction(B, sinSigma, cosSigma, cos2m))
      const bearing = Math.atan2(cosU2 * sinL, cosU1 * sinU2 - sinU1 * cosU2 * cosL) / rad
      return { metres, bearing: (bearing + 360) % 360 }
    }
    lambda = next
  }
  // Nearly opposite ends of the earth: the sphere is good enough to say "far away".
  const h = Math.sin(((to[1] - from[1]) * rad) / 2) ** 2 + Math.cos(from[1] * rad) * Math.cos(to[1] * rad) * Math.sin(L / 2) ** 2
  return { metres: 2 * 6371008.8 * Math.asin(Math.min(1, Math.sqrt(h))), bearing: 0 }
}

/** point is one of eight: 0 north, 1 north-east, … 7 north-west. */
export function point(bearing: number): number {
  return Math.round((((bearing % 360) + 360) % 360) / 45) % 8
}

const steps = 72

/** ellipse: orientation is of the major axis, clockwise from north (RFC 5491, §5.2.4). */
export function ellipse(at: LonLat, major: number, minor: number, orientation: number): LonLat[] {
  const ring: LonLat[] = []
  for (let i = 0; i < steps; i++) {
    const angle = (i * 360) / steps
    const [s, c] = [Math.sin(angle * rad), Math.cos(angle * rad)]
    ring.push(away(at, orientation + angle, (major * minor) / Math.hypot(minor * c, major * s)))
  }
  return closed(ring)
}

export function circle(at: LonLat, radius: number): LonLat[] {
  return ellipse(at, radius, radius, 0)
}

/** arcBand: from start clockwise through opening, between two radii (RFC 5491, §5.2.5). */
export function arcBand(at: LonLat, inner: number, outer: number, start: number, opening: number): LonLat[] {
  const turn = Math.min(360, opening)
  const parts = Math.max(2, Math.ceil((steps * turn) / 360))
  const along = (radius: number) => Array.from({ length: parts + 1 }, (_, i) => away(at, start + (turn * i) / parts, radius))
  return closed([...along(outer), ...(inner > 0 ? along(inner).reverse() : turn < 360 ? [at] : [])])
}

function closed(ring: LonLat[]): LonLat[] {
  const first = ring[0]!
  const last = ring[ring.length - 1]!
  return first[0] === last[0] && first[1] === last[1] ? ring : [...ring, first]
}

/** Fit says whether a place can be drawn, or why it must not be. */
export type Fit = 'drawn' | 'none' | 'island' | 'swapped' | 'impossible'

export function fit(p: Place): Fit {
  const polygon = p.polygon ?? []
  const points = polygon.length > 0 ? polygon : p.lat != null && p.lon != null ? [{ lat: p.lat, lon: p.lon }] : []
  if (points.length === 0) return p.lat == null && p.lon == null ? 'none' : 'impossible'
  if (points.every((q) => possible(q.lat, q.lon))) return polygon.length > 0 && polygon.length < 3 ? 'impossible' : 'drawn'
  if (points.some((q) => q.lat === 0 && q.lon === 0)) return 'island'
  return points.every((q) => possible(q.lon, q.lat)) ? 'swapped' : 'impossible'
}

/** anchor is where the sign of a place stands: its own coordinates, else the middle of its polygon. */
export function anchor(p: Place): LonLat | undefined {
  if (fit(p) !== 'drawn') return undefined
  if (p.lat != null && p.lon != null && possible(p.lat, p.lon)) return [p.lon, p.lat]
  const ring = p.polygon ?? []
  return [ring.reduce((sum, q) => sum + q.lon, 0) / ring.length, ring.reduce((sum, q) => sum + q.lat, 0) / ring.length]
}

// A shape wider than a prefecture tells nobody where to go; it stays in the list.
const widest = 300_000

/** outline is the shape of accuracy as a ring, or nothing for a bare point. */
export function outline(p: Place): LonLat[] | undefined {
  const at = anchor(p)
  if (!at) return undefined
  if ((p.polygon ?? []).length > 0) return closed(p.polygon!.map((q): LonLat => [q.lon, q.lat]))
  const e = p.extent
  const ok = (...metres: (number | undefined)[]) => metres.every((m) => m !== undefined && m > 0 && m <= widest)
  if (e && ok(e.semiMajorM, e.semiMinorM)) return ellipse(at, e.semiMajorM!, e.semiMinorM!, e.orientationDeg ?? 0)
  if (e && ok(e.outerRadiusM, e.openingDeg)) return arcBand(at, Math.min(Math.max(0, e.innerRadiusM ?? 0), e.outerRadiusM!), e.outerRadiusM!, e.startDeg ?? 0, e.openingDeg!)
  return ok(p.radiusM) ? circle(at, p.radiusM!) : undefined
}

/** dms writes degrees, minutes and seconds to a tenth: some 3 m. */
export function dms(lat: number, lon: number): string {
  const one = (v: number, signs: string) => {
    const tenths = Math.round(Math.abs(v) * 36000)
    const [d, m, s] = [Math.floor(tenths / 36000), Math.floor((tenths % 36000) / 600), (tenths % 600) / 10]
    return `${d}°${String(m).padStart(2, '0')}′${s.toFixed(1).padStart(4, '0')}″${v < 0 ? signs[1] : signs[0]}`
  }
  return `${one(lat, 'NS')} ${one(lon, 'EW')}`
}
