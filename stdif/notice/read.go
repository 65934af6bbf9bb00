package notice

import (
	"encoding/csv"
	"regexp"
	"strings"
	"unicode"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/japanese"
)

// labels are the heads under which notices give their fields.
var labels = map[string]func(*Notice, string){
	"受付番号": number, "事案番号": number, "整理番号": number, "通報番号": number,
	"覚知時刻": clock, "覚知日時": clock, "覚知": clock, "指令時刻": clock, "指令日時": clock, "通報時刻": clock, "通報日時": clock, "発生時刻": clock, "発生日時": clock, "日時": clock, "時刻": clock,
	"災害住所": place, "災害地点": place, "発生場所": place, "災害場所": place, "住所": place, "場所": place, "所在": place,
	"災害区分": kind, "災害種別": kind, "種別": kind, "区分": kind,
	"指令目標": target, "目標": target, "目標物": target,
	"通報者氏名": name, "通報者": name, "通報者電話": phone, "電話番号": phone, "電話": phone,
}

func number(n *Notice, value string) { first(&n.Number, value) }
func target(n *Notice, value string) { first(&n.Target, value) }
func name(n *Notice, value string)   { first(&n.Name, value) }
func phone(n *Notice, value string)  { first(&n.Phone, value) }
func place(n *Notice, value string)  { first(&n.Place, strings.TrimRight(value, "。")) }

func kind(n *Notice, value string) {
	if at := crew.FindStringIndex(value); at != nil && at[0] > 0 {
		value = value[:at[0]]
	}
	first(&n.Kind, strings.TrimRight(value, "。、 　"))
}

func clock(n *Notice, value string) {
	if m, _, _, ok := japanese.FindMoment(value); ok && n.Moment == nil {
		n.Moment = &m
	}
}

func first(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

var (
	// crew begins what a notice says after its last label, without a break.
	crew = regexp.MustCompile(`消防(車|隊|団)|救急(車|隊)が|が(出動|出場|発生)`)

	label = regexp.MustCompile(`(通報者氏名|通報者電話|[^\s　:：、。0-9０-９]{2,4}?)[ 　]*[:：][ 　]*`)

	nothing = regexp.MustCompile(`^現?在?、?[ 　]*(?:[^。\n]{0,20}(?:災害|出動|出場|火災)[^。\n]{0,6}は、?)(?:発生して(?:いません|おりません)|ありません|ございません)。?$`)
	// ended and wrong hold the forms that say so, not those that deny it.
	ended = regexp.MustCompile(`(?:鎮火|鎮圧|収束|活動終了)(?:しました|いたしました|です|済み?|を確認|。|$)`)
	wrong = regexp.MustCompile(`(?:誤報|誤作動|いたずら)(?:でした|です|と判明|。|$)`)
	going = regexp.MustCompile(`出動中|出場中|(?:出動|出場|発生|活動)して(?:い|お)ます|(?:出動|出場|発生)しております`)
	sent  = regexp.MustCompile(`(?:出動|出場|発生)しました`)
)

// MaxSearched is how many bytes of a notice are searched for fields. A text
// behind them is kept as the rest is.
const MaxSearched = 12 << 10

// Read finds what a notice says. It never fails: what is not found is empty.
func Read(text string) Notice {
	var n Notice
	if len(text) > MaxSearched {
		text = strings.ToValidUTF8(text[:MaxSearched], "") + "…"
	}
	if nothing.MatchString(strings.TrimSpace(text)) {
		n.State = None
		return n
	}
	n.state(text)
	if n.labelled(text) {
		return n
	}
	for _, sentence := range strings.FieldsFunc(text, func(r rune) bool { return r == '。' || r == '\n' }) {
		n.sentence(sentence)
	}
	return n
}

func (n *Notice) state(text string) {
	switch {
	case wrong.MatchString(text):
		n.State = FalseAlarm
	case ended.MatchString(text):
		n.State = Ended
	case going.MatchString(text):
		n.State = Ongoing
	case sent.MatchString(text):
		n.State = Dispatched
	}
}

// labelled reads fields under labels, whether or not lines break between them.
// It wants two known labels: one may be a word of a sentence.
func (n *Notice) labelled(text string) bool {
	type found struct {
		name      string
		from, end int
	}
	var all []found
	known := 0
	for at := 0; at < len(text); {
		loc := label.FindStringSubmatchIndex(text[at:])
		if loc == nil {
			break
		}
		name := text[at+loc[2] : at+loc[3]]
		// A label may stand right behind the value before it: its longest known end counts.
		for cut := range name {
			if labels[name[cut:]] != nil {
				all = append(all, found{name[cut:], at + loc[2] + cut, at + loc[1]})
				known++
				break
			}
		}
		at += loc[1]
	}
	if known < 2 {
		return false
	}
	for i, f := range all {
		end := len(text)
		if i+1 < len(all) {
			end = all[i+1].from
		}
		value, _, _ := strings.Cut(text[f.end:end], "\n")
		if value = strings.TrimFunc(value, unicode.IsSpace); value != "" {
			labels[f.name](n, value)
		}
	}
	if head, _, ok := strings.Cut(text, "\n"); ok && n.Kind == "" {
		n.headline(head)
	}
	return true
}

const particles = `(?:において|にて|で|から|に)`

var (
	// 旭区今宿西町付近で発生した災害に
	happened = regexp.MustCompile(`^(.{1,80}?)(?:において|にて|で)[、 　]*発生した([^、。\s　]{1,20}?)(?:に|で|へ|、|$)`)
	// 古賀市　小竹９９９番付近に警戒のため / で　救急活動　が発生 / から火災の通報
	because = regexp.MustCompile(`^(.{1,80}?)` + particles + `[、 　]*([^、。\s　]{1,20}?)[ 　]*(?:のため|の通報|の疑い|が発生|の発生|による)`)
	// 建物火災が発生しました
	only = regexp.MustCompile(`^([^、。\s　]{1,20}?)が発生`)
	// 火災　例示市本町１－２－３
	head = regexp.MustCompile(`^[【\[（(]?([^】\]）)\s　、。:：]{2,12})[】\]）)]?[ 　:：]*(.*)$`)
)

// sentence reads time, place and kind of one sentence into what is still empty.
func (n *Notice) sentence(text string) {
	rest := strings.TrimFunc(text, unicode.IsSpace)
	m, from, to, ok := japanese.FindMoment(rest)
	if ok {
		if n.Moment == nil {
			n.Moment = &m
		}
		before, after := trim(rest[:from]), trim(rest[to:])
		if rest = after; after == "" { // ・例示区例示町（12時05分）
			rest = before
			n.where(before)
		}
	}
	for _, form := range [...]*regexp.Regexp{happened, because} {
		if g := form.FindStringSubmatch(rest); g != nil {
			n.where(g[1])
			first(&n.Kind, g[2])
			return
		}
	}
	if g := only.FindStringSubmatch(rest); g != nil {
		first(&n.Kind, g[1])
		return
	}
	n.headline(rest)
}

// headline reads a kind, and what may be a place behind it.
func (n *Notice) headline(line string) {
	g := head.FindStringSubmatch(strings.TrimFunc(line, unicode.IsSpace))
	if g == nil || japanese.Kind(g[1]) == stdif.KindOther && !others[g[1]] {
		return
	}
	first(&n.Kind, g[1])
	rest := g[2]
	if _, from, _, ok := japanese.FindMoment(rest); ok {
		rest = rest[:from]
	}
	n.where(rest)
}

// others are kinds of notices that have no common code of their own.
var others = map[string]bool{"警戒": true, "その他警戒": true, "その他": true, "災害": true, "風水害": true, "危険物": true, "ガス漏れ": true, "油漏れ": true, "交通油漏れ": true, "自動火災報知": true}

func (n *Notice) where(text string) {
	if text = trim(text); text != "" && japanese.IsPlace(text) {
		first(&n.Place, text)
	}
}

// trim takes off what joins a time to a place.
func trim(text string) string {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("、，,・）)」】", r) })
	for _, word := range [...]string{"に、", "に", "の"} {
		if after, ok := strings.CutPrefix(text, word); ok && !strings.HasPrefix(text, "にかほ") {
			text = after
			break
		}
	}
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("、，,・（(「【", r) })
}

// table reads CSV with a head and one row. More rows are more notices, and a
// message is one.
func table(text string) (Notice, *stdif.Problem) {
	var n Notice
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	switch {
	case err != nil:
		return n, stdif.Problemf(stdif.CodeSyntax, "byte 0", "not CSV (RFC 4180)")
	case len(rows) != 2:
		return n, stdif.Problemf(stdif.CodeSyntax, "/row[3]", "a message is a head and one row: send each notice as a message of its own")
	case len(rows[1]) != len(rows[0]):
		return n, stdif.Problemf(stdif.CodeSyntax, "/row[2]", "a row has as many cells as the head")
	}
	for i, name := range rows[0] {
		value := strings.TrimSpace(rows[1][i])
		name = strings.TrimSpace(name)
		if take := labels[name]; take != nil {
			take(&n, value)
		} else if value != "" {
			n.Additional = append(n.Additional, stdif.Additional{Name: "csv." + stdif.Excerpt(name, 100), Value: value})
		}
	}
	n.state(strings.Join(rows[1], "\n"))
	return n, nil
}
