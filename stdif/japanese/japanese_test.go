package japanese

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/samples"
)

// Spellings of one place fold to the same, and those of two do not.
func TestFoldPlace(t *testing.T) {
	for _, same := range [][]string{
		{"本町１－２－３", "本町1-2-3", "本町1丁目2番3号", "本町一丁目２番３号", "本町 1丁目2-3", "本町１丁目２番地３"},
		{"南区呼続４丁目", "南区呼続4丁目", "南区呼続四丁目"},
		{"鶴ヶ島市", "鶴が島市", "鶴ケ島市"},
		{"萩市大字御許町", "萩市御許町"},
		{"例示市髙橋町", "例示市高橋町"},
		{"古賀市　小竹９９９番", "古賀市小竹999番"},
		{"例示町十二番", "例示町12番"},
	} {
		for _, other := range same[1:] {
			if FoldPlace(other) != FoldPlace(same[0]) {
				t.Errorf("%s folds to %s, %s to %s", same[0], FoldPlace(same[0]), other, FoldPlace(other))
			}
		}
	}
	for _, two := range [][2]string{{"本町1-2", "本町12"}, {"三宮町", "3宮町"}, {"本町1丁目", "本町2丁目"}, {"センター町", "セン-タ-町"}, {"つがる市", "つケる市"}} {
		if FoldPlace(two[0]) == FoldPlace(two[1]) {
			t.Errorf("%s and %s fold to the same %s", two[0], two[1], FoldPlace(two[0]))
		}
	}
}

func TestPhone(t *testing.T) {
	for text, want := range map[string]string{"０９０－１２３４－５６７８": "09012345678", "+81 90 1234 5678": "09012345678", "tel:+81(0)90-1234-5678": "09012345678", "119": "119", "番号なし": "", "": ""} {
		if got := Phone(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestSplitPlace(t *testing.T) {
	for text, want := range map[string]stdif.Civic{
		"大阪府例示市本町１－２－３　例示ハイツ２０１号室": {Prefecture: "大阪府", Line: "例示市本町１－２－３", Building: "例示ハイツ", Room: "２０１号室"},
		"例示市本町2丁目3番4号　例示ビル5階":      {Line: "例示市本町2丁目3番4号", Building: "例示ビル", Floor: "5階"},
		"古賀市　小竹９９９番付近":             {Line: "古賀市　小竹９９９番", Note: "付近"},
		"南区呼続４丁目　地内":               {Line: "南区呼続４丁目", Note: "地内"},
		"千早赤阪村付近":                  {Line: "千早赤阪村", Note: "付近"},
		"付近":                       {Line: "付近"},
		"京都府":                      {Line: "京都府"},
		"四日市市例示町":                  {Line: "四日市市例示町"},
	} {
		if d := cmp.Diff(want, SplitPlace(text)); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
	rapid.Check(t, func(t *rapid.T) { // nothing is lost and nothing is added
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"大阪府", "例示市", "本町", "１", "-2", "番", "3号", "　", "ハイツ", "201号室", "5階", "付近", "地内"}), 1, 9).Draw(t, "parts"), "")
		c := SplitPlace(text)
		if got := c.Prefecture + c.Line + c.Building + c.Floor + c.Room + c.Note; Fold(got) != Fold(text) && strings.Count(text, "付近")+strings.Count(text, "地内") < 2 {
			t.Fatalf("%s became %+v", text, c)
		}
	})
}

func TestMoments(t *testing.T) {
	reader := time.Date(2026, 4, 1, 13, 10, 0, 0, zone)
	for text, want := range map[string]string{
		"令和8年4月1日 午後１時０３分": "2026-04-01T13:03:00+09:00", "令和８年４月１日（水）13時3分頃": "2026-04-01T13:03:00+09:00",
		"10時03分ごろ": "2026-04-01T10:03:00+09:00", "午前0時5分": "2026-04-01T00:05:00+09:00", "午前12時05分": "2026-04-01T00:05:00+09:00", "正午": "2026-04-01T12:00:00+09:00",
		"午後１時半": "2026-03-31T13:30:00+09:00", "23時59分": "2026-03-31T23:59:00+09:00", "１３：１２": "2026-04-01T13:12:00+09:00",
		"31日22時15分": "2026-03-31T22:15:00+09:00", "11月6日14時49分ごろ": "2025-11-06T14:49:00+09:00", "2025年09月30日12時38分頃": "2025-09-30T12:38:00+09:00",
		"平成元年1月8日0時0分": "1989-01-08T00:00:00+09:00", "2026/04/01 9:15": "2026-04-01T09:15:00+09:00", "29日12時": "2026-03-29T12:00:00+09:00",
	} {
		m, _, _, found := FindMoment("ア" + text + "、イ")
		at, _, ok := m.Resolve(reader)
		if !found || !ok || at.Format(time.RFC3339) != want {
			t.Errorf("%s: %+v, %s, want %s", text, m, at.Format(time.RFC3339), want)
		}
	}
	for _, text := range []string{"99時12分", "25:61", "電話 0312:3456", "2月31日", "(2026年1月13日更新)", "本町1-2-3", ""} {
		if m, _, _, found := FindMoment(text); found {
			if at, _, ok := m.Resolve(reader); ok {
				t.Errorf("%s is read as %+v, %s", text, m, at)
			}
		}
	}
	if m, _, _, found := FindMoment("2025年2月31日10時0分"); !found {
		t.Error("a day that is none is not even seen")
	} else if _, _, ok := m.Resolve(reader); ok {
		t.Error("31 February is taken for a day")
	}
}

// Every form of the table of samples is read as it says.
func TestSampleTimes(t *testing.T) {
	f := samples.Below(t, "emergency-dispatch/times.csv")[0]
	rows, err := csv.NewReader(strings.NewReader(string(f.Read(t)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		m, _, _, found := FindMoment(row[1])
		if strings.HasPrefix(row[2], "date of the page") {
			if found {
				t.Errorf("%s is read as a time %+v", row[1], m)
			}
			continue
		}
		if !found || m.Clock() != row[2][:5] {
			t.Errorf("%s: %+v, want %s", row[1], m, row[2])
		}
	}
}

// Every form of the table of places keeps its words and says how near it means.
func TestSamplePlaces(t *testing.T) {
	f := samples.Below(t, "emergency-dispatch/places.csv")[0]
	rows, err := csv.NewReader(strings.NewReader(string(f.Read(t)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		if c := SplitPlace(row[2]); Fold(stdif.OneLine(stdif.Location{Civic: &c})) != Fold(row[2]) || !IsPlace(row[2]) && row[0] != "郡 added" {
			t.Errorf("%s: %+v", row[2], c)
		}
	}
}

// Whatever comes, reading ends and stays within the text.
func FuzzText(f *testing.F) {
	for _, text := range []string{"令和8年4月1日 午後１時０３分", "古賀市　小竹９９９番付近", "１６：１７", "元年", "\xff", "十百千", "一二三四五六七八九丁目"} {
		f.Add(text)
	}
	reader := time.Date(2026, 4, 1, 13, 10, 0, 0, zone)
	f.Fuzz(func(t *testing.T, text string) {
		if m, from, to, ok := FindMoment(text); ok {
			if from < 0 || to < from || to > len(text) || len(m.Clock()) != 5 {
				t.Fatalf("%+v at %d to %d of %d", m, from, to, len(text))
			}
			m.Resolve(reader)
		}
		SplitPlace(text)
		if once := FoldPlace(text); Fold(once) != once {
			t.Fatalf("%q folds again", once)
		}
		Phone(text)
		Kind(text)
	})
}
