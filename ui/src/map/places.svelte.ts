import type { ConsoleApi } from '../api/console'
import { boardPlaces, reportPlaces } from '../api/map'
import type { BoardPlace } from '../api/types'
import { layOut, type Layout } from './track'

const nothing: Layout = { revision: 0, shown: [], tracks: [] }
const boardEvery = 2000 // ms; a map of all reports need not be newer, and the board may change 60 times a second

/** Places are those of the report in front, and of all that are open. A read that fails leaves what is known. */
export class Places {
  layout = $state.raw<Layout>(nothing)
  others = $state.raw<BoardPlace[]>([])
  /** the report whose places these are */
  id = $state('')

  readonly #api: ConsoleApi
  #wanted = ''
  #readAt = ''
  #boardRead = false
  #boardAgain = false
  #over = false

  constructor(api: ConsoleApi) {
    this.#api = api
  }

  /** follow reads the places of a report when it, or its revision, is another. */
  async follow(id: string, revision: number): Promise<void> {
    const wanted = `${id} ${revision}`
    if (wanted === this.#wanted) return
    this.#wanted = wanted
    if (id !== this.id) {
      this.id = id
      this.layout = nothing
      this.#readAt = ''
    }
    if (id === '' || revision === 0) return
    try {
      const answer = await reportPlaces(this.#api, id)
      if (this.#over || this.id !== id) return
      this.layout = layOut(answer)
      this.#readAt = wanted
    } catch {
      if (this.#wanted === wanted && this.#readAt !== wanted) this.#wanted = '' // asked again with the next change
    }
  }

  /** board reads where the open reports are, at most every two seconds. */
  async board(): Promise<void> {
    if (this.#boardRead) {
      this.#boardAgain = true
      return
    }
    this.#boardRead = true
    this.#boardAgain = false
    try {
      const others = await boardPlaces(this.#api)
      if (!this.#over) this.others = others
    } catch {
      // The last known ones stay; the page says elsewhere that the server is silent.
    }
    setTimeout(() => {
      this.#boardRead = false
      if (this.#boardAgain && !this.#over) void this.board()
    }, boardEvery)
  }

  end(): void {
    this.#over = true
  }
}
