// A claim that changes hands, a report that was missed, a shift that is handed
// over: two seats, by keyboard.
import { Caller, Console, gone, journey, must, sees } from './stage.mjs'

await journey(async (stage) => {
  const a = new Console(await stage.desk('指令台A'))
  await a.page.goto(stage.given.doorA)
  const b = new Console(await stage.desk('指令台B'))
  await b.page.goto(stage.given.doorB)
  const [ka, kb] = [a.page.keyboard, b.page.keyboard]

  // The sound is proved before anything else: play, hear, say so.
  for (const [desk, keys] of [[a, ka], [b, kb]]) {
    await sees(desk.page.getByText('音を確認してください').first())
    await keys.press('s')
    await sees(desk.page.getByRole('button', { name: '呼出音を鳴らす' }))
    await keys.press('Enter')
    const heard = desk.page.getByRole('button', { name: '聞こえた（勤務を始める）' })
    await sees(heard)
    await heard.focus()
    await keys.press('Enter')
    await sees(desk.page.getByText(/確認済み（.*勤務開始）/))
    if (desk === a) await stage.accessible(a.page, 'the shift')
    await keys.press('Escape')
    await gone(desk.page.getByText('音を確認してください'))
  }

  const caller = new Caller(await stage.desk('通報者', { size: { width: 412, height: 915 } }))
  await caller.page.goto(stage.given.caller)
  await caller.send({ kind: '救急', text: '引き継ぐ通報' })
  await sees(a.card('未受付', '引き継ぐ通報'))

  // A takes it and offers it to all; B accepts.
  await ka.press('j')
  await ka.press('Enter')
  await ka.press('a')
  await sees(a.acts.getByText('受け付けました'))
  await ka.press('o')
  await sees(a.page.getByRole('form', { name: '受付を差し出す' }))
  await stage.accessible(a.page, 'the offer')
  await ka.press('Enter')
  await sees(a.acts.getByText('差し出しました'))
  await sees(b.page.getByText('引受け手を募っています'))
  await kb.press('j')
  await kb.press('Enter')
  await kb.press('o')
  await sees(b.page.getByRole('form', { name: '引継依頼に答える' }))
  await kb.press('Enter')
  await sees(b.acts.getByText('引き受けました'))
  await sees(a.page.getByText(/指令台B .*が受付/).first())

  // A shift ends with a note; the claim goes along when the next person confirms.
  await kb.press('s')
  const leaving = b.page.getByRole('form', { name: '引継ぎ' })
  await leaving.getByLabel('引き継ぐ先').selectOption({ label: /指令台A/ }).catch(() => leaving.getByLabel('引き継ぐ先').selectOption({ index: 1 }))
  await leaving.getByLabel('申し送り').fill('折返し待ち1件')
  await leaving.getByRole('button', { name: '申し送って勤務を終える' }).press('Enter')
  await sees(b.page.getByText('申し送りました。'))
  await sees(a.page.getByText('引継ぎが1件あります'))
  await ka.press('s')
  await sees(a.page.getByText('折返し待ち1件'))
  await ka.press('Enter')
  await gone(a.page.getByText('引継ぎが1件あります'))
  await ka.press('Escape')
  await sees(a.card('受付済み', '引き継ぐ通報'))
  await sees(a.acts.getByText('この指令台が受付'))

  // Closed without an answer: it stands on the missed panel until somebody says
  // what became of it.
  await ka.press('x')
  await a.page.getByRole('radio', { name: '応答なし', exact: true }).check()
  await ka.press('Enter')
  await sees(a.page.getByText('取りこぼし 1件'))
  await sees(b.page.getByText('取りこぼし 1件'))
  await ka.press('l')
  const entry = a.page.getByRole('form', { name: /の結果を記録する/ })
  await sees(entry)
  await stage.accessible(a.page, 'the missed panel')
  await entry.getByLabel('結果').selectOption('called-back')
  await entry.getByRole('button', { name: '確認済みにする' }).press('Enter')
  await gone(a.page.getByText('取りこぼし 1件'))
  await gone(b.page.getByText('取りこぼし 1件'))
  must(await a.page.getByText('取りこぼしはありません').isVisible(), 'the panel is not empty')

  // Keeping the room, with Tab and Enter only; every page that this person has.
  await ka.press('Escape')
  await a.page.getByRole('button', { name: '管理' }).focus()
  await ka.press('Enter')
  const room = a.page.getByRole('region', { name: '管理' })
  await sees(room)
  const pages = room.getByRole('navigation').getByRole('button')
  const names = await pages.allTextContents()
  must(names.length > 0 && names[0] === '専用端末', `the room has ${names}`)
  for (const [n, name] of names.entries()) {
    await pages.nth(n).focus()
    await ka.press('Enter')
    await sees(room.getByRole('group', { name, exact: true }))
    await stage.accessible(a.page, `the room: ${name}`)
  }
  if (names.includes('指令台')) {
    await pages.nth(names.indexOf('指令台')).focus()
    await ka.press('Enter')
    await room.getByRole('textbox', { name: '指令台の名前' }).focus()
    await ka.insertText('指令台C')
    await ka.press('Enter')
    await sees(room.getByText(/指令台C の登録コード/))
  }
  await room.getByRole('button', { name: '通報に戻る' }).focus()
  await ka.press('Enter')
  await gone(room)
})
