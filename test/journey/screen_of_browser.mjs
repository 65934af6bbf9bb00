// The screen of a terminal on which a real browser shows a service: seen, clicked,
// typed into on a Japanese board, and given kanji as a whole.
import { join } from 'node:path'
import { Caller, Console, journey, must, sees, until } from './stage.mjs'

const kanji = '髙橋 𠮷野家〜①㈱ 例示市本町1-2-3'

await journey(async (stage) => {
  const service = () => stage.act('service')
  const told = async (err) => {
    throw new Error(`${err}; the terminal has ${JSON.stringify(await service())}`)
  }
  await until('the service stands on the terminal', async () => (await service()) !== null)
  const page = await stage.desk('指令台A', { permissions: ['clipboard-read', 'clipboard-write'] })
  const a = new Console(page)
  await page.goto(stage.given.doorA)
  const caller = new Caller(await stage.desk('通報者', { size: { width: 412, height: 915 } }))
  await caller.page.goto(stage.given.caller)
  await caller.send({ kind: '救急', text: '端末の画面で確かめる' })
  await sees(a.card('未受付', '端末の画面で確かめる'))
  await page.bringToFront()
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  const asked = Date.now()
  await page.keyboard.press('y')
  await until('the terminal is seen', async () => (await colour(page, 1200, 900)) === '255 255 255')
  console.log(`the picture stood ${Date.now() - asked} ms after the key`)

  // To view is not to operate: a click goes nowhere.
  await click(page, 200, 350)
  must((await service()).pressed === 0, 'a click of somebody who only looks reached the terminal')

  await page.keyboard.press('q')
  await until('the keyboard is in the screen', () => page.evaluate(() => document.querySelector('.scroller.inside') !== null))
  await click(page, 200, 350)
  await until('the click arrived', async () => (await service()).pressed === 1)
  await until('the click is seen', async () => (await colour(page, 1200, 900)) === '0 102 51')
  await click(page, 500, 130)
  await page.keyboard.type('abc')
  await until('letters arrive', async () => (await service()).text === 'abc').catch(told)

  // What only a Japanese board has, or has elsewhere.
  const keys = await page.context().newCDPSession(page)
  const press = async (code, key, text, shift = false) => {
    const modifiers = shift ? 8 : 0
    if (shift) await keys.send('Input.dispatchKeyEvent', { type: 'keyDown', code: 'ShiftLeft', key: 'Shift', location: 1, modifiers })
    await keys.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', code, key, text, modifiers })
    await keys.send('Input.dispatchKeyEvent', { type: 'keyUp', code, key, modifiers })
    if (shift) await keys.send('Input.dispatchKeyEvent', { type: 'keyUp', code: 'ShiftLeft', key: 'Shift', location: 1 })
  }
  for (const [code, text, shift] of [['IntlYen', '\\', false], ['IntlYen', '|', true], ['IntlRo', '_', true], ['BracketLeft', '@', false], ['Equal', '^', false], ['Quote', ':', false]]) await press(code, text, text, shift)
  await until('¥ | _ @ ^ : arrive', async () => (await service()).text === 'abc\\|_@^:').catch(told)
  await page.getByRole('button', { name: '漢字変換：この台' }).click()
  await page.locator('[data-screen]').click({ position: await place(page, 500, 130) })
  for (const [code, key] of [['Convert', 'Convert'], ['NonConvert', 'NonConvert'], ['KanaMode', 'KanaMode'], ['Backquote', 'ZenkakuHankaku']]) await press(code, key)
  await until('変換, 無変換, かな and 半角/全角 arrive', async () => {
    const codes = new Set((await service()).keys.map((k) => k.split(' ')[0]))
    return ['Convert', 'NonConvert', 'KanaMode', 'Backquote'].every((c) => codes.has(c))
  }).catch(told)
  await page.getByRole('button', { name: '漢字変換：端末' }).click()

  // Kanji: pasted, and composed by an input method of the console.
  await click(page, 500, 130)
  await page.evaluate((text) => navigator.clipboard.writeText(text), kanji)
  await page.keyboard.press('Control+V')
  await until('the paste arrived as a whole', async () => (await service()).text.endsWith(kanji)).catch(told)
  await keys.send('Input.imeSetComposition', { text: 'きゅうきゅう', selectionStart: 6, selectionEnd: 6 })
  await keys.send('Input.insertText', { text: '救急' })
  await until('what was composed arrived as a whole', async () => (await service()).text.endsWith(`${kanji}救急`)).catch(told)
  await until('nothing is held', async () => (await service()).down.length === 0)
  await stage.accessible(page, "a browser's screen that is operated")
  const meter = await page.evaluate(() => ({ ...document.querySelector('[data-screen]').dataset }))
  console.log(`frames ${meter.frames}; the last one from the wire to the canvas ${meter.paint} ms; the last key to the wire ${meter.press} ms`)
  if (stage.given.looks) await page.screenshot({ path: join(stage.given.looks, 'screen-browser-dark-1920.png') })
})

/** place is where a point of the terminal lies on the picture. */
async function place(page, x, y) {
  const box = await page.locator('[data-screen]').boundingBox()
  const { width, height } = await page.evaluate(() => ({ width: document.querySelector('[data-screen]').width, height: document.querySelector('[data-screen]').height }))
  return { x: (x / width) * box.width, y: (y / height) * box.height }
}

async function click(page, x, y) {
  await page.locator('[data-screen]').click({ position: await place(page, x, y) })
}

/** colour is a pixel of the picture, as the canvas has it. */
function colour(page, x, y) {
  return page.evaluate(
    ([x, y]) => {
      const canvas = document.querySelector('[data-screen]')
      return canvas && canvas.width > x ? [...canvas.getContext('2d').getImageData(x, y, 1, 1).data.subarray(0, 3)].join(' ') : ''
    },
    [x, y],
  )
}
