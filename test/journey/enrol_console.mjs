// A browser becomes a console by a code, a person logs in with a password over
// HTTPS, and whoever holds the server's account can take both away at once.
import { Console, gone, journey, must, sees } from './stage.mjs'
import { enrol, logIn } from './door.mjs'

await journey(async (stage) => {
  const { server, code, account, password } = stage.given
  must(server.startsWith('https://'), 'the server answers without TLS')
  const c = new Console(await stage.desk('指令台1', { size: { width: 1280, height: 720 } }))
  const page = c.page
  await page.goto(server)
  await sees(page.getByRole('heading', { name: '指令台の登録' }))
  await stage.accessible(page, 'enrol')
  await enrol(page, 'AAAA-BBBB-CCCC')
  await sees(page.getByRole('alert'))
  await enrol(page, code)
  await sees(page.getByText('指令台1 にログインします'))
  await stage.accessible(page, 'log in')

  await logIn(page, account, 'not the password 119')
  await sees(page.getByRole('alert').getByText('アカウントまたはパスワードが違います。'))
  await logIn(page, 'nobody-of-this-name', 'not the password 119')
  await sees(page.getByRole('alert').getByText('アカウントまたはパスワードが違います。'))
  await stage.accessible(page, 'wrong password')
  await logIn(page, account, password)
  await sees(c.banner.getByText('担当 佐藤 一郎'))

  // The session is a cookie that scripts and other sites cannot read.
  const cookies = await page.context().cookies()
  must(cookies.length >= 2 && cookies.every((k) => k.httpOnly && k.secure && k.sameSite === 'Strict'), `cookies: ${JSON.stringify(cookies.map(({ value, ...k }) => k))}`)
  must((await page.evaluate(() => document.cookie)) === '', 'a script of the page reads a cookie')

  // A reload goes on; a code works once.
  await page.reload()
  await sees(c.banner.getByText('担当 佐藤 一郎'))
  const other = await stage.desk('よその画面')
  await other.goto(server)
  await enrol(other, code)
  await sees(other.getByRole('alert').getByText('登録コードが違うか、期限が切れているか、すでに使われています。'))

  await c.banner.getByRole('button', { name: 'ログアウト' }).click()
  await sees(page.getByRole('button', { name: 'ログインする' }))
  await page.reload()
  await sees(page.getByRole('button', { name: 'ログインする' }))
  await logIn(page, account, password)
  await sees(c.banner.getByText('担当 佐藤 一郎'))

  // The command line ends the session: the page asks for the log-in by itself.
  await stage.act('command', { args: ['person', 'log-out', account] })
  await sees(page.getByRole('button', { name: 'ログインする' }))
  await gone(c.board)
  await logIn(page, account, password)
  await sees(c.banner.getByText('担当 佐藤 一郎'))

  await stage.act('command', { args: ['person', 'suspend', account] })
  await sees(page.getByRole('button', { name: 'ログインする' }))
  await logIn(page, account, password)
  await sees(page.getByRole('alert').getByText('アカウントまたはパスワードが違います。'))
  await stage.act('command', { args: ['person', 'resume', account] })
  await logIn(page, account, password)
  await sees(c.banner.getByText('担当 佐藤 一郎'))

  // The console itself is taken out of service.
  await stage.act('command', { args: ['console', 'revoke', stage.given.consoleId] })
  await sees(page.getByRole('heading', { name: '指令台の登録' }))
  await stage.accessible(page, 'revoked')
})
