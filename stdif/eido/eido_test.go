package eido

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/reporttest"
	"github.com/matoi119/matoi/stdif/open1"
)

var equal = cmp.Options{cmpopts.EquateApproxTime(0), cmpopts.EquateEmpty()}

// A report, and everything that a headquarters adds to it, comes back exactly,
// also after another system has read and written the document in its own way.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := View{Report: reporttest.Report(t), Mode: rapid.SampledFrom([]stdif.Mode{"", stdif.Actual, stdif.Exercise, stdif.Test}).Draw(t, "mode")}
		if rapid.Bool().Draw(t, "headquarters") {
			v = added(v)
		}
		wire, err := Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Encode(v); err != nil || !bytes.Equal(again, wire) {
			t.Fatalf("another encoding of the same view: %v", err)
		}
		for name, w := range map[string][]byte{"as written": wire, "written again": rewritten(t, wire)} {
			doc, warnings, err := Read(w)
			if err != nil || !doc.Whole || len(warnings) > 0 {
				t.Fatalf("%s: %v, whole %v, %v\n%s", name, err, doc.Whole, warnings, w)
			}
			if d := cmp.Diff(v, doc.View, equal); d != "" {
				t.Fatalf("%s (-written +read):\n%s", name, d)
			}
		}
	})
}

// rewritten is what a program that reads and writes JSON makes of a document.
func rewritten(t *rapid.T, wire []byte) []byte {
	var any map[string]any
	if err := json.Unmarshal(wire, &any); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(any, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// added is what a headquarters knows besides.
func added(v View) View {
	at := time.Date(2026, 4, 1, 9, 12, 3, 120_000_000, time.FixedZone("", 9*3600))
	v.ServiceID, v.ReportID, v.Number, v.State = "net119.example", "019a-0001", "0401-0017", InDialog
	v.ReceivedAt, v.AnsweredAt, v.UpdatedAt, v.Revised = &at, &at, at, 7
	v.Headquarters = Agency{ID: "example.hq.jp", Name: "例示消防本部"}
	v.Agencies = []Agency{{ID: "other.hq.jp", Name: "隣接本部", Role: TransferredTo}}
	v.Agent = &Agent{ID: "p-7", Console: "c-1"}
	v.Incident, v.Links = "i-1", []Link{{Incident: "i-0", Reason: "同じ建物"}}
	v.Chat = []Line{{ChatMessage: stdif.ChatMessage{ID: "1", ReportID: "N-1", From: stdif.FromCaller, At: at, Text: "<b>煙</b>"}, Step: "read"}}
	v.Notes = []Note{{ID: "n1", At: at, By: "p-7", Text: "折り返し不可"}}
	v.Media = []Medium{{Media: stdif.Media{ID: "m1", MIME: "image/jpeg", Bytes: 10}, URL: "https://hq.example/m1", State: "shown"}}
	v.Dispositions = []Disposition{{Code: "handled", At: &at, By: "p-7"}}
	return v
}

// The codec gives a report in the clothes of an EIDO back as it is; one that a
// headquarters holds becomes a report of its own, and shows what was added.
func TestCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := reporttest.Report(t)
		wire, err := Encode(View{Report: r, Mode: stdif.Exercise})
		if err != nil {
			t.Fatal(err)
		}
		in, _, err := Codec{}.Decode(wire)
		if err != nil || in.Mode != stdif.Exercise {
			t.Fatal(err, in.Mode)
		}
		if r.Raw == nil {
			if in.Report.Raw == nil || !bytes.Equal(in.Report.Raw.Bytes, wire) {
				t.Fatal("the bytes that came are not kept")
			}
			in.Report.Raw = nil
		}
		if d := cmp.Diff(&r, in.Report, equal); d != "" {
			t.Fatalf("(-written +read):\n%s", d)
		}
	})
	v := added(View{Report: stdif.Report{ID: "N-1", Revision: 3, EventTime: time.Unix(1_700_000_000, 0).UTC(), Kind: stdif.IncidentType{Code: "ems"}}})
	wire, err := Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	in, _, err := Codec{}.Decode(wire)
	if err != nil {
		t.Fatal(err)
	}
	r := in.Report
	if r.ID != "urn:emergency:uid:callid:019a-0001:example.hq.jp" || r.Revision != v.UpdatedAt.UnixMilli() || (Codec{}).ReportID(wire) != r.ID {
		t.Errorf("number %s, revision %d", r.ID, r.Revision)
	}
	for name, value := range map[string]string{"eido.reportId": "N-1", "eido.revision": "3", "eido.chat[1].text": "<b>煙</b>", "eido.notes[1].text": "折り返し不可",
		"eido.media[1].url": "https://hq.example/m1", "eido.dispositions[1].code": "handled", "eido.agencies[1].role": TransferredTo, "eido.links[1].reason": "同じ建物"} {
		if !has(r, name, value) {
			t.Errorf("%s = %s is not shown: %v", name, value, r.Additional)
		}
	}
}

func has(r *stdif.Report, name, value string) bool {
	for _, x := range r.Additional {
		if x.Name == name && x.Value == value {
			return true
		}
	}
	return false
}

// Whoever knows nothing of what rides along reads the same from the components:
// what a crew needs is there in words and in standard forms.
func TestComponentsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := added(View{Report: reporttest.Report(t), Mode: stdif.Actual})
		wire, err := Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Replace(wire, []byte(`"eidoVersion":"1.0"`), []byte(`"eidoVersion":"1.0","other":"system"`), 1)
		doc, warnings, err := Read(changed)
		if err != nil || doc.Whole || len(warnings) == 0 {
			t.Fatalf("a changed document: whole %v, %v", doc.Whole, err)
		}
		r, was := doc.View.Report, v.Report
		if !r.EventTime.Equal(was.EventTime) || r.Kind.Code != was.Kind.Code || r.Cancelled != was.Cancelled || !strings.HasPrefix(r.Text, was.Text) ||
			doc.View.Mode != stdif.Actual || len(r.Locations) < somewhere(was) {
			t.Fatalf("read from the components: %+v\nwritten: %+v", r, was)
		}
		if was.Subscriber != nil && (r.Subscriber == nil || r.Subscriber.Phone != was.Subscriber.Phone || r.Subscriber.Name != strings.TrimSpace(was.Subscriber.Name)) {
			t.Fatalf("subscriber %+v of %+v", r.Subscriber, was.Subscriber)
		}
		if was.Medical != nil && !strings.Contains(r.Text, "medical.conditions[1]: 喘息") {
			t.Fatalf("the illness is not in the words: %s", r.Text)
		}
		if !has(&r, "other", "system") {
			t.Fatal("what the other system added is not kept")
		}
	})
}

// somewhere counts the locations that say anything.
func somewhere(r stdif.Report) (n int) {
	for _, l := range r.Locations {
		if l.HasPosition() || l.HasPolygon() || l.Civic != nil || l.Label != "" {
			n++
		}
	}
	return n
}

// An exercise says so to a reader who knows nothing of modes.
func TestExerciseIsUnmistakable(t *testing.T) {
	wire, err := Encode(View{Report: stdif.Report{ID: "1", Revision: 1, Kind: stdif.IncidentType{Code: "fire", Label: "火災"}}, Mode: stdif.Exercise})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"standardPrimaryCallType":"nonEmergency"`, `"incidentTypeInternalText":"【訓練 EXERCISE】火災"`, `"notesActionComments":"【訓練 EXERCISE】"`} {
		if !bytes.Contains(wire, []byte(want)) {
			t.Errorf("%s is not in %s", want, wire)
		}
	}
}

// The wire open/1 and then an EIDO: what the service said is what comes out.
func TestWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := reporttest.Report(t)
		frame, err := open1.FrameOf(stdif.Inbound{Report: &r, Mode: stdif.Test}, time.Unix(0, 0).UTC())
		if err != nil {
			t.Fatal(err)
		}
		frame.Spool, frame.Seq, frame.ServiceID = "s", 1, "net119.example"
		wire, err := open1.Encode(frame)
		if err != nil {
			t.Fatal(err)
		}
		again, p := open1.Decode(wire)
		if p != nil {
			t.Fatal(p)
		}
		in, _, p := open1.DecodeBody(again)
		if p != nil {
			t.Fatal(p)
		}
		document, err := Encode(View{Report: *in.Report, Mode: in.Mode})
		if err != nil {
			t.Fatal(err)
		}
		doc, _, err := Read(document)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(r, doc.View.Report, equal); d != "" {
			t.Fatalf("(-sent +at the end):\n%s", d)
		}
	})
}
