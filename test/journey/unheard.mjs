// Nobody sits at any console: within seconds the terminal's own page rings
// although the line is whole, until a named person stops it.
import { Caller, Console, gone, journey, must, rings, sees, Terminal } from './stage.mjs'

await journey(async (stage) => {
  const terminal = new Terminal(await stage.desk('専用端末'))
  await terminal.page.goto(stage.given.terminal1)
  await sees(terminal.page.getByRole('status').getByText('指令システムとつながっています'))
  await sees(terminal.page.getByText('通報はありません'))
  await stage.accessible(terminal.page, 'nothing to do')

  const caller = new Caller(await stage.desk('通報者', { size: { width: 412, height: 915 } }))
  await caller.page.goto(stage.given.caller)
  await caller.send({ kind: '救急', text: '倒れている人がいます' })
  await caller.reads('消防に届きました')
  const received = Date.now()
  const ring = terminal.ring('救急')
  await sees(ring)
  console.log(`unheard: the terminal's page rang ${((Date.now() - received) / 1000).toFixed(1)} s after the report was received`)
  await rings(terminal.page)
  await sees(ring.getByText('指令台で確認されていません。内容を確かめてください。'))
  await stage.accessible(terminal.page, 'rings for the consoles')

  // Without a name nothing stops.
  await ring.getByRole('button', { name: '呼出を止める' }).click()
  await sees(ring)
  await ring.getByRole('textbox', { name: '止める人の氏名' }).fill('高橋 三郎')
  await ring.getByRole('button', { name: '呼出を止める' }).click()
  await gone(ring)

  // Whoever sits down at a console finds it ringing, and in its history why.
  const a = new Console(await stage.desk('指令台A'))
  await a.page.goto(stage.given.doorA)
  await sees(a.card('未受付', '倒れている人がいます'))
  await rings(a.page)
  await a.open(/救急/)
  await sees(a.page.getByRole('region', { name: '経過' }).getByText('指令台の表示を確認できず、端末を呼出'))
  await caller.reads('消防が確認しました') // opened by a person now
})
