package japanese

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// Moment is a time as it was written. What was not written is -1: a time of day
// without a date, a day without its month.
type Moment struct {
	Year, Month, Day, Hour, Minute int
	About                          bool // ごろ, 頃
}

// zone is the one in which Japanese notices are written (no daylight saving).
var zone = time.FixedZone("JST", 9*3600)

var eras = map[string]int{"令和": 2018, "平成": 1988, "昭和": 1925, "R": 2018, "H": 1988}

// The digits of a text are folded before it is searched, one character for one,
// so that places in the folded text are places in the text.
var moment = regexp.MustCompile(
	`(?:(?:(令和|平成|昭和|R|H)?(\d{1,4}|元)年)?(?:(\d{1,2})月)?(?:(\d{1,2})日)(?:\([日月火水木金土]\))?[ 、]*|(\d{4})[/-](\d{1,2})[/-](\d{1,2})[ T]+)?` +
		`(?:(午前|午後|AM|PM)[ ]*)?(?:(\d{1,2})(?:時(?:(\d{1,2})分|(半)|)|:(\d{2}))|(正午))(?:\d{1,2}秒)?[ ]*(ごろ|頃|ころ)?`)

// FindMoment finds the first time of day in a text, with the date before it, and
// says where it stands. Numbers that cannot be a time are none.
func FindMoment(text string) (m Moment, from, to int, ok bool) {
	folded, back := foldDigits(text)
	for at := 0; at < len(folded); {
		loc := moment.FindStringSubmatchIndex(folded[at:])
		if loc == nil {
			return Moment{}, 0, 0, false
		}
		group := func(i int) string {
			if loc[2*i] < 0 {
				return ""
			}
			return folded[at+loc[2*i] : at+loc[2*i+1]]
		}
		if m, ok := read(group); ok && !insideNumber(folded, at+loc[0]) {
			return m, back[at+loc[0]], back[at+loc[1]], true
		}
		at += max(loc[1], 1)
	}
	return Moment{}, 0, 0, false
}

// insideNumber reports whether the match begins in the middle of a number.
func insideNumber(folded string, at int) bool {
	return at > 0 && (folded[at-1] >= '0' && folded[at-1] <= '9' || folded[at-1] == ':')
}

// foldDigits writes full-width digits, colons and brackets as ASCII; back gives
// for each byte of the result its place in the text.
func foldDigits(text string) (string, []int) {
	var b strings.Builder
	var back []int
	for i, r := range text {
		out := string(r)
		if r >= '！' && r <= '～' || r == '　' {
			out = norm.NFKC.String(out)
		}
		for range len(out) {
			back = append(back, i)
		}
		b.WriteString(out)
	}
	return b.String(), append(back, len(text))
}

func read(group func(int) string) (Moment, bool) {
	number := func(i int) int {
		n, err := strconv.Atoi(group(i))
		if err != nil {
			return -1
		}
		return n
	}
	m := Moment{Year: number(2), Month: number(3), Day: number(4), Hour: number(9), Minute: max(number(10), number(12)), About: group(14) != ""}
	if group(2) == "元" {
		m.Year = 1
	}
	if era := eras[group(1)]; era > 0 && m.Year > 0 {
		m.Year += era
	} else if m.Year >= 0 && m.Year < 1900 { // two digits without an era: nobody knows of which
		m.Year = -1
	}
	if group(5) != "" {
		m.Year, m.Month, m.Day = number(5), number(6), number(7)
	}
	switch {
	case group(13) != "":
		m.Hour, m.Minute = 12, 0
	case group(11) != "":
		m.Minute = 30
	case m.Minute < 0:
		m.Minute = 0
	}
	switch group(8) {
	case "午後", "PM":
		if m.Hour < 12 {
			m.Hour += 12
		}
	case "午前", "AM":
		if m.Hour == 12 {
			m.Hour = 0
		}
	}
	return m, m.Hour >= 0 && m.Hour <= 24 && m.Minute < 60 && (m.Month < 0 || m.Month >= 1 && m.Month <= 12) && (m.Day < 0 || m.Day >= 1 && m.Day <= 31)
}

// Resolve gives the time that a moment means for a reader at a time: missing
// parts of the date are those of the latest such time that is not later than
// the reader, five minutes of difference between clocks allowed. whole is false
// where a part of the date was filled in; ok is false for what is no day (31
// April) and for a moment that no such day gives within a year.
func (m Moment) Resolve(reader time.Time) (at time.Time, whole, ok bool) {
	reader = reader.In(zone)
	if m.Year >= 0 && m.Month >= 0 && m.Day >= 0 {
		at, ok := m.on(m.Year, time.Month(m.Month), m.Day)
		return at, true, ok
	}
	limit := reader.Add(5 * time.Minute)
	for back := range 366 {
		day := reader.AddDate(0, 0, 1-back)
		if m.Day >= 0 && day.Day() != m.Day || m.Month >= 0 && int(day.Month()) != m.Month || m.Year >= 0 && day.Year() != m.Year {
			continue
		}
		if at, ok := m.on(day.Date()); ok && !at.After(limit) {
			return at, false, true
		}
	}
	return time.Time{}, false, false
}

func (m Moment) on(year int, month time.Month, day int) (time.Time, bool) {
	at := time.Date(year, month, day, m.Hour, m.Minute, 0, 0, zone)
	start := time.Date(year, month, day, 0, 0, 0, 0, zone)
	return at, start.Day() == day && start.Month() == month && at.Unix() > 0
}

// Clock writes hour and minute, as the table of samples does.
func (m Moment) Clock() string {
	return string([]byte{'0' + byte(m.Hour/10), '0' + byte(m.Hour%10), ':', '0' + byte(m.Minute/10), '0' + byte(m.Minute%10)})
}
