package page

import (
	"fmt"
	"slices"
	"time"

	"github.com/matoi119/matoi/rfb"
)

// Load is what the page does by itself.
type Load string

// Loads: a clock and a line now and then; a log that scrolls twenty times a
// second; a picture that moves thirty times a second; both.
const (
	Quiet   Load = "quiet"
	Scroll  Load = "scroll"
	Picture Load = "picture"
	Busy    Load = "busy"
)

// Limits of what the page remembers.
const (
	keptTyped  = 64 << 10 // characters
	keptClicks = 1024
	keptLines  = 200
	keptHeld   = 256
	fieldSize  = 400
)

// Click is a press of a button of the pointer.
type Click struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Button int `json:"button"` // 1 is the left one
}

type call struct {
	kind, place, name, text string
	colour                  uint32
	chat                    []said
}

type said struct {
	ours bool
	text string
}

type heldKey struct {
	keysym, scan uint32
}

// model is what the page shows. It knows no wire and no clock.
type model struct {
	name    string
	now     time.Time
	load    Load
	calls   []call
	open    int
	field   []rune
	held    []heldKey
	buttons uint8
	x, y    int
	typed   []rune
	clicks  []Click
	clip    string
	log     []string
	logged  int // lines ever
	frame   int // of the moving picture
	buttonsOf
}

// buttonsOf are the places that obey a click; the layout sets them.
type buttonsOf struct {
	callRows []box
	send     box
	seen     box
	end      box
}

func newModel(name string) *model {
	return &model{name: name, load: Quiet, calls: []call{
		{kind: "救急", place: "例示市本町一丁目 2-3 付近", name: "例示 花子", colour: aid,
			text: "父が台所で倒れました。呼びかけに目を開けますが、言葉が出ません。右の手足が動かないようです。",
			chat: []said{{false, "父が倒れました。70歳です。"}, {true, "救急車が向かっています。息は普段どおりですか。"}, {false, "はい、息はしています。"}}},
		{kind: "火災", place: "例示市中央公園 北側", name: "例示 太郎", colour: fire,
			text: "公園の物置から煙が出ています。炎は見えません。近くに人はいません。",
			chat: []said{{false, "物置から煙が出ています。"}}},
		{kind: "救助", place: "例示川 河川敷 右岸", name: "例示 次郎", colour: ready,
			text: "川の中州に二人が取り残されています。水が増えてきました。",
			chat: []said{{false, "中州に二人います。"}, {true, "岸から離れて、目を離さないでください。"}}},
	}}
}

// key is a key pressed or released; clip is what a paste takes.
func (m *model) key(e *rfb.KeyEvent) (copied bool) {
	same := func(h heldKey) bool {
		return h.keysym == e.Keysym || e.Scan != 0 && h.scan == e.Scan
	}
	i := slices.IndexFunc(m.held, same)
	if !e.Down {
		if i >= 0 {
			m.held = slices.Delete(m.held, i, i+1)
		}
		return false
	}
	if i < 0 && len(m.held) < keptHeld {
		m.held = append(m.held, heldKey{e.Keysym, e.Scan})
	}
	return m.obey(e.Keysym)
}

func (m *model) control() bool {
	return slices.ContainsFunc(m.held, func(h heldKey) bool { return h.keysym == keyControlL || h.keysym == keyControlR })
}

func (m *model) obey(keysym uint32) (copied bool) {
	r := keyRune(keysym)
	switch {
	case m.control():
		switch r {
		case 'v', 'V':
			m.write([]rune(m.clip))
		case 'c', 'C':
			m.clip = string(m.field)
			return true
		}
	case keysym == keyReturn:
		m.say()
	case keysym == keyBackSpace && len(m.field) > 0:
		m.field = m.field[:len(m.field)-1]
	case keysym == keyEscape:
		m.field = nil
	case keysym == keyUp:
		m.open = max(m.open-1, 0)
	case keysym == keyDown:
		m.open = min(m.open+1, len(m.calls)-1)
	case r != 0:
		m.write([]rune{r})
	}
	return false
}

func (m *model) write(text []rune) {
	m.typed = append(m.typed, text...)
	m.typed = m.typed[max(len(m.typed)-keptTyped, 0):]
	for _, r := range text {
		if len(m.field) < fieldSize && r >= ' ' {
			m.field = append(m.field, r)
		}
	}
}

func (m *model) say() {
	if len(m.field) == 0 {
		return
	}
	c := &m.calls[m.open]
	c.chat = append(c.chat, said{true, string(m.field)})
	c.chat = c.chat[max(len(c.chat)-50, 0):]
	m.field = nil
	m.note("送信しました")
}

// pointer moves the pointer; a button that went down is a click.
func (m *model) pointer(e *rfb.PointerEvent) {
	pressed := e.Buttons &^ m.buttons
	m.buttons, m.x, m.y = e.Buttons, int(e.X), int(e.Y)
	for b := range 8 {
		if pressed&(1<<b) != 0 {
			m.clicks = append(m.clicks, Click{m.x, m.y, b + 1})
			m.clicks = m.clicks[max(len(m.clicks)-keptClicks, 0):]
		}
	}
	if pressed&1 != 0 {
		m.press()
	}
}

func (m *model) press() {
	switch {
	case m.send.has(m.x, m.y):
		m.say()
	case m.seen.has(m.x, m.y):
		m.note(m.calls[m.open].kind + "の通報を既読にしました")
	case m.end.has(m.x, m.y):
		m.note(m.calls[m.open].kind + "の通報に終了を伝えました")
	}
	for i, row := range m.callRows {
		if row.has(m.x, m.y) {
			m.open = i
		}
	}
}

func (m *model) note(text string) {
	m.log = append(m.log, m.now.Format("15:04:05.000 ")+text)
	m.log = m.log[max(len(m.log)-keptLines, 0):]
	m.logged++
}

// tick lets the time of the page pass.
func (m *model) tick(now time.Time) {
	before := m.now
	m.now = now
	if (m.load == Quiet || m.load == Picture) && now.Unix()/10 != before.Unix()/10 {
		m.note("接続を確認しました")
	}
}

// step is one movement of a load.
func (m *model) step(scroll, move bool) {
	if scroll {
		m.note(fmt.Sprintf("位置情報 %06d を受信しました", m.logged))
	}
	if move {
		m.frame++
	}
}

func (m *model) heldNames() (out []string) {
	for _, h := range m.held {
		out = append(out, keyName(h.keysym, h.scan))
	}
	for b := range 8 {
		if m.buttons&(1<<b) != 0 {
			out = append(out, fmt.Sprintf("ボタン%d", b+1))
		}
	}
	return out
}
