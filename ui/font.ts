import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Plugin } from 'vite'

// localFirst rewrites the font package's faces: the face already installed on
// the machine (Windows ships it) comes first, and the older woff copies, which
// double the size, are dropped.
export function localFirst(): Plugin {
  return {
    name: 'matoi-local-font-first',
    enforce: 'pre',
    transform(code, id) {
      if (!/@fontsource\/biz-udgothic\/[^/]*\.css/.test(id)) return null
      return code
        .replace(/, url\([^)]*\.woff\) format\('woff'\)/g, '')
        .replace(/font-weight: 400;\s*src: /g, "font-weight: 400;\n  src: local('BIZ UDGothic'), local('BIZUDGothic-Regular'), ")
        .replace(/font-weight: 700;\s*src: /g, "font-weight: 700;\n  src: local('BIZ UDGothic Bold'), local('BIZUDGothic-Bold'), ")
    },
  }
}

// plainFaces puts two undivided copies of the regular face beside the pages, for
// the simulated service's screen, which Go draws without a browser (sim/page). No
// page reads them.
export function plainFaces(): Plugin {
  const files = resolve(import.meta.dirname, 'node_modules/@fontsource/biz-udgothic/files')
  return {
    name: 'matoi-plain-faces',
    apply: 'build',
    generateBundle() {
      for (const part of ['latin', 'japanese']) {
        const source = readFileSync(resolve(files, `biz-udgothic-${part}-400-normal.woff`))
        this.emitFile({ type: 'asset', fileName: `assets/face/${part}.woff`, source })
      }
    },
  }
}
