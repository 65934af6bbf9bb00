import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const css = readFileSync('src/map/map.css', 'utf8')

function tokens(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split('}')[0]!
  return Object.fromEntries([...block.matchAll(/(--[a-z-]+):\s*(#[0-9a-f]{3,6})/g)].map((m) => [m[1], m[2]]))
}

function luminance(hex: string): number {
  const full = hex.length === 4 ? hex.replace(/[0-9a-f]/g, '$&$&') : hex
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(full.slice(i, i + 2), 16) / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p)
  return (x! + 0.05) / (y! + 0.05)
}

// WCAG 2.2, 1.4.11 for signs and shapes, 1.4.3 for words.
describe.each([':root', "[data-look='light']"])('the map in %s', (selector) => {
  const t = tokens(selector)
  const grounds = ['--map-land', '--map-water', '--map-green', '--map-built', '--map-building']
  it.each(Object.keys(t).filter((k) => k.startsWith('--place-')))('%s stands out from every ground', (sign) => {
    for (const g of grounds) expect(contrast(t[sign]!, t[g]!), g).toBeGreaterThanOrEqual(3)
  })
  it.each(['--map-word', '--map-water-word'])('%s can be read on its halo and on every ground', (word) => {
    for (const g of ['--map-halo', ...grounds]) expect(contrast(t[word]!, t[g]!), g).toBeGreaterThanOrEqual(4.5)
  })
})
