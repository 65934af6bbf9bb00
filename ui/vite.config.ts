import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { localFirst, plainFaces } from './font.ts'

// Two pages, because they are served by two programs: the server's console and
// the dedicated terminal's own page. Nothing is inlined: the policy that the
// doors send (embed.go) allows neither inline script nor data: fonts.
export default defineConfig({
  plugins: [localFirst(), plainFaces(), svelte()],
  resolve: { conditions: process.env.VITEST ? ['browser'] : undefined },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        console: resolve(import.meta.dirname, 'console.html'),
        terminal: resolve(import.meta.dirname, 'terminal.html'),
      },
    },
  },
  worker: { format: 'es' },
  server: { fs: { allow: ['..'] }, proxy: { '/api': 'http://127.0.0.1:8119', '/page': 'http://127.0.0.1:8119' } },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'], testTimeout: 30_000 },
})
