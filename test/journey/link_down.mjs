// The line to a terminal is cut while the terminal goes on: consoles say where
// to walk, the terminal's own page rings, and somebody there answers and closes
// alone. When the line is back, the consoles have it once.
import { Caller, Console, gone, journey, must, rings, sees, Terminal, until } from './stage.mjs'

await journey(async (stage) => {
  const a = new Console(await stage.desk('指令台A'))
  await a.page.goto(stage.given.doorA)
  await sees(a.links.getByRole('listitem', { name: 'Net119端末 接続' }))
  await sees(a.page.getByText('通報はありません'))
  await stage.accessible(a.page, 'nothing to do')

  await stage.act('pullCable')
  await sees(a.links.getByRole('listitem', { name: 'Net119端末 断' }))
  await sees(a.page.getByRole('alert').getByText('標準IF断：端末 Net119端末 で直接操作してください（通信室 東側・内線 201）'))
  await stage.accessible(a.page, 'a link is down')

  const terminal = new Terminal(await stage.desk('専用端末', { size: { width: 1280, height: 720 } }))
  await terminal.page.goto(stage.given.terminal1)
  await sees(terminal.page.getByRole('alert').getByText('指令システムとつながっていません。この端末で受け付けてください'))

  const caller = new Caller(await stage.desk('通報者', { size: { width: 412, height: 915 } }))
  await caller.page.goto(stage.given.caller)
  await caller.send({ kind: '火事', text: '台所から煙が出ています' })
  await caller.reads('消防にはまだ届いていません')

  // Somebody at the terminal hears it, reads it, and stops the ring by name.
  await sees(terminal.ring('火事'))
  await rings(terminal.page)
  await stage.accessible(terminal.page, 'a report rings')
  const ring = terminal.ring('火事')
  await ring.getByRole('button', { name: '内容を見る' }).click()
  const report = terminal.page.getByRole('article', { name: '通報の内容' })
  await sees(report.getByText('台所から煙が出ています'))
  await ring.getByRole('textbox', { name: '止める人の氏名' }).fill('高橋 三郎')
  await ring.getByRole('button', { name: '呼出を止める' }).click()
  await gone(ring)
  await stage.accessible(terminal.page, 'a report is open')

  // Words both ways without the headquarters' server.
  await report.getByRole('textbox', { name: '通報者への返事' }).fill('外へ出られますか？')
  await report.getByRole('button', { name: '返事を送る' }).click()
  await sees(caller.log.getByText('外へ出られますか？'))
  await caller.say('出ました')
  await sees(report.getByRole('log').getByText('出ました'))
  await gone(caller.page.getByText('消防が確認しました'))

  await report.getByRole('button', { name: 'この端末で対応を終える' }).click()
  await report.getByRole('combobox', { name: '理由' }).selectOption({ label: '対応完了' })
  await stage.accessible(terminal.page, 'closing')
  await report.getByRole('button', { name: '対応を終える', exact: true }).click()
  await sees(report.getByText('この端末で対応完了'))
  await caller.reads('消防の対応が終わりました')
  await sees(a.page.getByText('通報はありません')) // the console knows nothing yet

  // The line is back: the console has it, once, with every line once.
  await stage.act('plugCable')
  await sees(terminal.page.getByRole('status').getByText('指令システムとつながっています'))
  await sees(a.links.getByRole('listitem', { name: 'Net119端末 接続' }))
  await gone(a.page.getByText('標準IF断'))
  const card = a.board.getByRole('listitem').filter({ hasText: '台所から煙が出ています' })
  await sees(card)
  await sees(card.getByText('遅延受信'))
  await a.open(/火事/)
  for (const line of ['外へ出られますか？', '出ました']) await sees(a.log.getByText(line))
  await sees(a.page.getByRole('region', { name: '経過' }).getByText('専用端末で対応完了'))
  await sees(card.getByText('専用端末で対応完了'))
  await sees(a.report.getByText('専用端末の職員が対応を終えました。内容を確かめ、この画面で終了してください。'))
  await until('everything is there', async () => (await stage.act('pending')) === 0)
  must((await card.count()) === 1, `the console shows the report ${await card.count()} times`)
  for (const line of ['外へ出られますか？', '出ました']) {
    const n = await a.log.getByText(line, { exact: true }).count()
    must(n === 1, `the console shows “${line}” ${n} times`)
  }
  await gone(a.links.getByText(/未取得/))
  await stage.accessible(a.page, 'reconciled')
  await a.close('専用端末で対応完了')
  await sees(a.card('終了', '台所から煙が出ています'))
})
