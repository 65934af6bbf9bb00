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

function over(a: Box, b: Box): boolean {
  return a.left < b.left + b.width && b.left < a.left + a.width && Math.abs(a.top - b.top) < height
}

/** sideOf finds a free side and takes it; where none is free the sign stands above. */
export function sideOf(taken: Box[], x: number, y: number, width: number): Side {
  const sides: Side[] = ['bottom', 'left', 'right', 'top']
  const side = sides.find((s) => !taken.some((t) => over(t, boxOf(s, x, y, width)))) ?? 'bottom'
  taken.push(boxOf(side, x, y, width))
  return side
}
