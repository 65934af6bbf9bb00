/** ticks calls back four times a second, also while the page is hidden. */
export function ticks(each: () => void): () => void {
  const worker = new Worker(new URL('./ticks.worker.ts', import.meta.url), { type: 'module' })
  worker.onmessage = each
  return () => worker.terminate()
}
