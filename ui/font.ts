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
