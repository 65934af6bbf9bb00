package calendar

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestBusinessDay(t *testing.T) {
	for _, tt := range []struct {
		at     string
		change time.Duration
		want   string
	}{
		{"2026-04-01T08:29:59+09:00", DutyChange, "2026-03-31"},
		{"2026-04-01T08:30:00+09:00", DutyChange, "2026-04-01"},
		{"2026-04-01T03:00:00+09:00", DutyChange, "2026-03-31"},
		{"2026-03-31T23:30:00Z", DutyChange, "2026-04-01"}, // 08:30 in Japan
		{"2026-01-01T00:00:00+09:00", DutyChange, "2025-12-31"},
		{"2024-03-01T08:00:00+09:00", DutyChange, "2024-02-29"},
		{"2026-04-01T00:00:00+09:00", 0, "2026-04-01"},
		{"2026-04-01T16:59:59+09:00", 17 * time.Hour, "2026-03-31"},
		{"2026-04-01T08:30:00+09:00", -time.Hour, "2026-04-01"}, // outside: the usual hand-over
		{"2026-04-01T08:29:00+09:00", 24 * time.Hour, "2026-03-31"},
	} {
		if got, _, _ := BusinessDay(at(t, tt.at), tt.change); got.String() != tt.want {
			t.Errorf("BusinessDay(%s, %v) = %s, want %s", tt.at, tt.change, got, tt.want)
		}
	}
}

func TestEveryMomentIsInItsBusinessDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "unix"), 0)
		change := time.Duration(rapid.Int64Range(0, 24*3600-1).Draw(t, "change")) * time.Second
		day, from, to := BusinessDay(now, change)
		if now.Before(from) || !now.Before(to) || to.Sub(from) != 24*time.Hour {
			t.Fatalf("%v is not in %s: %v to %v", now, day, from, to)
		}
		if next, nextFrom, _ := BusinessDay(to, change); next == day || !nextFrom.Equal(to) {
			t.Fatalf("after %s comes %s", day, next)
		}
	})
}

func TestEras(t *testing.T) {
	for _, tt := range []struct {
		d           Date
		long, short string
	}{
		{Date{2026, time.April, 1}, "令和8年4月1日", "R8.4.1"},
		{Date{2019, time.May, 1}, "令和元年5月1日", "R1.5.1"},
		{Date{2019, time.April, 30}, "平成31年4月30日", "H31.4.30"},
		{Date{1989, time.January, 8}, "平成元年1月8日", "H1.1.8"},
		{Date{1989, time.January, 7}, "昭和64年1月7日", "S64.1.7"},
		{Date{1926, time.December, 25}, "昭和元年12月25日", "S1.12.25"},
		{Date{1926, time.December, 24}, "大正15年12月24日", "T15.12.24"},
		{Date{1912, time.July, 30}, "大正元年7月30日", "T1.7.30"},
		{Date{1912, time.July, 29}, "明治45年7月29日", "M45.7.29"},
		{Date{1873, time.January, 1}, "明治6年1月1日", "M6.1.1"},
		{Date{1872, time.December, 31}, "1872年12月31日", "1872-12-31"},
	} {
		if got := tt.d.Long(); got != tt.long {
			t.Errorf("%s: %s, want %s", tt.d, got, tt.long)
		}
		if got := tt.d.Short(); got != tt.short {
			t.Errorf("%s: %s, want %s", tt.d, got, tt.short)
		}
	}
}

func TestFiscalYears(t *testing.T) {
	for _, tt := range []struct {
		d    Date
		year int
		name string
	}{
		{Date{2026, time.March, 31}, 2025, "令和7年度"},
		{Date{2026, time.April, 1}, 2026, "令和8年度"},
		{Date{2019, time.April, 1}, 2019, "令和元年度"},
		{Date{2020, time.March, 31}, 2019, "令和元年度"},
		{Date{2019, time.March, 31}, 2018, "平成30年度"},
		{Date{1989, time.March, 31}, 1988, "昭和63年度"},
		{Date{1989, time.April, 1}, 1989, "平成元年度"},
		{Date{1870, time.June, 1}, 1870, "1870年度"},
	} {
		year := FiscalYear(tt.d)
		if name := FiscalYearName(year); year != tt.year || name != tt.name {
			t.Errorf("%s: %d %s, want %d %s", tt.d, year, name, tt.year, tt.name)
		}
	}
}

func TestZone(t *testing.T) {
	if d := DateOf(at(t, "2026-03-31T15:00:00Z")); d.String() != "2026-04-01" {
		t.Errorf("15:00 UTC is %s in Japan", d)
	}
	if name, offset := time.Unix(0, 0).In(Zone()).Zone(); name != "JST" || offset != 32400 {
		t.Errorf("zone %s %d", name, offset)
	}
}
