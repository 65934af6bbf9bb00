// One report from its caller to its end: both consoles ring, one wins it, the
// other is told who, words go both ways, data is asked for idle, in the call
// and after it, and the caller reads the truth at every step.
import { Caller, Console, gone, journey, must, quiet, rings, sees } from './stage.mjs'

await journey(
  async (stage) => {
    const caller = new Caller(await stage.desk('通報者', { size: { width: 412, height: 915 } }))
    await caller.record()
    await caller.page.goto(stage.given.caller)

    // While the line is cut, the report is only at the terminal: 端末保管.
    await stage.act('pullCable')
    await stage.accessible(caller.page, 'before the report')
    await caller.send({ kind: '救急', text: '胸が痛いです' })
    await caller.reads('消防にはまだ届いていません')
    await sees(caller.page.getByRole('heading', { name: '届くまでのあいだ、ほかの方法でも呼んでください' }))
    await sees(caller.page.getByText('近くの人に、119番への電話を頼む'))
    await stage.accessible(caller.page, 'not arrived')

    // The line is back and nobody sits at a console: 受信, and nothing more.
    await stage.act('plugCable')
    await caller.reads('消防に届きました')
    await sees(caller.page.getByText('まだ人は見ていません。'))
    await gone(caller.page.getByText('消防が確認しました'))

    // Both consoles ring and paint it: 統合.
    const a = new Console(await stage.desk('指令台A'))
    const b = new Console(await stage.desk('指令台B', { size: { width: 1280, height: 720 } }))
    await Promise.all([a.page.goto(stage.given.doorA), b.page.goto(stage.given.doorB)])
    for (const c of [a, b]) {
      await sees(c.banner.getByRole('status').getByText('未受付 1件'))
      await sees(c.card('未受付', '胸が痛いです'))
    }
    await loud(a)
    await loud(b)
    await Promise.all([rings(a.page), rings(b.page)])
    await caller.reads('消防の画面に表示されました')
    await gone(caller.page.getByText('消防が確認しました'))
    await stage.accessible(a.page, 'a report rings')
    await stage.accessible(b.page, 'a report rings, 1280 × 720')

    // A question while idle: nobody has taken the report.
    await link(a, 'Net119端末').click()
    await a.page.getByRole('button', { name: '全通報を取得（端末 Net119端末）' }).click()
    await sees(a.links.getByText('データ要求を送りました'))
    await link(a, 'Net119端末').click()

    // A wins. B, who still sees it as free, is told who was first.
    await b.open(/救急/)
    const opened = await b.page.evaluate(() => Date.now())
    await b.step('視認')
    await b.page.route('**/api/v1/feed?*', (r) => r.abort()) // B's page hears nothing more
    await a.take()
    await sees(a.acts.getByText('受け付けました'))
    await b.act('受付')
    await sees(b.acts.getByRole('alert').getByText('指令台A 佐藤 一郎 が先に受け付けました。'))
    await b.page.unroute('**/api/v1/feed?*')
    await sees(b.card('受付済み', '指令台A 佐藤 一郎 が受付'))
    await sees(b.acts.getByText('指令台A 佐藤 一郎 が対応中です'))
    await sees(a.card('受付済み', 'この指令台が受付'))
    await Promise.all([quiet(a.page), quiet(b.page)])
    await caller.reads('消防が確認しました')
    await sees(caller.page.getByText('担当の職員が対応しています。'))
    await stage.accessible(caller.page, 'seen')
    await stage.accessible(b.page, 'told who was first')

    // Words both ways.
    await a.say('いま向かっています。意識はありますか？')
    await sees(caller.log.getByText('いま向かっています。意識はありますか？'))
    await sees(a.log.getByRole('img', { name: '通報者の画面に配信' }))
    await caller.say('はい、あります')
    await sees(a.log.getByText('はい、あります'))
    await sees(b.log.getByText('はい、あります')) // B may read, and not write
    must(await b.page.getByRole('textbox', { name: '通報者への発言' }).isDisabled(), 'B may write into a report that A has taken')
    await stage.accessible(a.page, 'in the call')

    // A question in the call.
    await a.act('データ要求')
    await answered(a, 1)

    await a.close('対応完了', '救急隊が接触')
    await sees(a.card('終了', '救急'))
    await sees(b.card('終了', '救急'))
    await caller.reads('消防の対応が終わりました')
    await stage.accessible(a.page, 'closed')

    // A question after the call.
    await a.act('データ要求')
    await answered(a, 2)

    const said = await caller.said()
    const order = ['消防にはまだ届いていません', '消防に届きました', '消防の画面に表示されました', '消防が確認しました', '消防の対応が終わりました']
    must(JSON.stringify(said.map((s) => s.title)) === JSON.stringify(order), `the caller read ${said.map((s) => s.title).join(' → ')}`)
    must(said[3].at >= opened - 1000, 'the caller read that a person has seen it before anybody had opened it')
  },
  { autoplay: false },
)

function link(c, name) {
  return c.links.getByRole('listitem', { name: new RegExp(`^${name}`) }).getByRole('button')
}

/** loud: a browser as it comes lets no sound out until somebody has clicked, and the page says so. */
async function loud(c) {
  await sees(c.banner.getByRole('button', { name: '音が出ません' }))
  await c.banner.getByRole('button', { name: '音が出ません' }).click()
  await sees(c.banner.getByRole('button', { name: /音 出ます|確認音を鳴らしています/ }))
}

/** answered: the history names the question and its answer, n times by now. */
async function answered(c, n) {
  const history = c.page.getByRole('region', { name: '経過' })
  await sees(history.getByText('データ要求への応答').nth(n - 1))
}
