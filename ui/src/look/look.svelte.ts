// Dark room or light room; the choice stays with the browser.
export type Look = 'dark' | 'light'

const remembered = 'matoi.look'

function first(): Look {
  try {
    return localStorage.getItem(remembered) === 'light' ? 'light' : 'dark'
  } catch {
    return 'dark'
  }
}

let current = $state<Look>(first())

export function look(): Look {
  return current
}

export function show(next: Look): void {
  current = next
  document.documentElement.dataset.look = next
  try {
    localStorage.setItem(remembered, next)
  } catch {
    // The choice then lasts as long as the page.
  }
}
