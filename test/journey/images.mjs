// Pictures of a working day: three for the documents, or every look of the main
// pages for whoever judges them.
import { join } from 'node:path'
import { Caller, Console, journey, rings, sees, Terminal, until } from './stage.mjs'

await journey(async (stage) => {
  const { images, looks } = stage.given
  const small = { width: 1280, height: 720 }
  const b = new Console(await stage.desk('指令台B'))
  await b.page.goto(stage.given.doorB)
  await sees(b.board)
  if (looks) await every(b.page, 'console-empty', looks)

  const first = new Caller(await stage.desk('通報者1', { size: { width: 412, height: 732 } }))
  await first.page.goto(stage.given.caller)
  await first.send({ kind: '救急', text: '父が倒れました。呼びかけに答えません' })
  await sees(b.card('未受付', '父が倒れました'))
  const doors = await stage.desk('入口')
  await doors.goto(stage.given.doors)
  await doors.getByRole('button', { name: '事故自動通報を送る' }).click()
  await sees(b.board.getByRole('listitem').filter({ hasText: '事故自動通報' }))
  const practice = new Caller(await stage.desk('通報者3'))
  await practice.page.goto(stage.given.caller)
  await practice.send({ kind: '火事', text: '訓練：3階の給湯室から煙', practice: true })
  await sees(b.card('未受付', '給湯室'))

  const a = new Console(await stage.desk('指令台A', { size: small }))
  await a.page.goto(stage.given.doorA)
  await a.open(/父が倒れました|救急/)
  await a.act('受付')
  await sees(a.acts.getByText('受け付けました'))
  await a.say('119番 消防です。救急車が向かっています。呼吸はありますか？')
  await sees(first.log.getByText('呼吸はありますか？'))
  await first.say('あります。息は浅いです')
  await sees(a.log.getByText('息は浅いです'))
  await a.say('このまま見ていてください。変わったらすぐ教えてください')
  await until('the caller has read it', async () => (await first.log.getByRole('listitem').count()) === 3)
  await until('all is delivered', async () => (await a.log.getByRole('img', { name: '通報者の画面に配信' }).count()) === 2)
  await calm(a.page)
  if (images) await a.page.screenshot({ path: join(images, 'console.png') })
  if (images) await first.page.screenshot({ path: join(images, 'caller.png') })
  if (looks) await every(a.page, 'console', looks)
  if (looks) await beside(a.page, looks)
  if (looks) await every(first.page, 'caller', looks, { look: false })
  if (looks) await doors.screenshot({ path: join(looks, 'doors.png'), fullPage: true })

  if (images || looks) await glass(a.page, images, looks)

  await stage.act('pullCable')
  const terminal = new Terminal(await stage.desk('専用端末', { size: small }))
  await terminal.page.goto(stage.given.terminal1)
  const alone = new Caller(await stage.desk('通報者4'))
  await alone.page.goto(stage.given.caller)
  await alone.send({ kind: '火事', text: '台所から煙が出ています。外に出られません' })
  await sees(terminal.ring('火事'))
  await rings(terminal.page)
  if (images) await terminal.page.screenshot({ path: join(images, 'terminal.png') })
  if (looks) {
    await every(terminal.page, 'terminal', looks, { look: false })
    await every(a.page, 'console-down', looks)
    await terminal.ring('火事').getByRole('button', { name: '内容を見る' }).click()
    await every(terminal.page, 'terminal-report', looks, { look: false })
  }
  await stage.act('plugCable')
  await map(stage, a, doors)
}, { flags: () => ['--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'] })

/** map: somebody walks through the town while an operator reports for them. */
async function map(stage, a, doors) {
  const { images, looks } = stage.given
  await doors.getByRole('button', { name: '移動しながらの代理通報を送る' }).click()
  await a.open(/公園へ歩いている/)
  await a.act('受付')
  await a.page.setViewportSize({ width: 1600, height: 900 })
  await a.page.keyboard.press('g')
  await sees(a.page.getByRole('list', { name: '地図の場所の一覧' }).getByText('軌跡 5点'))
  await sees(a.page.locator('[data-map="drawn"]'))
  await a.page.waitForLoadState('networkidle')
  await a.page.getByRole('button', { name: '全体を表示' }).click()
  await calm(a.page)
  if (images) await a.page.screenshot({ path: join(images, 'map.png') })
  if (looks) await every(a.page, 'map', looks)
}

/** beside takes what stands beside the report, and everything at 200 % of a 1280×1024 display. */
async function beside(page, looks) {
  for (const [name, key] of [['keys', '?'], ['filter', 'f'], ['find', '/'], ['windows', 'w'], ['snippets', 'n']]) {
    await page.setViewportSize({ width: 1280, height: 1024 })
    await page.keyboard.press(key)
    await calm(page)
    await page.screenshot({ path: join(looks, `beside-${name}.png`) })
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
  }
  await page.setViewportSize({ width: 640, height: 512 })
  await calm(page)
  await page.screenshot({ path: join(looks, 'zoom-200-top.png') })
  await page.evaluate(() => scrollTo({ top: 900 }))
  await calm(page)
  await page.screenshot({ path: join(looks, 'zoom-200-down.png') })
  await page.setViewportSize({ width: 1280, height: 720 })
}

/** calm waits until nothing of the page moves any more. */
function calm(page) {
  return page.evaluate(() => Promise.all([document.fonts.ready, ...document.getAnimations().filter((x) => x.effect?.getComputedTiming().endTime !== Infinity).map((x) => x.finished.catch(() => {}))]))
}

async function every(page, name, folder, { look = true } = {}) {
  for (const language of ['ja', 'en']) {
    for (const light of look ? ['dark', 'light'] : ['']) {
      for (const size of [{ width: 1920, height: 1080 }, { width: 1280, height: 720 }]) {
        await page.setViewportSize(size)
        await calm(page)
        await page.screenshot({ path: join(folder, [name, language, light, size.width].filter(Boolean).join('-') + '.png') })
      }
      if (look) await page.getByRole('button', { name: /^(画面の明るさ|Screen)/ }).click()
    }
    const other = page.getByRole('button', { name: language === 'ja' ? 'English' : '日本語' })
    if (await other.count()) await other.first().click()
  }
}

// The terminal's screen beside the report: seen with one key, operated with another.
async function glass(page, images, looks) {
  await page.setViewportSize({ width: 1440, height: 810 })
  await page.locator('h2').first().click() // away from the chat: keys are acts again
  await page.keyboard.press('y')
  await page.waitForFunction(() => Number(document.querySelector('[data-screen]')?.dataset.frames ?? 0) > 0)
  await page.keyboard.press('q')
  await page.locator('.scroller.inside').waitFor()
  await page.keyboard.type('ok')
  await calm(page)
  if (images) await page.screenshot({ path: join(images, 'screen.png') })
  await page.keyboard.press('Control+Alt+Home')
  if (looks) await every(page, 'screen', looks)
  await page.keyboard.press('z')
  await page.locator('section.screen').waitFor({ state: 'detached' })
  await page.setViewportSize({ width: 1280, height: 720 })
}
