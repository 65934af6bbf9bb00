package notice

import (
	"encoding/csv"
	"path"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/samples"
	words "github.com/matoi119/matoi/stdif/japanese"
)

var reader = time.Date(2026, 1, 14, 22, 30, 0, 0, time.FixedZone("JST", 9*3600))

func codec() Codec { return Codec{Now: func() time.Time { return reader }} }

func rows(t *testing.T, name string) [][]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(string(samples.Below(t, name)[0].Read(t)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[1:]
}

// Every sentence gives the fields that the table names and no others, keeps its
// words, and is withdrawn, sent or refused as it says.
func TestSentences(t *testing.T) {
	for _, row := range rows(t, "emergency-dispatch/sentences.csv") {
		no, text, clock, place, kind, state := row[0], row[1], row[2], row[3], row[4], row[5]
		in, _, err := codec().Decode([]byte(text))
		if state == "none" {
			if p, _ := err.(*stdif.Problem); p == nil || p.Code != stdif.CodeNothing {
				t.Errorf("%s: %v, want nothing to report", no, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", no, err)
		}
		r := in.Report
		if r.Text != text || in.Mode != "" || r.Cancelled || r.Raw == nil {
			t.Errorf("%s: the words are %q, cancelled %v", no, r.Text, r.Cancelled)
		}
		got := ""
		if n := Read(text); n.Moment != nil {
			got = r.EventTime.Format("15:04")
		}
		if got != clock {
			t.Errorf("%s: time %s, want %s", no, got, clock)
		}
		got = ""
		if len(r.Locations) > 0 {
			got = words.FoldPlace(r.Locations[0].Civic.Prefecture + r.Locations[0].Civic.Line)
		}
		if got != words.FoldPlace(place) {
			t.Errorf("%s: place %s, want %s", no, got, words.FoldPlace(place))
		}
		if r.Kind.Label != kind || r.Kind.Code != words.Kind(kind) {
			t.Errorf("%s: kind %+v, want %s", no, r.Kind, kind)
		}
		if n := Read(text); string(n.State) != state {
			t.Errorf("%s: state %s, want %s", no, n.State, state)
		}
	}
}

// Every kind of the table is known as one, an end as an end.
func TestKinds(t *testing.T) {
	for _, row := range rows(t, "emergency-dispatch/kinds.csv") {
		word, role := row[0], row[1]
		switch role {
		case "kind":
			if n := Read(word + "が発生しました。"); n.Kind != word || n.State != Dispatched {
				t.Errorf("%s: %+v", word, n)
			}
		case "end":
			if n := Read("例示町の建物火災は" + word + "しました。"); n.State != Ended {
				t.Errorf("%s: %+v", word, n)
			}
		case "false alarm":
			if n := Read("先ほどの火災は" + word + "でした。"); n.State != FalseAlarm {
				t.Errorf("%s: %+v", word, n)
			}
		case "label":
			if labels[word] == nil {
				t.Errorf("label %s is not known", word)
			}
		}
	}
	for _, text := range []string{"例示町の建物火災はまだ鎮火していません。", "鎮火には至っていません", "誤報ではありません。火災です", "現在、例示町で火災が発生しています。ほかに災害は発生していません。"} {
		if n := Read(text); n.State == Ended || n.State == FalseAlarm || n.State == None {
			t.Errorf("%s is read as %s", text, n.State)
		}
	}
}

const mail = `火災　大阪府例示市本町１－２－３　例示ハイツ２０１号室
受付番号：A-17
覚知日時：令和8年1月14日 午後１時０３分
目標：例示小学校北側
通報者：例示 花子
電話：０９０－００００－００００
`

// A mail with labels gives all of them; 鎮火 withdraws; what nobody says is empty.
func TestMail(t *testing.T) {
	for name, e := range map[string]encoding.Encoding{"utf-8": encoding.Nop, "Shift_JIS": japanese.ShiftJIS, "EUC-JP": japanese.EUCJP, "ISO-2022-JP": japanese.ISO2022JP} {
		wire, err := e.NewEncoder().String(mail)
		if err != nil {
			t.Fatal(err)
		}
		in, warnings, err := codec().DecodeDeclared("text/plain; charset="+name, []byte(wire))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r := in.Report
		l := r.Locations[0]
		if r.ID != "A-17" || r.Text != strings.TrimSpace(mail) || string(r.Raw.Bytes) != wire || r.Kind != (stdif.IncidentType{Code: "fire", Label: "火災"}) ||
			r.EventTime.Format(time.RFC3339) != "2026-01-14T13:03:00+09:00" || l.Label != "例示小学校北側" || l.Civic.Prefecture != "大阪府" ||
			l.Civic.Line != "例示市本町１－２－３" || l.Civic.Building != "例示ハイツ" || l.Civic.Room != "２０１号室" ||
			r.Subscriber.Name != "例示 花子" || r.Subscriber.Phone != "０９０－００００－００００" || len(warnings) > 0 {
			t.Errorf("%s: %+v, %+v, %v", name, r, l.Civic, warnings)
		}
	}
	if in, _, err := codec().Decode([]byte("お腹が痛い")); err != nil || in.Report.Text != "お腹が痛い" || in.Report.Kind != (stdif.IncidentType{Code: "other"}) || in.Report.Locations != nil || !in.Report.EventTime.Equal(reader) {
		t.Errorf("words alone: %+v, %v", in.Report, err)
	}
	if in, _, err := codec().Decode([]byte("例示町の火災は、鎮火しました。")); err != nil || !in.Report.Cancelled {
		t.Errorf("an end: %+v, %v", in.Report, err)
	}
}

// A row of CSV is a notice; what no column of ours takes is kept.
func TestTable(t *testing.T) {
	in, _, err := codec().DecodeDeclared("text/csv", []byte("事案番号,覚知時刻,災害住所,災害区分,隊\r\n9,10時03分,例示市例示町地内,救急,例示1\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := in.Report
	if r.ID != "9" || r.EventTime.Hour() != 10 || r.Kind.Code != stdif.KindEMS || r.Locations[0].Civic.Note != "地内" || len(r.Additional) != 1 || r.Additional[0] != (stdif.Additional{Name: "csv.隊", Value: "例示1"}) {
		t.Errorf("%+v", r)
	}
	for _, wire := range []string{"a,b\n1,2\n3,4\n", "a\n", "a,b\n1\n", "a,\"b\n"} {
		if in, _, err := codec().DecodeDeclared("text/csv", []byte(wire)); err == nil || in.Report != nil {
			t.Errorf("%q is taken", wire)
		}
	}
}

// The notices of the samples come out in the words of the table, declared or
// not; a cut character is kept raw.
func TestSampleNotices(t *testing.T) {
	const dir = "own/text/"
	for _, row := range rows(t, dir+"expected.csv") {
		name, text, expect := row[0], row[2], row[3]
		wire := samples.Below(t, dir+name)[0].Read(t)
		types := []string{"text/plain"}
		switch {
		case strings.Contains(name, "cp932"):
			types = append(types, "text/plain; charset=Shift_JIS", "text/plain; charset=windows-31j")
		case strings.Contains(name, "utf16"):
			types = append(types, "text/plain; charset=UTF-16")
		case path.Ext(name) == ".txt":
			types = append(types, "text/plain; charset=UTF-8")
		}
		for _, kind := range types {
			in, _, err := codec().DecodeDeclared(kind, wire)
			if expect == samples.KeepRaw {
				if p, _ := err.(*stdif.Problem); p == nil || p.Code != stdif.CodeEncoding {
					t.Errorf("%s as %s: %v, want 204", name, kind, err)
				}
				continue
			}
			if err != nil || in.Report.Text != text || string(in.Report.Raw.Bytes) != string(wire) {
				t.Errorf("%s as %s: %v, %+v", name, kind, err, in.Report)
			}
		}
	}
}

// Bytes that nobody declared are read only where one table alone holds them.
func TestUndeclared(t *testing.T) {
	const text = "例示市本町で火災が発生しました。"
	for name, c := range map[string]struct {
		e     encoding.Encoding
		taken bool
	}{"Shift_JIS": {japanese.ShiftJIS, true}, "ISO-2022-JP": {japanese.ISO2022JP, true}, "EUC-JP": {japanese.EUCJP, false}} {
		wire, err := c.e.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		in, warnings, err := codec().Decode([]byte(wire))
		if (err == nil) != c.taken || c.taken && (in.Report.Text != text || len(warnings) == 0 || warnings[0].Code != stdif.CodeEncoding) {
			t.Errorf("%s: %v, %v", name, err, warnings)
		}
		if p, _ := err.(*stdif.Problem); !c.taken && (p == nil || p.Code != stdif.CodeEncoding) {
			t.Errorf("%s: %v, want 204", name, err)
		}
		if _, _, err := codec().DecodeDeclared("text/plain; charset=EBCDIC", []byte(wire)); err == nil {
			t.Errorf("%s is read under a name that nobody knows", name)
		}
	}
}

// Whatever comes is refused or is a report whose text holds all of it.
func FuzzDecode(f *testing.F) {
	for _, wire := range []string{mail, "１６：１７　古賀市　小竹９９９番付近に警戒のため、消防隊が出動しています。", "場所：a種別：b", "現在、災害は発生していません", "\x1b$B%F\x1b(B", "\x82\xa0", "\xa4\xa2", "火災"} {
		f.Add([]byte(wire), "text/plain; charset=Shift_JIS")
		f.Add([]byte(wire), "text/csv")
		f.Add([]byte(wire), "")
	}
	f.Fuzz(func(t *testing.T, wire []byte, contentType string) {
		in, _, err := codec().DecodeDeclared(contentType, wire)
		if err != nil {
			if in.Report != nil {
				t.Fatalf("half-read: %+v", in.Report)
			}
			return
		}
		r := in.Report
		if p := r.Validate(); p != nil || string(r.Raw.Bytes) != string(wire) {
			t.Fatalf("%v, raw %q", p, r.Raw.Bytes)
		}
		if r.Text == "" && len(r.Additional) == 0 {
			t.Fatal("the words are gone")
		}
	})
}
