// Where a sign stands beside its place, so that signs do not lie on each other.
// The first signs are the ones that matter most: they stand above their place.

export type Side = 'bottom' | 'top' | 'left' | 'right'

export interface Box {
  left: number
  top: number
  width: number
}

const height = 26
const gap = 14

/** offsets from the place to the side of the sign that faces it. */
export const offsets: Record<Side, [number, number]> = { bottom: [0, -gap], top: [0, gap], left: [gap, 0], right: [-gap, 0] }

function boxOf(side: Side, x: number, y: number, width: number): Box {
  switch (side) {
    case 'bottom':
      return { left: x - width / 2, top: y - gap - height, width }
    case 'top':
      return { left: x - width / 2, top: y + gap, width }
    case 'left':
      return { left: x + gap, top: y - height / 2, width }
    case 'right':
      return { left: x - gap - width, top: y - height / 2, width }
  }
}

/** over is how much of two signs lies on each other. */
function over(a: Box, b: Box): number {
  const wide = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left)
  const high = height - Math.abs(a.top - b.top)
  return wide > 0 && high > 0 ? wide * high : 0
}

const sides: Side[] = ['bottom', 'left', 'right', 'top']

/** sideOf finds a free side, or the least taken one, and takes it. */
export function sideOf(taken: Box[], x: number, y: number, width: number): Side {
  let best: Side = 'bottom'
  let least = Infinity
  for (const side of sides) {
    const box = boxOf(side, x, y, width)
    const hidden = taken.reduce((sum, t) => sum + over(t, box), 0)
    if (hidden < least) [best, least] = [side, hidden]
  }
  taken.push(boxOf(best, x, y, width))
  return best
}
