// One seat, several windows: they show the same, one of them rings, and the ring
// passes on when that one closes.
import { Caller, Console, journey, must, sees, until } from './stage.mjs'

await journey(async (stage) => {
  const first = new Console(await stage.desk('指令台A'))
  await first.page.goto(stage.given.doorA)
  await sees(first.board)
  await first.page.keyboard.press('w')
  const [opened] = await Promise.all([first.page.context().waitForEvent('page'), first.page.keyboard.press('2')])
  opened.desk = '指令台A 通報の内容'
  const second = new Console(opened)
  await sees(second.report)
  must((await second.board.count()) === 0, 'the window of the report shows the list as well')

  const caller = new Caller(await stage.desk('通報者', { size: { width: 412, height: 915 } }))
  await caller.page.goto(stage.given.caller)
  await caller.send({ kind: '救急', text: '胸が痛い' })
  await sees(first.card('未受付', '胸が痛い'))
  await stage.accessible(opened, 'a window of the report alone')

  // Exactly one rings, over several periods of the ring.
  const windows = [first.page, opened]
  const from = Date.now()
  await until('it rang for six seconds', async () => (await Promise.all(windows.map((p) => tones(p, from)))).some((n) => n.length > 0 && n.at(-1) > from + 6000))
  const rang = await Promise.all(windows.map((p) => tones(p, from)))
  must(rang.filter((n) => n.length > 0).length === 1, `windows that rang: ${rang.map((n) => n.length)}`)
  const leader = windows[rang.findIndex((n) => n.length > 0)]
  const other = windows.find((p) => p !== leader)

  // What is opened in one is in front in the other, and a person has seen it once.
  await first.page.keyboard.press('j')
  await first.page.keyboard.press('Enter')
  await sees(second.report.getByText('胸が痛い').first())
  await second.step('視認')

  // The one that rings closes: the other goes on, within the pause of a ring and the look of a tick.
  const closed = Date.now()
  await leader.close()
  await until('the other window rings', async () => (await tones(other, closed)).length > 0)
  const gap = (await tones(other, closed))[0] - closed
  console.log(`the ring passed on after ${Math.round(gap)} ms`)

  // Its acts are those of the same seat.
  await other.keyboard.press('a')
  const left = new Console(other)
  if ((await left.acts.count()) > 0) await sees(left.acts.getByText('この指令台が受付'))
  await caller.reads('消防が確認しました')
})

function tones(page, from) {
  return page.evaluate((t) => globalThis.tones.filter((x) => x.at > t && x.hz >= 700).map((x) => x.at), from)
}
