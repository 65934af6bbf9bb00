// Package japanese knows the writing of Japanese addresses, times and kinds of
// emergencies well enough to match and to split them, and holds no policy.
//
// What a reader of this code should know:
//
// Fold is for matching only. What somebody wrote is shown as it was written:
// ７８９番, 四丁目, 髙橋 and 鶴が島 keep their form on every screen and in every
// message. Two spellings that fold to the same text may mean the same place; a
// person decides whether they do.
//
// Splitting finds what is certain. A prefecture is one of 47 names; a town's
// name is not split off, because 四日市市, 市川市 and 大町市 cannot be told apart
// by their characters; a building stands behind a blank after a lot number, or is
// not found. What is not found stays in the line.
//
// A moment holds what was written. A date that is missing is missing; Resolve
// fills it in by one rule and says that it did.
package japanese

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// variants are forms of one character that people use for the same name
// (異体字), for matching alone.
var variants = strings.NewReplacer(
	"髙", "高", "﨑", "崎", "嵜", "崎", "𠮷", "吉", "德", "徳", "濵", "浜", "濱", "浜", "邊", "辺", "邉", "辺", "齋", "斎", "齊", "斉",
	"澤", "沢", "廣", "広", "國", "国", "櫻", "桜", "嶋", "島", "嶌", "島", "瀨", "瀬", "瀧", "滝", "龍", "竜", "藏", "蔵", "惠", "恵",
	"眞", "真", "榮", "栄", "會", "会", "條", "条", "當", "当", "圓", "円", "豐", "豊", "學", "学", "萬", "万", "與", "与", "檜", "桧",
)

// Fold returns the form of a text in which two spellings of the same words are
// equal: full-width letters and digits as ASCII, half-width kana as full-width,
// lower case, one kind of dash, variants of characters as one, no blanks.
func Fold(text string) string {
	text = norm.NFKC.String(strings.ToValidUTF8(text, ""))
	text = variants.Replace(text)
	return norm.NFKC.String(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r):
			return -1
		case dash(r):
			return '-'
		}
		return unicode.ToLower(r)
	}, text)) // what stood apart may now be one character
}

// dash reports whether r is one of the strokes that people write between the
// numbers of a lot. The prolonged sound mark is not: it is a letter in a name.
func dash(r rune) bool {
	switch r {
	case '-', '‐', '‑', '‒', '–', '—', '―', '−', '─', '﹣':
		return true
	}
	return false
}

// FoldPlace is Fold for an address: 四丁目 as 4丁目, 大字 and 字 left out before a
// name, ヶ ケ が between two characters of a name as one, 丁目 番地 番 号 between
// numbers as a dash. It never drops a name or a number: 本町1丁目2番3号 and
// 本町１－２－３ fold to the same, 本町1-2 and 本町12 do not.
func FoldPlace(text string) string {
	text = Fold(text)
	text = strings.ReplaceAll(text, "大字", "")
	out := []rune(text)
	out = arabic(out)
	out = small(out)
	return lots(out)
}

var kanjiDigits = map[rune]int{'〇': 0, '一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}

// arabic writes numerals before 丁目, 番 and 号 as digits; numerals in names
// (三宮, 八幡, 千代田) stay.
func arabic(in []rune) []rune {
	var out []rune
	for i := 0; i < len(in); {
		n, width := numeral(in[i:])
		if width > 0 && unit(in[i+width:]) {
			out = append(out, []rune(itoa(n))...)
			i += width
			continue
		}
		out = append(out, in[i])
		i++
	}
	return out
}

func unit(after []rune) bool {
	text := string(after[:min(len(after), 2)])
	return strings.HasPrefix(text, "丁目") || strings.HasPrefix(text, "番") || strings.HasPrefix(text, "号") || strings.HasPrefix(text, "条")
}

// numeral reads a number up to 999 written in characters.
func numeral(in []rune) (n, width int) {
	part := 0
	for width < len(in) {
		digit, is := kanjiDigits[in[width]]
		switch {
		case is:
			part = part*10 + digit
		case in[width] == '十':
			n, part = n+max(part, 1)*10, 0
		case in[width] == '百':
			n, part = n+max(part, 1)*100, 0
		default:
			return n + part, width
		}
		if width++; n+part > 999 {
			return 0, 0
		}
	}
	return n + part, width
}

// small writes ヶ, ケ, ヵ, が and ガ between two ideographs as one character.
func small(in []rune) []rune {
	for i := 1; i+1 < len(in); i++ {
		switch in[i] {
		case 'ヶ', 'ケ', 'ヵ', 'が', 'ガ', 'カ', 'け':
			if unicode.Is(unicode.Han, in[i-1]) && unicode.Is(unicode.Han, in[i+1]) {
				in[i] = 'ケ'
			}
		}
	}
	return in
}

// lots writes what stands between the numbers of a lot as a dash.
func lots(in []rune) string {
	text := string(in)
	for _, word := range [...]string{"丁目", "番地の", "番地", "番", "号", "の"} {
		var b strings.Builder
		for {
			i := strings.Index(text, word)
			if i < 0 {
				break
			}
			b.WriteString(text[:i])
			before, after := ends(b.String()), text[i+len(word):]
			switch {
			case before && begins(after):
				b.WriteByte('-')
			case before && word != "の": // the last of the numbers
			default:
				b.WriteString(word)
			}
			text = after
		}
		text = b.String() + text
	}
	return text
}

func ends(text string) bool {
	return text != "" && text[len(text)-1] >= '0' && text[len(text)-1] <= '9'
}
func begins(text string) bool {
	return text != "" && text[0] >= '0' && text[0] <= '9'
}

// Phone returns the digits of a telephone number for matching: ０９０－… and
// +81 90… are the same number. A number that is none gives "".
func Phone(text string) string {
	folded := Fold(text)
	abroad := strings.HasPrefix(folded, "+81") || strings.HasPrefix(folded, "tel:+81")
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, folded)
	if abroad {
		digits = "0" + strings.TrimPrefix(strings.TrimPrefix(digits, "81"), "0")
	}
	if len(digits) < 3 || len(digits) > 15 {
		return ""
	}
	return digits
}
