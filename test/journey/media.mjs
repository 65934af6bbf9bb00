// A picture, a video and a broken file: the report rings at once,
// copies are blurred until a person opens them, and the keyboard is enough.
import { join } from 'node:path'
import { Caller, Console, gone, journey, must, sees, until } from './stage.mjs'

await journey(async (stage) => {
  const caller = new Caller(await stage.desk('通報者', { size: { width: 412, height: 915 } }))
  await caller.page.goto(stage.given.caller)
  await caller.send({ kind: '火事', text: '隣の家の窓から火が出ています' })
  const a = new Console(await stage.desk('指令台A', { size: { width: 1280, height: 800 } }))
  await a.page.goto(stage.given.doorA)
  await sees(a.card('未受付', '隣の家の窓'))

  const send = (name, mimeType, buffer) => caller.page.locator('input[type=file]').setInputFiles({ name, mimeType, buffer })
  await send('photo.jpg', 'image/jpeg', Buffer.from(stage.given.photo, 'base64'))
  await send('film.mp4', 'video/mp4', Buffer.from(stage.given.film, 'base64'))
  await send('cut.jpg', 'image/jpeg', Buffer.from(stage.given.photo, 'base64').subarray(0, 20_000))

  await a.page.keyboard.press('j')
  await a.page.keyboard.press('Enter')
  const media = a.report.getByRole('region', { name: '画像・動画' })
  await sees(media.getByRole('button', { name: '画像 通報者の写真を開く（ぼかしを外す）' }))
  await sees(media.getByRole('button', { name: '動画 通報者の動画を開く（ぼかしを外す）' }))
  await sees(media.getByText('壊れていて開けません。'))
  await sees(media.getByText('ウイルス検査なし').first())
  await sees(media.getByText('無音'))
  await sees(media.getByText('撮影位置（送信者の申告）'))
  await sees(media.getByText(/34\.7039/))
  await gone(media.getByRole('img', { name: '通報者の写真' }))
  await until('the blurred pictures are there', () => media.locator('img').evaluateAll((all) => all.length === 2 && all.every((i) => i.complete && i.naturalWidth > 0)))
  await stage.accessible(a.page, 'blurred media')
  await shot('blurred')

  // One key opens each in turn, and Esc closes; the work beside it stays.
  await a.page.keyboard.press('m')
  const picture = media.getByRole('img', { name: '通報者の写真' })
  await sees(picture)
  await until('the picture is painted', () => picture.evaluate((i) => i.complete && i.naturalWidth === 1280))
  await sees(a.acts.getByRole('button', { name: '受付' }))
  await stage.accessible(a.page, 'an open picture')
  await shot('picture')
  await a.page.keyboard.press('m')
  const video = media.locator('video')
  await sees(video)
  await until('the video can play', () => video.evaluate((v) => v.readyState >= 1 && v.duration > 1.5))
  must(await video.evaluate((v) => v.paused && !v.autoplay), 'the video plays by itself')
  await video.evaluate((v) => (v.currentTime = 1))
  await until('the video can be wound', () => video.evaluate((v) => v.currentTime === 1 && v.readyState >= 2))
  await stage.accessible(a.page, 'an open video')
  await shot('video')
  await a.page.keyboard.press('Escape')
  await gone(media.locator('video'))
  await sees(a.page.getByText('画像・動画を開いた（ぼかしを解除）'))
  await sees(a.page.getByText('画像・動画を隔離'))

  // The same hands go on, in one go and without a mouse: take it, find the place,
  // write, join what somebody else tells of the same fire, and hand it over.
  const keys = a.page.keyboard
  await keys.press('a')
  await sees(a.acts.getByText('受け付けました'))
  await keys.press('g')
  await sees(a.page.getByRole('region', { name: '地図' }))
  await keys.press('g')
  await keys.press('c')
  await keys.insertText('消防です。外へ出られますか')
  await keys.press('Enter')
  await sees(a.log.getByText('外へ出られますか'))
  await sees(caller.log.getByText('外へ出られますか'))
  await keys.press('Escape')
  const second = new Caller(await stage.desk('通報者2', { size: { width: 412, height: 915 } }))
  await second.page.goto(stage.given.caller)
  await second.send({ kind: '火事', text: '向かいの家が燃えています' })
  await sees(a.card('未受付', '向かいの家'))
  await keys.press('i')
  await sees(a.page.getByRole('form', { name: '事案にまとめる' }))
  await tabTo('まとめる')
  await keys.press('Enter')
  await sees(a.page.getByRole('region', { name: '事案 001' }))
  await keys.press('t')
  await sees(a.page.getByRole('form', { name: '他の消防本部への転送' }))
  await tabTo('本部の名称')
  await keys.insertText('隣市消防本部')
  await tabTo('出た人')
  await keys.insertText('佐藤')
  await keys.press('Enter')
  await sees(a.report.getByText('転送先 隣市消防本部'))

  /** tabTo walks with Tab until the field or the button of that name has the keyboard. */
  async function tabTo(name) {
    for (let n = 0; n < 30; n++) {
      const here = await a.page.evaluate(() => {
        const e = document.activeElement
        return [e?.textContent, e?.getAttribute('aria-label'), ...[...(e?.labels ?? [])].map((l) => l.textContent)].map((x) => x?.trim().replaceAll(/\s+/g, ' ') ?? '')
      })
      if (here.some((x) => x === name || x.startsWith(name))) return
      await keys.press('Tab')
    }
    must(false, `Tab never leads to ${name}`)
  }

  async function shot(name) {
    if (!stage.given.shots) return
    for (const light of ['dark', 'light']) {
      await a.page.screenshot({ path: join(stage.given.shots, `media-${name}-${light}.png`) })
      await a.page.getByRole('button', { name: /^画面の明るさ/ }).click()
    }
  }
})
