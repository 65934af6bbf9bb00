// One screen, two consoles: whoever comes second is refused by name, asks, and is
// handed it by keyboard alone. And whatever is cut while a key is held, nothing
// stays pressed and the picture comes back by itself.
import { join } from 'node:path'
import { Caller, Console, gone, journey, must, sees, until } from './stage.mjs'

await journey(async (stage) => {
  const screen = () => stage.act('screen')
  const look = (page, name) => stage.given.looks && page.screenshot({ path: join(stage.given.looks, name) })
  const wires = []
  const a = new Console(await stage.desk('指令台A'))
  await a.page.routeWebSocket(/\/screen\/socket/, (ws) => wires.push([ws, ws.connectToServer()]))
  await a.page.goto(stage.given.doorA)
  const b = new Console(await stage.desk('指令台B', { size: { width: 1280, height: 800 }, colorScheme: 'light' }))
  await b.page.goto(stage.given.doorB)
  const [ka, kb] = [a.page.keyboard, b.page.keyboard]
  const caller = new Caller(await stage.desk('通報者', { size: { width: 412, height: 915 } }))
  await caller.page.goto(stage.given.caller)
  await caller.send({ kind: '救急', text: '画面で確かめる通報' })
  await sees(a.card('未受付', '画面で確かめる通報'))

  // From the report with one key; with another one it is operated.
  await ka.press('j')
  await ka.press('Enter')
  await ka.press('y')
  await painted(a.page)
  await sees(a.page.getByText('この台が見ています'))
  await sees(b.links.getByText('画面：指令台A が見ています'))
  await stage.accessible(a.page, 'a screen that is viewed')
  await ka.press('q')
  await inside(a.page)
  await sees(b.links.getByText('画面：指令台A が操作中'))
  await ka.type('abc')
  await until('what was typed arrives', async () => (await screen()).typed === 'abc')
  await stage.accessible(a.page, 'a screen that is operated')
  await look(a.page, 'screen-operate-dark-1920.png')

  // The connection breaks while a key is held.
  await ka.down('k')
  await until('a key is held', async () => (await screen()).held.length > 0)
  const [ws, server] = wires.at(-1)
  const cut = Date.now()
  const before = await frames(a.page)
  await Promise.all([ws.close({ code: 3000 }), server.close({ code: 3000 })])
  await until('the key is up', async () => (await screen()).held.length === 0)
  const up = Date.now() - cut
  await until('the picture is back', async () => (await frames(a.page)) > before)
  console.log(`connection cut: the key was up after ${up} ms, the picture back after ${Date.now() - cut} ms`)
  await ka.up('k')
  await sees(a.page.getByText('この台が操作中'))
  await inside(a.page)
  await ka.type('d')
  await until('typing goes on', async () => /d$/.test((await screen()).typed))

  // The second console is told who has it, asks with one key, and gets it.
  await kb.press('j')
  await kb.press('Enter')
  await kb.press('y')
  await sees(b.page.getByText('指令台A 佐藤 一郎 が操作中'))
  await stage.accessible(b.page, 'a screen that is refused')
  await look(b.page, 'screen-refused-1280.png')
  await kb.press('h')
  await sees(b.page.getByText('画面を求めました'))
  await sees(a.page.getByText('指令台B 鈴木 花 が画面を求めています'))
  await ka.press('Control+Alt+Home')
  await until('the keyboard is back at the report', () => a.page.evaluate(() => !document.activeElement?.closest('.screen')))
  await ka.press('h')
  await sees(a.page.getByRole('form', { name: '渡す' }))
  await stage.accessible(a.page, 'a screen that is handed over')
  await ka.press('Enter')
  await sees(b.page.getByRole('button', { name: '差し出しに答える' }))
  await kb.press('h')
  await sees(b.page.getByRole('form', { name: '差し出しに答える' }))
  await stage.accessible(b.page, 'a screen that is offered')
  await kb.press('Enter')
  await painted(b.page)
  await inside(b.page)
  await sees(a.page.getByText('画面を渡しました'))
  await look(a.page, 'screen-passed-dark-1920.png')
  const typed = (await screen()).typed
  await a.page.locator('[data-screen]').click({ force: true, position: { x: 5, y: 5 } }).catch(() => {})
  await ka.press('w')
  await ka.press('Escape')
  await kb.type('e')
  await until('the new operator types', async () => (await screen()).typed === `${typed}e`)
  await look(b.page, 'screen-operate-1280.png')

  // The line to the terminal is cut while a key is held.
  await kb.down('m')
  await until('a key is held', async () => (await screen()).held.length > 0)
  await stage.act('pullCable')
  await until('the key is up', async () => (await screen()).held.length === 0)
  await sees(b.page.getByText('端末に届きません。つなぎ直しています'))
  await kb.up('m')
  await kb.type('lost')
  await stage.act('plugCable')
  await gone(b.page.getByText('端末に届きません。つなぎ直しています'))
  await inside(b.page)
  await kb.type('f')
  await until('typing goes on', async () => /f$/.test((await screen()).typed))
  must(!(await screen()).typed.includes('lost'), 'what was typed during a cut arrived later')

  // The page of the operator dies with a key held.
  await kb.down('n')
  await until('a key is held', async () => (await screen()).held.length > 0)
  const died = Date.now()
  await b.page.close()
  await until('the key is up', async () => (await screen()).held.length === 0)
  console.log(`page closed: the key was up after ${Date.now() - died} ms`)
})

function frames(page) {
  return page.evaluate(() => Number(document.querySelector('[data-screen]')?.dataset.frames ?? 0))
}

function painted(page) {
  return until('a picture is painted', async () => (await frames(page)) > 0)
}

function inside(page) {
  return until('the keyboard is in the screen', () => page.evaluate(() => document.activeElement?.closest('.stage') !== null && document.querySelector('.scroller.inside') !== null))
}
