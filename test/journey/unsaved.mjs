// The server's disk is full: a report rings from memory, marked 未保存, is not
// acknowledged, and becomes a report like any other when there is room again.
import { Console, gone, journey, must, rings, sees, until } from './stage.mjs'
import { sit } from './door.mjs'

await journey(async (stage) => {
  const a = new Console(await stage.desk('指令台1'))
  await sit(a, stage.given)
  await stage.act('report', { id: 'ROOM-1', text: '空きのあるときの通報' })
  await sees(a.card('未受付', '空きのあるときの通報'))
  await a.take()
  await sees(a.card('受付済み', '空きのあるときの通報'))

  await stage.act('fillDisk')
  await stage.act('report', { id: 'FULL-1', text: '満杯のときの通報' })
  const card = a.card('未受付', '満杯のときの通報')
  await sees(card)
  await sees(card.getByText('未保存'))
  await rings(a.page)
  await sees(a.page.getByRole('alert').getByText('保存できない通報があります。紙に控えてください。'))
  must((await a.board.getByRole('button', { name: /受付$/ }).count()) === 0, 'what is not stored can be taken')
  await stage.accessible(a.page, 'not stored')
  must((await stage.act('step', { id: 'FULL-1' })) === 'spooled', 'what is not stored was acknowledged')
  await a.open(/番号なし/)
  await sees(a.acts.getByText('保存できていません。紙に控えてください。保存でき次第、表示が変わります。'))
  await sees(a.report.getByText('満杯のときの通報'))
  await stage.accessible(a.page, 'not stored, open')

  await stage.act('freeDisk')
  await gone(card.getByText('未保存'))
  await sees(card)
  await gone(a.page.getByText('保存できない通報があります。紙に控えてください。'))
  must((await card.count()) === 1, 'the report stands twice on the board')
  await until('it is acknowledged', async () => ['received', 'integrated'].includes(await stage.act('step', { id: 'FULL-1' })))
  await a.take()
  await sees(a.card('受付済み', '満杯のときの通報'))
})
