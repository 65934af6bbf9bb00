// How somebody sits down at a console: a code once, then account and password.
import { sees } from './stage.mjs'

/** sit enrols the browser as the console of the code and logs the person in. */
export async function sit(console, { server, code, account, password, person }) {
  await console.page.goto(server)
  await enrol(console.page, code)
  await logIn(console.page, account, password)
  await sees(console.banner.getByText(`担当 ${person}`))
}

export async function enrol(page, code) {
  await page.getByRole('textbox', { name: '登録コード' }).fill(code)
  await page.getByRole('button', { name: '登録する' }).click()
}

export async function logIn(page, account, password) {
  await page.getByRole('textbox', { name: '職員アカウント' }).fill(account)
  await page.getByLabel('パスワード').fill(password)
  await page.getByRole('button', { name: 'ログインする' }).click()
}
