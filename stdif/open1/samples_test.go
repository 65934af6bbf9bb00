package open1

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/samples"
)

const plain = `{"reportId":"r","revision":1,"eventTime":"2026-04-01T09:12:03+09:00","kind":{"code":"fire"}`

// Every document of the torture suite stands as an unknown member in a report:
// what is JSON survives to the letter, what is not refuses the report.
func TestJSONTestSuite(t *testing.T) {
	for _, f := range samples.Below(t, "json-test-suite/test_parsing/") {
		t.Run(path.Base(f.Name), func(t *testing.T) {
			value := f.Read(t)
			r, _, p := DecodeReport([]byte(plain + `,"x":` + string(value) + `}`))
			switch f.Expect {
			case samples.Accept:
				if p != nil {
					t.Fatalf("DecodeReport = %v", p)
				}
				var want bytes.Buffer
				if err := json.Compact(&want, value); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff([]stdif.Additional{{Name: "/x", Value: want.String()}}, r.Additional); d != "" {
					t.Errorf("additional (-want +got):\n%s", d)
				}
			case samples.Reject:
				if p == nil || p.Place == "" || r.ID != "" {
					t.Errorf("DecodeReport = %+v, %v; want a place and nothing else", r, p)
				}
			case samples.Either:
				if p == nil {
					twice(t, stdif.Inbound{Report: &r})
				}
			default:
				t.Fatalf("verdict %q", f.Expect)
			}
			if _, _, err := (ReportCodec{}).Decode(value); err == nil {
				t.Error("taken as a report")
			}
		})
	}
}

// twice writes a message, reads it and compares.
func twice(t testing.TB, in stdif.Inbound) {
	t.Helper()
	f, err := FrameOf(in, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	f.Spool, f.Seq, f.ServiceID = "s", 1, "net119.example"
	if !f.Mode.Valid() {
		f.Mode = stdif.Test
	}
	wire, err := Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	g, p := Decode(wire)
	if p != nil {
		t.Fatalf("own frame: %v\n%s", p, wire)
	}
	out, _, p := DecodeBody(g)
	if p != nil {
		t.Fatalf("own body: %v\n%s", p, wire)
	}
	in.Mode = f.Mode
	if d := cmp.Diff(in, out); d != "" {
		t.Fatalf("written and read again (-before +after):\n%s", d)
	}
}

// Free texts survive unchanged, apart from control characters and normal form;
// then the bytes that came are kept.
func TestNaughtyStrings(t *testing.T) {
	var texts []string
	for _, f := range samples.Below(t, "naughty-strings/", "own/text/export-cells.json", "own/text/file-names.json") {
		var more []string
		if err := json.Unmarshal(f.Read(t), &more); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, more...)
	}
	if len(texts) < 200 {
		t.Fatalf("only %d texts", len(texts))
	}
	changed := 0
	for _, text := range texts {
		quoted, err := Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		message := []byte(plain + `,"text":` + string(quoted) + `,"subscriber":{"name":` + string(quoted) + `}}`)
		r, warnings, p := DecodeReport(message)
		if p != nil {
			t.Fatalf("%q: %v", text, p)
		}
		if r.Text == text {
			twice(t, stdif.Inbound{Report: &r})
			continue
		}
		changed++
		if r.Text != stdif.Clean(text) || len(warnings) != 2 || warnings[0].Code != stdif.CodeCleaned {
			t.Errorf("%q became %q with %v", text, r.Text, warnings)
		}
		if r.Raw == nil || !bytes.Equal(r.Raw.Bytes, message) {
			t.Errorf("%q was cleaned and its raw is not kept", text)
		}
		twice(t, stdif.Inbound{Report: &r})
	}
	if changed == 0 || changed > 5 {
		t.Errorf("%d of %d texts were changed", changed, len(texts))
	}
}

// A notice in UTF-8 is read; one that is cut inside a character is refused with
// the place of the byte.
func TestNotices(t *testing.T) {
	for _, f := range samples.Below(t, "own/text/notice.") {
		r, _, p := DecodeReport([]byte(plain + `,"text":"` + string(f.Read(t)) + `"}`))
		if strings.Contains(f.Name, ".utf8.") {
			if p != nil || !strings.Contains(r.Text, "髙橋町①番　㈱例示工場") {
				t.Errorf("%s: %q, %v", f.Name, r.Text, p)
			}
			continue
		}
		if p == nil || p.Code != stdif.CodeEncoding || !strings.HasPrefix(p.Place, "byte ") {
			t.Errorf("%s: %v, want 204 with the byte", f.Name, p)
		}
	}
}
