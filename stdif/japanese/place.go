package japanese

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/matoi119/matoi/stdif"
)

func itoa(n int) string { return strconv.Itoa(n) }

var prefectures = strings.Fields(`北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都 神奈川県 新潟県 富山県
 石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 山口県 徳島県
 香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県`)

// about are the words that say how near a place is meant. Longer ones first.
var about = [...]string{"付近一帯", "交差点付近", "付近", "地内", "周辺", "地先", "近辺", "界隈"}

var (
	lot   = regexp.MustCompile(`[0-9０-９一二三四五六七八九十〇](?:丁目|番地?|号|条)|[0-9０-９][0-9０-９\-－‐−―ー－]*$`)
	floor = regexp.MustCompile(`[ 　]*([0-9０-９]{1,2}|地下[0-9０-９]?)[ 　]?(階|F|Ｆ)$`)
	room  = regexp.MustCompile(`[ 　]*([0-9０-９]{1,5}|[A-ZＡ-Ｚ][-－]?[0-9０-９]{1,4})[ 　]?(号室|室)$`)
	blank = regexp.MustCompile(`[ \t　]+`)
)

// SplitPlace takes an address apart as far as that is certain, in the words in
// which it was written: what stands in none of the other fields stays in Line.
func SplitPlace(text string) stdif.Civic {
	var c stdif.Civic
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '、' || r == '。' || r == '，' })
	for _, name := range prefectures {
		if rest, ok := strings.CutPrefix(text, name); ok && rest != "" {
			c.Prefecture, text = name, strings.TrimLeft(rest, " 　")
		}
	}
	text, c.Note = CutAbout(text)
	if at := blank.FindStringIndex(text); at != nil && lot.MatchString(text[:at[0]]) {
		c.Building, text = text[at[1]:], text[:at[0]]
		c.Building, c.Room = cut(c.Building, room)
		c.Building, c.Floor = cut(c.Building, floor)
	}
	c.Line = text
	return c
}

func cut(text string, end *regexp.Regexp) (rest, found string) {
	at := end.FindStringIndex(text)
	if at == nil || at[0] == 0 {
		return text, ""
	}
	return text[:at[0]], strings.TrimLeft(text[at[0]:], " 　")
}

// CutAbout takes 付近, 地内 and their like off the end of a place. They mean
// "about here": a place with one is never narrower than it says.
func CutAbout(text string) (rest, word string) {
	text = strings.TrimRightFunc(text, unicode.IsSpace)
	for _, w := range about {
		if before, ok := strings.CutSuffix(text, w); ok && before != "" {
			return strings.TrimRightFunc(before, unicode.IsSpace), w
		}
	}
	return text, ""
}

// IsPlace reports whether a text has what an address has: a unit of land, a lot,
// or a word for about here.
func IsPlace(text string) bool {
	if _, word := CutAbout(text); word != "" {
		return true
	}
	return strings.ContainsAny(text, "都道府県市区町村郡") || lot.MatchString(text) || strings.Contains(text, "大字")
}
