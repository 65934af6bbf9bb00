// Package calendar is Japanese time: the zone, the business day of a fire
// headquarters, the era and the fiscal year (年度). Tables keep UTC; this
// package is for the glass and for rules that speak of days. It reads no clock.
package calendar

import (
	"fmt"
	"time"
)

// Zone is Japan Standard Time. It is fixed: Japan has had no daylight saving
// time since 1951, and a sealed machine may have no zone data to load.
func Zone() *time.Location { return jst }

// jst is a value, not state: it is never assigned again.
var jst = time.FixedZone("JST", 9*60*60)

// Date is a day of the calendar, without a time.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day in Japan at t.
func DateOf(t time.Time) Date {
	y, m, d := t.In(jst).Date()
	return Date{y, m, d}
}

// String is the form of files and tables: 2026-04-01.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Start is the first moment of the day in Japan.
func (d Date) Start() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, jst) }

// before compares two days.
func (d Date) before(o Date) bool {
	if d.Year != o.Year {
		return d.Year < o.Year
	}
	if d.Month != o.Month {
		return d.Month < o.Month
	}
	return d.Day < o.Day
}

// DutyChange is when most headquarters hand over: 08:30. A report at 03:00
// belongs to the business day that began the morning before.
const DutyChange = 8*time.Hour + 30*time.Minute

// BusinessDay is the day of duty at t and its two ends, for a hand-over at
// change after midnight (0 … 24 h; outside of it, DutyChange is used).
func BusinessDay(t time.Time, change time.Duration) (day Date, from, to time.Time) {
	if change < 0 || change >= 24*time.Hour {
		change = DutyChange
	}
	day = DateOf(t.Add(-change))
	from = day.Start().Add(change)
	return day, from, from.AddDate(0, 0, 1)
}

// era is one row of the table of eras: from its first day on, until the next.
type era struct {
	first Date
	name  string
	short string
}

// eras, newest first. An era ends when the next begins (元号法).
func eras() []era {
	return []era{
		{Date{2019, time.May, 1}, "令和", "R"},
		{Date{1989, time.January, 8}, "平成", "H"},
		{Date{1926, time.December, 25}, "昭和", "S"},
		{Date{1912, time.July, 30}, "大正", "T"},
		{Date{1873, time.January, 1}, "明治", "M"}, // 明治6年: the first year of the Gregorian calendar
	}
}

// firstYear is the Gregorian year of the era's year 1.
func (e era) firstYear() int {
	if e.name == "明治" {
		return 1868
	}
	return e.first.Year
}

// Era is the era of a day and the year within it; false before 1873, when
// Japan counted days in another way.
func Era(d Date) (name string, year int, ok bool) {
	for _, e := range eras() {
		if !d.before(e.first) {
			return e.name, d.Year - e.firstYear() + 1, true
		}
	}
	return "", 0, false
}

// Long is the form of documents: 令和8年4月1日, 令和元年5月1日.
func (d Date) Long() string {
	name, year, ok := Era(d)
	if !ok {
		return fmt.Sprintf("%d年%d月%d日", d.Year, d.Month, d.Day)
	}
	return fmt.Sprintf("%s%s年%d月%d日", name, yearWord(year), d.Month, d.Day)
}

// Short is the form of labels: R8.4.1.
func (d Date) Short() string {
	for _, e := range eras() {
		if !d.before(e.first) {
			return fmt.Sprintf("%s%d.%d.%d", e.short, d.Year-e.firstYear()+1, d.Month, d.Day)
		}
	}
	return d.String()
}

func yearWord(year int) string {
	if year == 1 {
		return "元"
	}
	return fmt.Sprint(year)
}

// FiscalYear is the 年度 of a day: from 1 April on.
func FiscalYear(d Date) int {
	if d.Month < time.April {
		return d.Year - 1
	}
	return d.Year
}

// FiscalYearName is how the fiscal year is called: 令和8年度. It bears the era
// of its first day; the one exception is 2019, which the cabinet renamed
// 令和元年度 when the era changed in its second month.
func FiscalYearName(year int) string {
	if year == 2019 {
		return "令和元年度"
	}
	name, n, ok := Era(Date{year, time.April, 1})
	if !ok {
		return fmt.Sprintf("%d年度", year)
	}
	return name + yearWord(n) + "年度"
}
