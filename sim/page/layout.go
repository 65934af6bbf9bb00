package page

import (
	"fmt"
	"strings"

	"github.com/matoi119/matoi/rfb"
)

// change is a part of the picture that looks different now: drawn anew, or as
// another part did before.
type change struct {
	area         rfb.Rect
	copied       bool
	fromX, fromY uint16
}

// panel is a part of the page that is drawn when what it depends on has changed.
type panel struct {
	area box
	of   func(*model) string // what it depends on
	draw func(*canvas, *model)
	was  string
}

const (
	barHeight = 56
	rowHeight = 72
	logSize   = 15
	logRow    = 22
)

// layout is the page at one size.
type layout struct {
	picture  *rfb.Framebuffer
	letters  *letters
	screens  []rfb.Screen
	panels   []*panel
	log      box
	logged   int // lines that the log shows
	logDrawn bool
}

// newLayout arranges the page on monitors of w × h, side by side.
func newLayout(l *letters, m *model, w, h, monitors int) *layout {
	out := &layout{picture: rfb.NewFramebuffer(w*monitors, h), letters: l}
	all := &canvas{out.picture, box{0, 0, w * monitors, h}, l}
	all.fill(all.clip, paper)
	for i := range monitors {
		out.screens = append(out.screens, rfb.Screen{ID: uint32(i + 1), Area: box{i * w, 0, w, h}.rect()})
	}
	left, right := w*28/100, w*30/100
	list := box{0, barHeight, left, h - barHeight}
	middle := box{left, barHeight, w - left - right, h - barHeight}
	side := box{w - right, barHeight, right, h - barHeight}
	foot := box{middle.x, h - 112, middle.w, 112}
	words := box{middle.x, middle.y, middle.w, 200}
	chat := box{middle.x, words.y + words.h, middle.w, foot.y - words.y - words.h}
	moving := box{side.x + 12, side.y + 12, side.w - 24, (side.w - 24) * 9 / 16}
	keys := box{side.x, moving.y + moving.h + 12, side.w, 120}
	out.log = box{side.x + 12, keys.y + keys.h + 32, side.w - 24, h - keys.y - keys.h - 40}
	out.log.h -= out.log.h % logRow
	all.text(out.log.x, out.log.y-24, 15, faint, "通信記録")
	m.callRows = nil
	for i := range m.calls {
		m.callRows = append(m.callRows, box{12, list.y + 48 + i*(rowHeight+8), left - 24, rowHeight})
	}
	third := (foot.w - 24 - 24) / 3
	place := func(i int) box { return box{foot.x + 12 + i*(third+12), foot.y + 62, third, 42} }
	m.send, m.seen, m.end = place(0), place(1), place(2)
	out.panels = []*panel{
		{area: box{0, 0, w, barHeight}, of: func(m *model) string { return m.now.Format("20060102150405") }, draw: drawBar},
		{area: list, of: func(m *model) string { return fmt.Sprint(m.open) }, draw: drawList},
		{area: words, of: func(m *model) string { return fmt.Sprint(m.open) }, draw: func(c *canvas, m *model) { drawWords(c, m, words) }},
		{area: chat, of: func(m *model) string { return fmt.Sprint(m.open, m.calls[m.open].chat) }, draw: func(c *canvas, m *model) { drawChat(c, m, chat) }},
		{area: foot, of: func(m *model) string { return string(m.field) }, draw: func(c *canvas, m *model) { drawFoot(c, m, foot) }},
		{area: keys, of: func(m *model) string { return fmt.Sprint(m.held, m.buttons, m.clicks, m.clip) }, draw: func(c *canvas, m *model) { drawKeys(c, m, keys) }},
		{area: moving, of: func(m *model) string { return fmt.Sprint(m.frame) }, draw: drawMoving},
	}
	for i := 1; i < monitors; i++ {
		area := box{i * w, 0, w, h}
		out.panels = append(out.panels, &panel{area: area, of: func(m *model) string { return fmt.Sprint(m.open) },
			draw: func(c *canvas, m *model) { drawFurther(c, m, area, i+1) }})
	}
	return out
}

// paint draws what has changed since it was last called.
func (l *layout) paint(m *model) (changes []change) {
	all := box{0, 0, l.picture.Width, l.picture.Height}
	for _, p := range l.panels {
		area := p.area.meet(all)
		now := p.of(m) + "."
		if now == p.was || area.w == 0 || area.h == 0 {
			continue
		}
		p.was = now
		p.draw(&canvas{l.picture, area, l.letters}, m)
		changes = append(changes, change{area: area.rect()})
	}
	return append(changes, l.paintLog(m)...)
}

// paintLog moves the lines that are there and draws those that came.
func (l *layout) paintLog(m *model) []change {
	came := m.logged - l.logged
	area := l.log.meet(box{0, 0, l.picture.Width, l.picture.Height})
	if came == 0 && l.logDrawn || area.h < logRow || area.w == 0 || area != l.log {
		return nil
	}
	rows := area.h / logRow
	keep := rows - came
	first := !l.logDrawn
	l.logged, l.logDrawn = m.logged, true
	c := &canvas{l.picture, area, l.letters}
	if keep <= 0 || first {
		c.fill(area, white)
		l.drawLines(c, m, area, rows)
		return []change{{area: area.rect()}}
	}
	from := box{area.x, area.y + came*logRow, area.w, keep * logRow}
	l.picture.Move(from.rect(), uint16(area.x), uint16(area.y)) //nolint:gosec // inside the picture
	fresh := box{area.x, area.y + keep*logRow, area.w, came * logRow}
	c.fill(fresh, white)
	l.drawLines(c, m, fresh, came)
	to := box{area.x, area.y, from.w, from.h}
	return []change{{area: to.rect(), copied: true, fromX: from.rect().X, fromY: from.rect().Y}, {area: fresh.rect()}}
}

// drawLines writes the newest n lines of the log.
func (l *layout) drawLines(c *canvas, m *model, b box, n int) {
	lines := m.log[max(len(m.log)-n, 0):]
	y := b.y + b.h - len(lines)*logRow
	for _, s := range lines {
		c.text(b.x+6, y+3, logSize, ink, s)
		y += logRow
	}
}

func drawBar(c *canvas, m *model) {
	c.fill(c.clip, bar)
	c.text(16, 15, 24, white, m.name)
	clock := m.now.Format("2006-01-02 15:04:05")
	c.text(c.clip.w-16-c.width(24, clock), 15, 24, white, clock)
}

func drawList(c *canvas, m *model) {
	c.fill(c.clip, paper)
	c.text(16, c.clip.y+16, 18, faint, fmt.Sprintf("通報一覧 %d件", len(m.calls)))
	for i, row := range m.callRows {
		x := m.calls[i]
		if i == m.open {
			c.fill(row, chosen)
		} else {
			c.fill(row, white)
		}
		c.frame(row, line)
		badge := box{row.x + 10, row.y + 12, 56, 48}
		c.fill(badge, x.colour)
		c.text(badge.x+8, badge.y+14, 20, white, x.kind)
		r := c.within(row.inset(2))
		r.text(row.x+78, row.y+12, 18, ink, x.place)
		r.text(row.x+78, row.y+40, 16, faint, x.name)
	}
}

func drawWords(c *canvas, m *model, b box) {
	x := m.calls[m.open]
	c.fill(b, white)
	c.frame(b, line)
	c.text(b.x+16, b.y+14, 22, x.colour, x.kind+"  "+x.name)
	c.text(b.x+16, b.y+48, 18, ink, x.place)
	c.paragraph(box{b.x + 16, b.y + 84, b.w - 32, b.h - 84}, 20, ink, x.text)
}

func drawChat(c *canvas, m *model, b box) {
	c.fill(b, soft)
	c.frame(b, line)
	y := b.y + b.h - 12
	chat := m.calls[m.open].chat
	for i := len(chat) - 1; i >= 0 && y > b.y; i-- {
		lines := c.lines(18, b.w*6/10, chat[i].text)
		height := len(lines)*27 + 16
		y -= height + 8
		bubble := box{b.x + 12, y, b.w*6/10 + 24, height}
		colour := uint32(white)
		if chat[i].ours {
			bubble.x, colour = b.x+b.w-12-bubble.w, chosen
		}
		c.fill(bubble, colour)
		c.frame(bubble, line)
		c.paragraph(box{bubble.x + 12, bubble.y + 10, bubble.w - 24, height}, 18, ink, chat[i].text)
	}
}

func drawFoot(c *canvas, m *model, b box) {
	c.fill(b, paper)
	field := box{b.x + 12, b.y + 10, b.w - 24, 44}
	c.fill(field, white)
	c.frame(field, bar)
	in := c.within(field.inset(6))
	text := string(m.field)
	if text == "" {
		in.text(field.x+12, field.y+12, 20, faint, "ここに入力")
	}
	x := field.x + 12 - max(c.width(20, text)-field.w+40, 0) // the end is what one types at
	end := in.text(x, field.y+12, 20, ink, text)
	in.fill(box{end + 1, field.y + 9, 2, 26}, ink)
	c.button(m.send, "送信", aid)
	c.button(m.seen, "既読", ready)
	c.button(m.end, "終了", faint)
}

func drawKeys(c *canvas, m *model, b box) {
	c.fill(b, paper)
	held := strings.Join(m.heldNames(), "  ")
	if held == "" {
		held = "なし"
	}
	c.text(b.x+12, b.y+6, 15, faint, "押されているキー")
	c.within(b.inset(4)).text(b.x+12, b.y+28, 20, fire, held)
	last := "クリックなし"
	if n := len(m.clicks); n > 0 {
		last = fmt.Sprintf("クリック %d回  最後 %d, %d", n, m.clicks[n-1].X, m.clicks[n-1].Y)
	}
	c.text(b.x+12, b.y+62, 15, ink, last)
	c.within(b.inset(4)).text(b.x+12, b.y+88, 15, ink, "クリップボード  "+strings.ReplaceAll(m.clip, "\n", " "))
}

// drawMoving draws waves with some noise: what a camera's picture costs.
func drawMoving(c *canvas, m *model) {
	noise := uint32(m.frame)*2654435761 + 1 //nolint:gosec // chance of a picture
	b := c.clip
	for y := range b.h {
		row := c.to.Row(b.x, b.y+y, b.w)
		for x := range b.w {
			noise = noise*1664525 + 1013904223
			v := wave[(x*2+m.frame*5)&255] + wave[(y*3+m.frame*3)&255] + int(noise>>29)
			row[x*4], row[x*4+1], row[x*4+2] = byte(v/2+40), byte(v/2), byte(v/3+30) //nolint:gosec // 0 to 255 by its making
		}
	}
}

// wave is a period of a hill between 0 and 200.
var wave = func() (w [256]int) {
	for i := range w {
		d := min(i, 255-i)
		w[i] = d * d * 200 / (127 * 127)
	}
	return w
}()

func drawFurther(c *canvas, m *model, b box, number int) {
	x := m.calls[m.open]
	c.fill(b, bar)
	c.text(b.x+40, b.y+40, 32, white, fmt.Sprintf("画面%d", number))
	c.text(b.x+40, b.y+120, 64, white, x.kind)
	c.text(b.x+40, b.y+220, 32, white, x.place)
	c.paragraph(box{b.x + 40, b.y + 300, b.w - 80, b.h - 300}, 32, white, x.text)
}
