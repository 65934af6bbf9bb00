// The server is gone: the page says so aloud within seconds, and where to walk.
// When it is back, the page has what came meanwhile, without a reload.
import { Console, gone, journey, must, quiet, rings, sees, until } from './stage.mjs'
import { sit } from './door.mjs'

await journey(async (stage) => {
  const a = new Console(await stage.desk('指令台1'))
  await sit(a, stage.given)
  await sees(a.links.getByRole('listitem', { name: /端末 接続$/ }))
  await stage.act('report', { id: 'BEFORE-1', text: '切断の前の通報' })
  await sees(a.card('未受付', '切断の前の通報'))
  await rings(a.page)

  const stopped = Date.now()
  await stage.act('stopServer')
  const alarm = a.page.getByRole('alert').filter({ hasText: 'サーバーと通信できません。' })
  await sees(alarm)
  const after = (Date.now() - stopped) / 1000
  must(after < 10, `the page said it only after ${after} s`)
  await sees(alarm.getByText('新しい通報はこの画面に届きません。専用端末で直接受け付け、119番電話の指令手順を続けてください。'))
  await sees(alarm.getByText('通信室・内線 201'))
  await until('the page says it aloud', () => a.page.evaluate(() => globalThis.tones.some((t) => t.hz < 500))) // no other tone is so low
  await stage.accessible(a.page, 'the server is gone')

  await stage.act('report', { id: 'WHILE-1', text: '切断の間の通報' })
  await stage.act('startServer')
  await sees(a.page.getByRole('status').getByText('サーバーとの通信が戻りました。一覧を読み直しました。'))
  await gone(alarm)
  await sees(a.card('未受付', '切断の間の通報'))
  await sees(a.card('未受付', '切断の前の通報'))
  must((await a.cards('未受付').count()) === 2, 'the board does not hold the two reports once each')
  await stage.accessible(a.page, 'the server is back')
  for (const _ of [1, 2]) {
    await a.board.getByRole('button', { name: /受付$/ }).first().click()
    await a.away()
  }
  await quiet(a.page)
})
