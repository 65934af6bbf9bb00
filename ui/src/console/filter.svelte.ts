import { asks, everything, type Asked } from './filter'

/** BoardFilter is what this page leaves out. It dies with the page: nobody inherits the filter of the shift before. */
export class BoardFilter {
  open = $state(false)
  asked = $state<Asked>({ ...everything })
  /** what is left out now, and what is shown although it was not asked for */
  hidden = $state(0)
  keptBack = $state(0)

  get active(): boolean {
    return asks(this.asked)
  }

  clear(): void {
    this.asked = { ...everything }
  }
}
