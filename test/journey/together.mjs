// Two people tell of one event, which belongs to another headquarters: joined,
// taken apart, and handed over by telephone, without a mouse.
import { join } from 'node:path'
import { Caller, Console, journey, must, sees } from './stage.mjs'

await journey(async (stage) => {
  const a = new Console(await stage.desk('指令台A'))
  await a.page.goto(stage.given.doorA)
  const keys = a.page.keyboard
  for (const text of ['交差点で車が燃えています', '車から煙が出ています']) {
    const caller = new Caller(await stage.desk(`通報者 ${text}`, { size: { width: 412, height: 915 } }))
    await caller.page.goto(stage.given.caller)
    await caller.send({ kind: '火事', text })
    await sees(a.card('未受付', text))
  }
  await keys.press('j')
  await keys.press('Enter')
  await keys.press('a')
  await sees(a.acts.getByText('受け付けました'))

  // i joins with the other report of the board.
  await keys.press('i')
  const joining = a.page.getByRole('form', { name: '事案にまとめる' })
  await sees(joining)
  await joining.getByRole('combobox').selectOption({ index: 0 })
  await stage.accessible(a.page, 'joining')
  await joining.getByRole('combobox').focus()
  await keys.press('Tab')
  await keys.press('Enter')
  await sees(a.acts.getByText('事案にまとめました'))
  await sees(a.page.getByRole('region', { name: '事案 001' }))
  await sees(a.board.getByText('事案 001　2件').first())
  await stage.accessible(a.page, 'joined reports')
  if (stage.given.looks) await a.page.screenshot({ path: join(stage.given.looks, 'joined.png') })

  // t hands over: by telephone, with what was read out.
  await keys.press('t')
  const transfer = a.page.getByRole('form', { name: '他の消防本部への転送' })
  await sees(transfer)
  await transfer.getByRole('textbox', { name: '本部の名称' }).focus()
  await keys.insertText('隣市消防本部')
  await transfer.getByRole('textbox', { name: '出た人' }).focus()
  await keys.insertText('佐藤')
  await transfer.getByRole('checkbox').first().focus()
  await keys.press('Space')
  await stage.accessible(a.page, 'a transfer by telephone')
  if (stage.given.looks) await a.page.screenshot({ path: join(stage.given.looks, 'transfer.png') })
  await transfer.getByRole('textbox', { name: '出た人' }).focus()
  await keys.press('Enter')
  await sees(a.acts.getByText('転送の記録を保存しました'))
  await sees(a.report.getByText('転送先 隣市消防本部'))

  // Only now may it be closed as transferred.
  await keys.press('Escape')
  await keys.press('x')
  const panel = a.page.getByRole('form', { name: '通報を終了する' })
  await sees(panel)
  await panel.getByRole('radio', { name: '他本部へ転送' }).check()
  await keys.press('Enter')
  await sees(a.acts.getByText('終了しました'))
  must((await a.board.getByText('事案 001　2件').count()) >= 1, 'closing a report took it out of its incident')
})
