// What every journey stands on: browsers, people's pages, waiting for what a
// person would see, and traces of a failure. Nothing here sleeps: it waits for
// conditions, and gives up with words.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const fromUI = createRequire(new URL('../../ui/package.json', import.meta.url))
const { chromium } = fromUI('playwright-core')
const axe = readFileSync(fromUI.resolve('axe-core/axe.min.js'), 'utf8')

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
// Sound without a click, as a headquarters sets it for its consoles. One
// journey leaves the browser as it comes.
const sound = '--autoplay-policy=no-user-gesture-required'
const patience = 20_000

/** Runs a journey: body gets the stage. */
export async function journey(body, { autoplay = true, flags: more = () => [] } = {}) {
  const { given, control, folder, chromium: path } = JSON.parse(readFileSync(0, 'utf8'))
  const browser = await chromium.launch({ executablePath: path, headless: true, args: [...flags, ...(autoplay ? [sound] : []), ...more(given)] })
  process.once('SIGINT', () => browser.close().finally(() => process.exit(130)))
  const stage = new Stage(browser, given, control, folder)
  const began = Date.now()
  try {
    await body(stage)
    if (stage.broken.length > 0) throw new Error('a page threw:\n' + stage.broken.join('\n'))
    console.log(`journey: ${((Date.now() - began) / 1000).toFixed(1)} s; axe looked ${stage.looked} times`)
  } catch (err) {
    console.error(err?.stack ?? err)
    await stage.leaveTraces()
    process.exitCode = 1
  } finally {
    await browser.close()
  }
}

class Stage {
  #browser
  #control
  #folder
  #desks = []
  #log = []
  broken = []
  looked = 0

  constructor(browser, given, control, folder) {
    this.#browser = browser
    this.given = given
    this.#control = control
    this.#folder = folder
  }

  /** desk is a browser of its own, where somebody sits. */
  async desk(name, { size = { width: 1920, height: 1080 }, ...options } = {}) {
    const context = await this.#browser.newContext({ viewport: size, locale: 'ja-JP', timezoneId: 'Asia/Tokyo', ignoreHTTPSErrors: true, ...options })
    context.setDefaultTimeout(patience)
    await context.addInitScript(heard)
    context.on('page', (page) => this.#watch(name, page))
    const page = await context.newPage()
    page.desk = name
    return page
  }

  #watch(name, page) {
    this.#desks.push({ name, page })
    const note = (what) => this.#log.push(`${new Date().toISOString()} ${name}: ${what}`)
    page.on('console', (m) => note(`${m.type()} ${m.text()}`))
    page.on('requestfailed', (r) => note(`failed ${r.method()} ${r.url().split('?')[0]} ${r.failure()?.errorText}`))
    page.on('response', (r) => r.status() >= 400 && note(`${r.status()} ${r.request().method()} ${r.url().split('?')[0]}`))
    page.on('pageerror', (err) => {
      note(`threw ${err}`)
      this.broken.push(`${name}: ${err}`)
    })
  }

  /** act asks the test for something that browsers cannot do. */
  async act(name, input = {}) {
    const answer = await fetch(`${this.#control}/${name}`, { method: 'POST', body: JSON.stringify(input) })
    if (!answer.ok) throw new Error(await answer.text())
    return answer.json()
  }

  /** accessible fails with every finding of axe-core at WCAG 2.2 AA. */
  async accessible(page, state) {
    await page.evaluate(axe)
    const found = await page.evaluate(async () => {
      const result = await globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
      return result.violations.map((v) => `${v.id}: ${v.help}\n` + v.nodes.map((n) => `    ${n.html.slice(0, 200)}\n    ${n.any.map((a) => a.message).join('; ')}`).join('\n'))
    })
    this.looked++
    if (found.length > 0) throw new Error(`${page.desk}, ${state}: axe-core found\n  ${found.join('\n  ')}`)
  }

  async leaveTraces() {
    const log = join(this.#folder, 'pages.log')
    writeFileSync(log, this.#log.join('\n') + '\n')
    console.error(`log of the pages: ${log}`)
    for (const [n, { name, page }] of this.#desks.entries()) {
      if (page.isClosed()) continue
      const picture = join(this.#folder, `${n}-${name.replaceAll(/[^\p{L}\p{N}]+/gu, '-')}.png`)
      try {
        await page.screenshot({ path: picture, timeout: 5000 })
        console.error(`${name} at ${page.url().split('?')[0].split('#')[0]}: ${picture}`)
      } catch (err) {
        console.error(`${name}: no picture: ${err}`)
      }
    }
  }
}

// heard counts the tones that a page lets out while its sound runs: a ring that
// is only painted rings nobody awake.
function heard() {
  globalThis.tones = []
  const start = OscillatorNode.prototype.start
  OscillatorNode.prototype.start = function (when) {
    if (this.context.state === 'running') globalThis.tones.push({ at: Date.now() + (when - this.context.currentTime) * 1000, hz: this.frequency.value })
    return start.call(this, when)
  }
}

/** sees waits until an element is visible. */
export const sees = (locator) => locator.first().waitFor({ state: 'visible' })

/** gone waits until no such element is visible. */
export const gone = (locator) => locator.waitFor({ state: 'hidden' })

/** until waits for something that is no element. */
export async function until(what, holds, within = patience) {
  const end = Date.now() + within
  for (let last; ; ) {
    try {
      const value = await holds()
      if (value) return value
      last = undefined
    } catch (err) {
      last = err
    }
    if (Date.now() > end) throw new Error(`waited ${within} ms in vain: ${what}${last ? `: ${last}` : ''}`)
    await new Promise((next) => setTimeout(next, 50)) // between two looks
  }
}

export function must(holds, words) {
  if (!holds) throw new Error(words)
}

/** rings waits until a page lets out a tone of a ring from now on. */
export async function rings(page) {
  const from = await page.evaluate(() => Date.now())
  await until(`${page.desk} rings`, () => page.evaluate((t) => globalThis.tones.some((x) => x.at > t && x.hz >= 700), from))
}

/** quiet waits until no tone has been let out for a while longer than any pause of a ring. */
export async function quiet(page) {
  await until(`${page.desk} is quiet`, () => page.evaluate(() => globalThis.tones.every((x) => x.at < Date.now() - 4500)), 15_000)
}

// ── where people look on the pages ──

/** console is the page of a console. */
export class Console {
  constructor(page) {
    this.page = page
    this.banner = page.getByRole('banner', { name: '指令台の状態' })
    this.board = page.getByRole('region', { name: '通報一覧' })
    this.report = page.getByRole('region', { name: '通報の内容' })
    this.acts = page.getByRole('group', { name: '通報の操作' })
    this.links = page.getByRole('region', { name: '専用端末' })
    this.chat = page.getByRole('region', { name: 'チャット' })
    this.log = page.getByRole('log', { name: 'チャット' })
    this.steps = page.getByRole('list', { name: '到達段階' })
  }
  /** cards of a part of the board: 未受付, 受付済み, 終了 */
  cards(part) {
    return this.board.getByRole('list', { name: new RegExp(`^${part}`) }).getByRole('listitem')
  }
  card(part, words) {
    return this.cards(part).filter({ hasText: words })
  }
  async open(words) {
    await this.board.getByRole('button', { name: words }).first().click()
    await this.away()
  }
  /** take claims the one report that waits, on its card. */
  async take() {
    await this.board.getByRole('button', { name: /通報 \S+ 受付/ }).click()
    await this.away()
  }
  /** away moves the hand off the board, which keeps its order while a hand is on it. */
  async away() {
    const { width, height } = this.page.viewportSize()
    await this.page.mouse.move(width - 5, height - 5)
  }
  act(name) {
    return this.acts.getByRole('button', { name }).click()
  }
  step(name) {
    return sees(this.steps.getByText(name).and(this.page.locator('[aria-current="step"]')))
  }
  async say(text) {
    await this.page.getByRole('textbox', { name: '通報者への発言' }).fill(text)
    await this.chat.getByRole('button', { name: '送信' }).click()
  }
  async close(reason, note = '') {
    await this.act('終了')
    const panel = this.page.getByRole('form', { name: '通報を終了する' })
    await panel.getByRole('radio', { name: reason, exact: true }).check()
    if (note) await panel.getByRole('textbox', { name: 'メモ（任意）' }).fill(note)
    await panel.getByRole('button', { name: '終了する' }).click()
  }
}

/** Caller is the page of somebody who reports by text. */
export class Caller {
  constructor(page) {
    this.page = page
    this.state = page.getByRole('status').filter({ has: page.getByRole('heading', { level: 1 }) })
    this.log = page.getByRole('log')
  }
  /** record notes every title the page ever shows, with its time. */
  async record() {
    await this.page.addInitScript(() => {
      globalThis.said = []
      const look = () => {
        const title = document.querySelector('[role="status"] h1')?.textContent ?? ''
        if (title && globalThis.said.at(-1)?.title !== title) globalThis.said.push({ title, at: Date.now() })
      }
      document.addEventListener('DOMContentLoaded', () => new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true }))
    })
  }
  said() {
    return this.page.evaluate(() => globalThis.said)
  }
  async send({ kind = '救急', text = '', practice = false }) {
    await this.page.getByRole('radio', { name: kind }).check()
    await this.page.getByRole('radio', { name: '自宅' }).check()
    await this.page.getByRole('textbox', { name: /くわしく/ }).fill(text)
    await this.page.getByRole('checkbox', { name: /練習として送る/ }).setChecked(practice)
    await this.page.getByRole('button', { name: '通報する' }).click()
  }
  reads(title) {
    return sees(this.state.getByRole('heading', { name: title }))
  }
  async say(text) {
    await this.page.getByRole('textbox', { name: 'メッセージ' }).fill(text)
    await this.page.getByRole('button', { name: '送る', exact: true }).click()
  }
}

/** Terminal is the terminal's own page. */
export class Terminal {
  constructor(page) {
    this.page = page
    this.reports = page.getByRole('list', { name: 'この端末の通報' })
  }
  ring(kind) {
    return this.page.getByRole('region', { name: `呼出中 ${kind}` })
  }
}
