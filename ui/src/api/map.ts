import type { ConsoleApi } from './console'
import type { BoardPlace, HouseMap, ReportPlaces } from './types'

export function houseMap(api: ConsoleApi) {
  return api.ask<HouseMap>('/map')
}

export function mapAddress(map: HouseMap): string {
  return `/api/v1/map/${map.sha256}`
}

export function reportPlaces(api: ConsoleApi, id: string) {
  return api.ask<ReportPlaces>(`/reports/${encodeURIComponent(id)}/places`)
}

export function boardPlaces(api: ConsoleApi) {
  return api.ask<BoardPlace[]>('/board/places')
}
