// A place is shown as given: every statement on its own lines, nothing merged,
// nothing moved, coordinates always readable without a map.
import type { Civic, Place } from '../api/types'

export interface PlaceLines {
  role: string
  label: string
  address: string[]
  coordinates: string
  impossible: boolean
  radiusM?: number
  polygon: number
  confidence?: number
  altitudeM?: number
  speedKmh?: number
  headingDeg?: number
  method: string
  acquiredAt: string
}

/** possible refuses what no caller can stand on; 0,0 is what broken receivers send. */
export function possible(lat: number, lon: number): boolean {
  if (!Number.isFinite(lat) || !Number.isFinite(lon)) return false
  if (Math.abs(lat) > 90 || Math.abs(lon) > 180) return false
  return lat !== 0 || lon !== 0
}

/** degrees keeps what was sent, up to the centimetre (seven decimals). */
function degrees(n: number): string {
  return String(Number(n.toFixed(7)))
}

function address(c: Civic | undefined): string[] {
  if (!c) return []
  const first = [c.postcode ? `〒${c.postcode.replace(/^〒/, '')}` : '', `${c.pref ?? ''}${c.city ?? ''}${c.line ?? ''}`]
  const second = [c.building, c.floor, c.room]
  return [first, second, [c.note]].map((line) => line.filter(Boolean).join(' ')).filter(Boolean)
}

export function placeLines(p: Place): PlaceLines {
  const both = p.lat !== undefined && p.lat !== null && p.lon !== undefined && p.lon !== null
  return {
    role: p.role,
    label: p.label ?? '',
    address: address(p.civic),
    coordinates: both ? `${degrees(p.lat!)}, ${degrees(p.lon!)}` : '',
    impossible: both && !possible(p.lat!, p.lon!),
    radiusM: p.radiusM || undefined,
    polygon: p.polygon?.length ?? 0,
    confidence: p.confidence ? Math.round(p.confidence * 100) : undefined,
    altitudeM: p.altitudeM ?? undefined,
    speedKmh: p.speedKmh ?? undefined,
    headingDeg: p.headingDeg ?? undefined,
    method: p.method ?? '',
    acquiredAt: p.acquiredAt ?? '',
  }
}
