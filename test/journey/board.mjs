// A full board under change, with a hand on it. The page is watched from inside,
// after each painted frame. Nothing here is a timed assertion: what is slow is
// printed, what moves is a failure.
import { Console, journey, must, sees, until } from './stage.mjs'
import { sit } from './door.mjs'

await journey(async (stage) => {
  const { cards, consoles, each, seconds, numbers } = stage.given
  const page = await stage.desk('指令台1')
  await page.addInitScript(watch)
  const a = new Console(page)
  await stage.act('join', { count: consoles })
  await stage.act('fill', { count: cards })
  await sit(a, stage.given)
  const size = () => page.evaluate(() => document.querySelectorAll('[data-card]').length)
  await until(`${cards} cards are on the board`, async () => (await size()) === cards)

  // So many of one service at once stand as one card; here each is wanted whole.
  const unfold = page.getByRole('button', { name: 'すべて開く' })
  if (await unfold.count()) await unfold.click()

  // A card in the middle of the list, in the middle of the screen.
  const middle = page.locator('[data-report]').nth(Math.floor(cards / 2))
  await middle.scrollIntoViewIfNeeded()
  await stage.act('stir', { each, seconds: seconds * 2 + 4 })

  // 1. The hand rests on a card, then wanders a little, while everything changes.
  const box = await middle.boundingBox()
  await page.mouse.move(box.x + 40, box.y + 20)
  await page.evaluate(() => globalThis.hand.begin())
  for (let n = 0; n < seconds; n++) {
    await frames(page, 50)
    await page.mouse.move(box.x + 40 + n * 7, box.y + 20 + (n % 3))
  }
  const hand = await page.evaluate(() => globalThis.hand.end())
  must(hand.frames > seconds * 5, `the page painted ${hand.frames} frames only`)
  must(hand.moved.length === 0, `under the hand moved: ${hand.moved.join('; ')}`)

  // 2. The keyboard: a line typed while everything changes arrives whole.
  await a.away()
  await page.evaluate(() => document.activeElement?.blur?.())
  const line = page.getByRole('textbox', { name: '通報者への発言' })
  let taken = false
  for (let n = 0; n < 10 && !taken; n++) {
    await page.keyboard.press('j') // another console may be faster; then the next
    await page.keyboard.press('a')
    taken = await until('the line is open', () => line.isEnabled({ timeout: 100 }), 3000).catch(() => false)
  }
  must(taken, 'no report could be taken')
  await page.keyboard.press('c')
  await page.evaluate(() => globalThis.keyboard.begin())
  const words = 'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(3)
  for (const letter of words) {
    await page.keyboard.press(letter)
    await frames(page, 2)
  }
  must((await line.inputValue()) === words, `typed ${words.length} letters, arrived: ${await line.inputValue()}`)
  must((await page.evaluate(() => globalThis.keyboard.end())) === 0, 'the keyboard was taken away while somebody typed')
  await page.keyboard.press('Escape')

  // 3. The keyboard walks the list; it never falls off.
  await page.evaluate(() => globalThis.keys.begin())
  for (let n = 0; n < 60; n++) {
    await page.keyboard.press(n % 20 < 12 ? 'j' : 'k')
    await frames(page, 3)
    must(await page.evaluate(() => document.activeElement?.hasAttribute('data-card')), 'the keyboard is on no card')
  }
  const keys = await page.evaluate(() => globalThis.keys.end())
  console.log(`key to paint over ${cards} cards and ${each} changes a second: ${say(keys)}`)
  const { events } = await stage.act('stirred')
  must(events > consoles * each, `the other consoles were sent ${events} changes`)
  must((await size()) >= cards, 'cards were lost')

  if (numbers) await measure(stage, page, a, numbers, cards)
})

/** measure prints change to pixels at a rate, beside a page that does nothing but prepend. */
async function measure(stage, page, a, each, cards) {
  const bare = await page.context().newPage()
  await bare.addInitScript(watch)
  await bare.goto(new URL('/healthz', stage.given.server).href)
  await bare.evaluate(plain, stage.given.consoleId)
  for (const [name, p] of [['console', page], ['bare page', bare]]) {
    await p.bringToFront()
    await p.evaluate(() => globalThis.pixels.splice(0))
    await stage.act('stir', { each, seconds: 10 })
    await stage.act('stirred')
    const all = await p.evaluate(() => globalThis.pixels.splice(0))
    console.log(`commit to pixels at ${each} changes a second, ${cards} cards, ${name}: ${say(all)}`)
  }
  await bare.close()
  await page.bringToFront()
  await a.away()
  for (const [name, keys] of [['open', ['j', 'Enter']], ['filter', ['f', 'Escape']], ['claim', ['j', 'a']], ['map', ['g']]]) {
    await page.evaluate(() => globalThis.keys.begin())
    for (let n = 0; n < 20; n++)
      for (const k of keys) {
        await page.keyboard.press(k)
        await frames(page, 4)
      }
    console.log(`key to next paint, ${name}: ${say(await page.evaluate(() => globalThis.keys.end()))}`)
  }
}

function frames(page, n) {
  return page.evaluate(
    (left) =>
      new Promise((done) => {
        const next = () => (--left > 0 ? requestAnimationFrame(next) : done())
        requestAnimationFrame(next)
      }),
    n,
  )
}

function say(ms) {
  const sorted = [...ms].sort((x, y) => x - y)
  const at = (p) => (sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))].toFixed(1) : '—')
  return `n ${sorted.length}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
}

/** plain is the reference: the same stream, and one element more for each change. */
async function plain(consoleId) {
  const { cursor } = await (await fetch('/api/v1/board', { headers: { 'matoi-console': consoleId } })).json()
  const source = new EventSource(`/api/v1/feed?console=${consoleId}&cursor=${cursor}`)
  source.addEventListener('change', (e) => {
    const row = document.createElement('div')
    row.textContent = e.data.slice(0, 200)
    document.body.prepend(row)
    while (document.body.childElementCount > 200) document.body.lastElementChild.remove()
  })
}

/** watch runs in the page before anything else. */
function watch() {
  // After a frame was painted: the task that a message from a frame starts.
  const painted = []
  const channel = new MessageChannel()
  channel.port1.onmessage = () => painted.splice(0).forEach((f) => f())
  const afterPaint = (f) =>
    requestAnimationFrame(() => {
      painted.push(f)
      channel.port2.postMessage(0)
    })

  let x = 0
  let y = 0
  addEventListener('pointermove', (e) => ([x, y] = [e.clientX, e.clientY]), true)

  const hand = { on: false, frames: 0, moved: [], last: undefined, off: 0 }
  const look = () => {
    if (!hand.on) return
    hand.frames++
    const card = document.elementFromPoint(x, y)?.closest('[data-report]')
    const now = { x, y, id: card?.dataset.report, top: card?.getBoundingClientRect().top }
    const was = hand.last
    if (was && was.x === x && was.y === y && was.id && (was.id !== now.id || Math.abs(was.top - now.top) > 1)) {
      // Between two frames the document may already be ahead of the glass; what
      // was not put back when the next frame is on the glass has moved.
      if (++hand.off >= 2) {
        hand.moved.push(`${was.id} from ${was.top} to ${now.id} at ${now.top}`)
        hand.off = 0
        hand.last = now
      }
    } else {
      hand.off = 0
      hand.last = now
    }
    afterPaint(look)
  }
  globalThis.hand = {
    begin: () => {
      Object.assign(hand, { on: true, frames: 0, moved: [], last: undefined, off: 0 })
      afterPaint(look)
    },
    end: () => {
      hand.on = false
      return { frames: hand.frames, moved: hand.moved }
    },
  }

  let lost = 0
  let typing = false
  addEventListener('focusout', () => typing && lost++, true)
  globalThis.keyboard = {
    begin: () => ([lost, typing] = [0, true]),
    end: () => {
      typing = false
      return lost
    },
  }

  let keys = []
  addEventListener('keydown', (e) => {
    const at = e.timeStamp
    afterPaint(() => keys.push(performance.now() - at))
  }, true)
  globalThis.keys = { begin: () => (keys = []), end: () => keys }

  // Commit to pixels: a change is taken in one frame and on the glass in the
  // next; the clock is the machine's, which the server shares.
  globalThis.pixels = []
  const Source = globalThis.EventSource
  globalThis.EventSource = class extends Source {
    constructor(...args) {
      super(...args)
      super.addEventListener('change', (e) => {
        const at = Date.parse(JSON.parse(e.data).at)
        requestAnimationFrame(() => afterPaint(() => globalThis.pixels.push(performance.timeOrigin + performance.now() - at)))
      })
    }
  }
}
