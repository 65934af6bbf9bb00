package hubsante

import (
	"encoding/csv"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/eido"
	"github.com/matoi119/matoi/stdif/internal/jsontree"
	"github.com/matoi119/matoi/stdif/internal/markup"
	"github.com/matoi119/matoi/stdif/internal/samples"
	"github.com/matoi119/matoi/stdif/open1"
)

// Every message becomes a valid report, its twin the same one; nothing of it is
// lost, on the wire open/1 and through an EIDO neither.
func TestMessages(t *testing.T) {
	files := map[string]samples.File{}
	for _, f := range samples.Below(t, "hub-sante/examples/") {
		files[f.Name] = f
	}
	twins := 0
	for name, f := range files {
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		tree, p := parse(name, f.Read(t))
		if p != nil {
			t.Fatalf("%s: %v", name, p)
		}
		report := decode(tree)
		if p := report.Validate(); p != nil {
			t.Fatalf("%s: %v", name, p)
		}
		lost(t, name, tree, report)
		carried(t, name, report)
		twin, ok := files[strings.TrimSuffix(name, ".json")+".xml"]
		if !ok {
			t.Errorf("%s has no twin", name)
			continue
		}
		twins++
		other, p := parse(twin.Name, twin.Read(t))
		if p != nil {
			t.Fatalf("%s: %v", twin.Name, p)
		}
		if d := cmp.Diff(report, decode(other), cmp.Comparer(sameValue)); d != "" {
			t.Errorf("%s and its twin (-json +xml):\n%s", name, d)
		}
	}
	if twins < 50 {
		t.Errorf("only %d pairs of twins", twins)
	}
}

// sameValue takes 1 and 1.0 for one value: XML writes decimals.
func sameValue(a, b stdif.Additional) bool {
	x, okX := markup.Number(a.Value)
	y, okY := markup.Number(b.Value)
	return a.Name == b.Name && (strings.Join(strings.Fields(a.Value), " ") == strings.Join(strings.Fields(b.Value), " ") || okX && okY && x == y)
}

// lost looks for every word of a message in the report.
func lost(t *testing.T, name string, tree *jsontree.Node, r stdif.Report) {
	t.Helper()
	wire, err := open1.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	all, p := jsontree.Read(wire, len(wire))
	if p != nil {
		t.Fatal(p)
	}
	var said []string
	jsontree.Taken{}.Rest(all, "", func(_, value string) { said = append(said, value) })
	whole := strings.Join(said, "\x00")
	jsontree.Taken{}.Rest(tree, "", func(path, value string) {
		value = stdif.Clean(value)
		if strings.Contains(whole, value) {
			return
		}
		if v, ok := markup.Number(value); ok {
			for _, s := range said {
				if w, ok := markup.Number(s); ok && v == w {
					return
				}
			}
		}
		t.Errorf("%s: %s is lost", name, path)
	})
}

// carried sends a report over the wire and through an EIDO.
func carried(t *testing.T, name string, r stdif.Report) {
	t.Helper()
	r.Normalize()
	frame, err := open1.FrameOf(stdif.Inbound{Report: &r, Mode: stdif.Exercise}, time.Unix(0, 0).UTC())
	if err != nil {
		t.Fatal(err)
	}
	frame.Spool, frame.Seq, frame.ServiceID = "s", 1, "hub.example"
	wire, err := open1.Encode(frame)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	again, p := open1.Decode(wire)
	if p != nil {
		t.Fatalf("%s: %v", name, p)
	}
	in, _, p := open1.DecodeBody(again)
	if p != nil {
		t.Fatalf("%s: %v", name, p)
	}
	document, err := eido.Encode(eido.View{Report: *in.Report, Mode: in.Mode})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	out, _, err := eido.Read(document)
	if err != nil || !out.Whole {
		t.Fatalf("%s: %v", name, err)
	}
	if d := cmp.Diff(r, out.View.Report); d != "" {
		t.Errorf("%s (-mapped +at the end of the way):\n%s", name, d)
	}
}

// A story becomes one report with a revision for each message. The messages of
// that wire are changes, revisions here are wholes: whoever maps them keeps the
// last state of each case. What is no part of the report rides as items under
// the name of its message.
func TestStories(t *testing.T) {
	files := map[string]samples.File{}
	for _, f := range samples.Below(t, "hub-sante/") {
		files[f.Name] = f
	}
	rows, err := csv.NewReader(strings.NewReader(string(files["hub-sante/stories.csv"].Read(t)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	stories := map[string]*stdif.Report{}
	for _, row := range rows[1:] {
		story, kind, file := row[0], row[4], "hub-sante/"+row[5]
		tree, p := parse(file, files[file].Read(t))
		if p != nil {
			t.Fatalf("%s: %v", file, p)
		}
		next := decode(tree)
		was := stories[story]
		switch {
		case was == nil:
			stories[story] = &next
			continue
		case kind == "RC-EDA" || kind == "RS-EDA":
			next.Additional = append(next.Additional, was.Additional...)
		default:
			base := *was
			base.Additional = append(append([]stdif.Additional(nil), was.Additional...), under(kind+"/"+path.Base(file), next)...)
			next = base
		}
		next.ID, next.Revision = was.ID, was.Revision+1
		items, _ := markup.Fit(next.Additional, "story")
		if next.Additional = items; next.Validate() != nil {
			t.Fatalf("%s: %v", file, next.Validate())
		}
		carried(t, file, next)
		stories[story] = &next
	}
	for story, want := range map[string]struct {
		revisions int64
		kind      string
	}{"LECCIA": {14, stdif.KindFire}, "VIGNEAU": {14, stdif.KindEMS}, "LEGRAND": {2, stdif.KindEMS}, "MOREL": {8, stdif.KindEMS}, "HALIMI": {7, stdif.KindEMS}} {
		r := stories[story]
		if r == nil || r.Revision != want.revisions || r.Kind.Code != want.kind || len(r.Locations) == 0 || r.Subscriber == nil {
			t.Errorf("%s: %+v", story, r)
		}
	}
}

func under(name string, r stdif.Report) []stdif.Additional {
	var out []stdif.Additional
	for _, x := range r.Additional {
		out = append(out, stdif.Additional{Name: stdif.Excerpt(name+"."+x.Name, 130), Value: x.Value})
	}
	if r.Text != "" {
		out = append(out, stdif.Additional{Name: name + ".text", Value: r.Text})
	}
	return out
}
