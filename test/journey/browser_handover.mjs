// The service is a web application: its own page in the terminal's browser
// hands over to the loopback intake from another origin, and nothing else does.
// The browser counts the service's page as one of the internet, as it is in
// real life, and asks before it may reach into this machine.
import { Caller, Console, gone, journey, must, sees } from './stage.mjs'

await journey(
  async (stage) => {
    const a = new Console(await stage.desk('指令台A'))
    await a.page.goto(stage.given.doorA)
    await sees(a.page.getByText('通報はありません'))
    const caller = new Caller(await stage.desk('通報者', { size: { width: 412, height: 915 } }))
    await caller.page.goto(stage.given.caller)
    await caller.send({ kind: '救急', text: '息が苦しいです' })
    await caller.reads('消防にはまだ届いていません')
    await sees(caller.page.getByText('消防の端末とつながっていません。つながりしだい、自動で送ります。'))

    // Nobody has allowed it yet: the page says that a person must answer here.
    const refused = await stage.desk('端末のブラウザー（許可の前）', { permissions: [] })
    const blocked = refused.waitForEvent('console', { predicate: (m) => /\/intake\/reports.*Permission was denied.*loopback/.test(m.text()) })
    await refused.goto(stage.given.net119)
    await blocked // by the browser's question, and not by anything of ours
    await sees(refused.getByRole('button', { name: /救急/ }))
    await sees(refused.getByRole('alert').getByText(/指令システムへ渡せていません\(\d+ 件\)。この画面で通報者に応答してください。/))
    await stage.accessible(refused, 'cannot hand over')
    await refused.close()

    const page = await stage.desk('端末のブラウザー', { permissions: ['local-network-access'] })
    await page.goto(stage.given.net119)
    must(new URL(page.url()).hash === '', 'the keys stay in the address')
    await sees(page.getByText(/標準IF\(受け口\)\s*接続中/))
    await sees(a.card('未受付', '息が苦しいです'))
    await caller.reads('消防の画面に表示されました')
    await stage.accessible(page, 'hands over')

    await a.take()
    await caller.reads('消防が確認しました')
    await a.say('救急車が向かっています')
    await sees(caller.log.getByText('救急車が向かっています'))
    await sees(page.getByRole('log').getByText('救急車が向かっています'))

    // The page may die at any instant: a reload loses nothing and doubles nothing.
    await page.reload()
    await caller.say('ありがとう')
    await sees(a.log.getByText('ありがとう'))
    must((await a.log.getByText('ありがとう').count()) === 1, 'a line came twice')
    await a.close('対応完了')
    await caller.reads('消防の対応が終わりました')
    await gone(page.getByRole('alert').filter({ hasText: '渡せていません' }))
  },
  { flags: (given) => [`--ip-address-space-overrides=${given.net119Hosts.map((h) => `${h}=public`).join(',')}`] },
)
