// What nobody can read rings and is shown as it came; an exercise can never be
// taken for a report, nor a report for an exercise.
import { Caller, Console, gone, journey, must, rings, sees } from './stage.mjs'

await journey(async (stage) => {
  const a = new Console(await stage.desk('指令台A'))
  await a.page.goto(stage.given.doorA)
  await sees(a.page.getByText('通報はありません'))

  // An exercise first: its own tone, its own count, its word on the card.
  const caller = new Caller(await stage.desk('通報者', { size: { width: 412, height: 915 } }))
  await caller.page.goto(stage.given.caller)
  await caller.send({ kind: 'その他', text: '訓練の本文', practice: true })
  await sees(caller.page.getByText('訓練です(本番の通報ではありません)'))
  const drill = a.card('未受付', '訓練の本文')
  await sees(drill)
  await sees(drill.getByText('訓練', { exact: true }))
  await sees(a.banner.getByRole('status').getByText('未受付なし')) // no report counts here
  await sees(a.banner.getByText('訓練・試験 1件'))
  must(await a.page.evaluate(() => globalThis.tones.every((t) => t.hz < 700)), 'an exercise rings like a report')

  const doors = await stage.desk('入口')
  await doors.goto(stage.given.doors)
  await stage.accessible(doors, 'the doors of the demo')
  await doors.getByRole('button', { name: '読めない電文を送る' }).click()
  const raw = a.card('未受付', '解読できない通報')
  await sees(raw)
  await rings(a.page)
  await sees(a.banner.getByRole('status').getByText(/未受付 \d+件/))
  must((await a.cards('未受付').first().textContent()).includes('解読できない通報'), 'an exercise stands above what may be a report')

  await a.open(/解読できない通報/)
  const original = a.page.getByRole('region', { name: '受信した原文' })
  await sees(original.getByText('この通報は解読できませんでした。原文をそのまま表示しています。'))
  await sees(a.report.getByText(/異常 \d{3}/))
  await stage.accessible(a.page, 'an undecodable report')
  await a.act('受付')
  await a.act('終了')
  const panel = a.page.getByRole('form', { name: '通報を終了する' })
  await sees(panel.getByRole('radio', { name: '誤通報' }))
  must((await panel.getByRole('radio', { name: '訓練終了' }).count()) === 0, 'what may be a report can be closed as an exercise')
  await stage.accessible(a.page, 'closing')
  await panel.getByRole('button', { name: 'やめる' }).click()

  await a.open(/その他/)
  await sees(a.report.getByText('これは訓練の通報です'))
  await stage.accessible(a.page, 'an exercise')
  await a.act('受付')
  await a.close('訓練終了')
  await sees(a.card('終了', '訓練の本文'))
  await caller.reads('消防の対応が終わりました')
  await gone(a.banner.getByText('訓練・試験 1件'))
})
