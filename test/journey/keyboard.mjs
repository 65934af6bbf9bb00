// A dispatcher who never touches the mouse: find, take, write, ask, close.
import { Caller, Console, gone, journey, must, sees } from './stage.mjs'

await journey(async (stage) => {
  const a = new Console(await stage.desk('指令台A'))
  await a.page.goto(stage.given.doorA)
  const keys = a.page.keyboard
  for (const text of ['一件目の通報', '二件目の通報']) {
    const caller = new Caller(await stage.desk(`通報者 ${text}`, { size: { width: 412, height: 915 } }))
    await caller.page.goto(stage.given.caller)
    await caller.send({ kind: '救急', text })
    await sees(a.card('未受付', text))
  }

  await keys.press('?')
  await sees(a.page.getByText('欄から抜ける・閉じる'))
  await stage.accessible(a.page, 'the sheet of keys')
  await keys.press('Escape')
  await gone(a.page.getByText('欄から抜ける・閉じる'))

  // j walks, Enter opens, a takes.
  await keys.press('j')
  await keys.press('j')
  await keys.press('k')
  const first = await focused(a)
  must(/一件目の通報/.test(first), `the keyboard stands on ${first}`)
  await keys.press('Enter')
  await sees(a.report.getByText('一件目の通報'))
  await a.step('視認')
  await keys.press('a')
  await sees(a.acts.getByText('受け付けました'))

  // c goes to the line; letters typed there are letters.
  await keys.press('c')
  const line = a.page.getByRole('textbox', { name: '通報者への発言' })
  must(await line.evaluate((e) => e === document.activeElement), 'c does not lead to the line')
  await keys.insertText('はい、消防です')
  await keys.press('Shift+Enter')
  await keys.type('ajkxd?')
  await keys.press('Enter')
  await sees(a.log.getByText('ajkxd?'))
  must((await line.inputValue()) === '', 'the line was not sent')
  // Alt+N offers ready sentences while somebody types; a digit puts one into the line.
  await keys.press('Alt+n')
  await sees(a.page.getByRole('region', { name: '定型文' }).getByText('場所はどこですか'))
  await stage.accessible(a.page, 'ready sentences')
  await keys.press('3')
  must(/^場所はどこですか/.test(await line.inputValue()), 'the sentence is not in the line')
  must(await line.evaluate((e) => e === document.activeElement), 'the keyboard did not come back to the line')
  await keys.press('Enter')
  await sees(a.log.getByText('場所はどこですか'))
  await keys.press('Escape')

  // f leaves out what is not ours, and says so; / looks for what is closed.
  await keys.press('f')
  await sees(a.page.getByRole('form', { name: '一覧の絞り込み' }))
  await keys.insertText('どこにもない場所')
  await sees(a.board.getByText('1件を隠しています。'))
  must((await a.card('未受付', '二件目の通報').count()) === 1, 'the filter hides an actual report that nobody has taken')
  await stage.accessible(a.page, 'a filtered board')
  await keys.press('Control+a')
  await keys.press('Delete')
  await keys.press('Escape')
  await gone(a.page.getByRole('form', { name: '一覧の絞り込み' }))
  await keys.press('/')
  await sees(a.page.getByRole('region', { name: '通報を探す' }))
  await stage.accessible(a.page, 'finding a report')
  await keys.press('Escape')

  await keys.press('d')
  await sees(a.acts.getByText('データ要求を送りました'))

  // x opens the closing; the reason is chosen with arrows, and Tab leads on.
  await keys.press('x')
  const panel = a.page.getByRole('form', { name: '通報を終了する' })
  await sees(panel)
  await keys.press('Space')
  await keys.press('ArrowDown')
  must(await panel.getByRole('radio', { name: '同じ災害の通報' }).isChecked(), 'the arrow does not choose the next reason')
  await keys.press('Tab')
  await keys.insertText('二件目と同じ')
  // What it repeats is chosen in the same form, and joined in the same step.
  await keys.press('Tab')
  await sees(panel.getByRole('combobox', { name: '同じ通報' }))
  await keys.press('ArrowDown')
  await stage.accessible(a.page, 'closing as a duplicate')
  await keys.press('Tab')
  must((await focused(a)) === '終了する', `Tab leads to ${await focused(a)}`)
  await keys.press('Enter')
  await sees(a.card('終了', '一件目の通報'))
  await sees(a.card('未受付', '二件目の通報').getByText('事案 001'))

  // On to the second, taken without opening it first.
  await keys.press('Escape')
  await keys.press('j')
  await keys.press('k')
  must(/二件目の通報/.test(await focused(a)), `the keyboard stands on ${await focused(a)}`)
  await keys.press('a')
  await sees(a.card('受付済み', '二件目の通報'))
  await keys.press('r')
  await sees(a.card('未受付', '二件目の通報'))

  // Every stop of Tab is visible: nothing that has the focus is out of sight.
  for (let n = 0; n < 40; n++) {
    await keys.press('Tab')
    const hidden = await a.page.evaluate(() => {
      const e = document.activeElement
      if (!e || e === document.body) return ''
      const r = e.getBoundingClientRect()
      const at = document.elementFromPoint(r.x + Math.min(r.width, innerWidth - r.x) / 2, r.y + Math.min(r.height, innerHeight - r.y) / 2)
      return at && (e.contains(at) || at.contains(e)) ? '' : e.outerHTML.slice(0, 120)
    })
    must(hidden === '', `the focus is covered: ${hidden}`)
  }
})

function focused(c) {
  return c.page.evaluate(() => document.activeElement?.textContent?.trim().replaceAll(/\s+/g, ' ') ?? '')
}
