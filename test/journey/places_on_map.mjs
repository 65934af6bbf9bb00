// Places of a report on the headquarters' own map: every shape, the track of
// somebody who walks, what must not be drawn; by keyboard, read again as a list,
// with nothing fetched from elsewhere; and without any map at all.
import { join } from 'node:path'
import { Console, gone, journey, must, sees, until } from './stage.mjs'

const software = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist']

await journey(
  async (stage) => {
    const doors = await stage.desk('入口')
    await doors.goto(stage.given.doors)
    await doors.getByRole('button', { name: '移動しながらの代理通報を送る' }).click()

    const a = new Console(await stage.desk('指令台A'))
    const asked = []
    a.page.on('request', (r) => asked.push(r.url()))
    await a.page.goto(stage.given.doorA)
    await a.open(/救急/)
    await sees(a.report.getByText('第5版').first())
    must(!asked.some((u) => u.includes('/canvas-')), 'the map is loaded before anybody asked for it')

    // g opens the map and takes nothing away from whoever types.
    const keyboard = () => a.page.evaluate(() => `${document.activeElement?.tagName} ${document.activeElement?.getAttribute('data-card')}`)
    const before = await keyboard()
    await a.page.keyboard.press('g')
    const map = a.page.getByRole('region', { name: '地図', exact: true })
    await sees(map)
    must((await keyboard()) === before, 'the map took the keyboard')
    const list = map.getByRole('list', { name: '地図の場所の一覧' })
    const line = (role) => list.getByRole('listitem').filter({ hasText: role })

    // The list says everything that is drawn, and what is not.
    await sees(line('通報者の位置').getByText('軌跡 5点'))
    await sees(line('通報者の位置').getByText(/°42′\d\d\.\d″N 135°29′/))
    await sees(line('災害地点').getByText('「例示中央公園」'))
    await sees(line('災害地点').getByText('多角形（4点）'))
    await sees(line('災害地点').getByText(/^Aから\d+m 北/))
    await sees(line('撮影位置').getByText('「写真1」'))
    await sees(line('よく行く場所').getByText(/緯度と経度が入れ替わっている可能性/))
    await sees(line('車両の位置').getByText('座標が0,0のため地図に出しません'))
    await sees(line('自宅').getByText('本町一丁目２－３付近'))
    await sees(line('基地局').getByText('第1版の位置です。最新の第5版にはありません'))

    await sees(map.locator('[data-map="drawn"]'))
    const canvas = map.locator('canvas.maplibregl-canvas')
    await sees(canvas)
    await until('the map has read its file', () => asked.filter((u) => u.includes('/api/v1/map/')).length > 3)
    await until('the map is not blank', async () => (await colours(a.page, canvas)) > 40)
    await sees(map.getByText('架空の町「例示市」'))
    await gone(map.getByText('地図の一部を読めません'))
    await stage.accessible(a.page, 'places on the map')
    await look(a.page, stage, 'dark')

    // By keyboard: the map is moved and enlarged, Escape gives the keyboard back.
    await canvas.focus()
    const scale = map.locator('.maplibregl-ctrl-scale')
    const first = await scale.textContent()
    await a.page.keyboard.press('+')
    await until('the map is enlarged', async () => (await scale.textContent()) !== first)
    await a.page.keyboard.press('ArrowLeft')
    await map.getByRole('button', { name: '全体を表示' }).click()
    await until('the map shows all again', async () => (await scale.textContent()) === first)

    await a.page.getByRole('button', { name: /^画面の明るさ/ }).click()
    await until('the light map is drawn', async () => (await colours(a.page, canvas)) > 40)
    await stage.accessible(a.page, 'places on the light map')
    await look(a.page, stage, 'light')

    // The seat remembers; another seat has its own choice.
    await a.page.reload()
    await a.open(/救急/)
    await sees(map)
    await sees(line('通報者の位置'))
    await canvas.focus()
    await a.page.keyboard.press('g')
    await gone(map)

    // A display of its own for the map: every open report, and the one that the seat has open anywhere.
    await doors.getByRole('button', { name: '事故自動通報を送る' }).click()
    await sees(a.card('未受付', '事故自動通報'))
    const beside = await a.page.context().newPage()
    beside.desk = '指令台A 地図'
    beside.on('request', (r) => asked.push(r.url()))
    await beside.goto(a.page.url() + '&window=map')
    const whole = beside.getByRole('region', { name: '地図', exact: true })
    const reports = whole.getByRole('list', { name: '終了していない通報' })
    await until('both reports are listed', async () => (await reports.getByRole('listitem').count()) === 2)
    await until('both numbers are on the map', async () => (await whole.locator('.sign.report').count()) === 2)
    await until('the map of all is not blank', async () => (await colours(beside, whole.locator('canvas.maplibregl-canvas'))) > 40)
    await stage.accessible(beside, 'the map in a window of its own')
    await reports.getByRole('button', { name: /救急/ }).click()
    await sees(whole.getByRole('list', { name: '地図の場所の一覧' }).getByText('軌跡 5点'))
    await a.open(/車両事故/)
    await sees(reports.getByRole('button', { name: /車両事故/ }).and(beside.locator('[aria-current="true"]')))
    await sees(whole.getByRole('list', { name: '地図の場所の一覧' }).getByText('「車両位置」'))
    if (stage.given.looks) await beside.screenshot({ path: join(stage.given.looks, 'map-window.png') })
    await beside.close()

    const origin = new URL(a.page.url()).origin
    const strangers = asked.filter((u) => !u.startsWith(origin + '/') && !u.startsWith('data:') && !u.startsWith('blob:') && new URL(u).origin !== new URL(stage.given.doors).origin)
    must(strangers.length === 0, `the page asked elsewhere:\n${strangers.join('\n')}`)

    // Without the map, and without WebGL, a sentence and the same list.
    const b = new Console(await stage.desk('指令台B', { size: { width: 1280, height: 720 } }))
    await b.page.route('**/api/v1/map', (r) => r.fulfill({ status: 404, contentType: 'application/problem+json', body: JSON.stringify({ status: 404, key: 'map.none' }) }))
    await b.page.goto(stage.given.doorB)
    await b.open(/救急/)
    await b.page.keyboard.press('g')
    await sees(b.page.getByText('地図が取り込まれていません。'))
    await sees(b.page.getByRole('list', { name: '地図の場所の一覧' }).getByText('軌跡 5点'))
    await stage.accessible(b.page, 'no map')
    await b.page.keyboard.press('g')
    await b.page.unroute('**/api/v1/map')
    await b.page.evaluate(() => {
      const real = HTMLCanvasElement.prototype.getContext
      HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        return kind.startsWith('webgl') ? null : real.call(this, kind, ...rest)
      }
    })
    await b.page.keyboard.press('g')
    await sees(b.page.getByText('この画面では地図を描けません。'))
    await sees(b.page.getByRole('list', { name: '地図の場所の一覧' }).getByText('軌跡 5点'))
    await stage.accessible(b.page, 'no WebGL')
  },
  { flags: () => [...software, '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1'] },
)

/** colours counts the different colours of a picture of the map: a blank one has few. */
async function colours(page, canvas) {
  const picture = await canvas.screenshot()
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const c = new OffscreenCanvas(image.width, image.height)
    const g = c.getContext('2d')
    g.drawImage(image, 0, 0)
    const { data } = g.getImageData(0, 0, image.width, image.height)
    const seen = new Map()
    for (let i = 0; i < data.length; i += 4 * 7) {
      const key = (data[i] >> 3) * 1024 + (data[i + 1] >> 3) * 32 + (data[i + 2] >> 3)
      seen.set(key, (seen.get(key) ?? 0) + 1)
    }
    return [...seen.values()].filter((n) => n > 3).length
  }, picture.toString('base64'))
}

/** look keeps a picture for whoever judges the looks. */
async function look(page, stage, name) {
  if (!stage.given.looks) return
  for (const size of [{ width: 1920, height: 1080 }, { width: 1280, height: 720 }, { width: 960, height: 540 }]) {
    await page.setViewportSize(size)
    await page.getByRole('button', { name: '全体を表示' }).click()
    await page.getByRole('region', { name: '地図', exact: true }).scrollIntoViewIfNeeded()
    await page.waitForLoadState('networkidle')
    await page.screenshot({ path: join(stage.given.looks, `map-${name}-${size.width}.png`) })
  }
  await page.setViewportSize({ width: 1920, height: 1080 })
}
