package stdif_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/additional"
	"github.com/matoi119/matoi/stdif/cap"
	"github.com/matoi119/matoi/stdif/eido/convey"
	"github.com/matoi119/matoi/stdif/internal/samples"
	"github.com/matoi119/matoi/stdif/multipart"
	"github.com/matoi119/matoi/stdif/notice"
	"github.com/matoi119/matoi/stdif/open1"
	"github.com/matoi119/matoi/stdif/pidf"
	"github.com/matoi119/matoi/stdif/veds"
)

// verdict is how files below a folder are judged: by the reader that is
// responsible for them, or by nobody here, with the reason.
type verdict struct {
	folder string
	read   func(wire []byte) error // nil error: taken without a doubt
	nobody string
	holds  map[string]bool // a verdict of the index that our reader judges as something else: taken?
}

var unclear = stdif.Problemf(stdif.CodeLocation, "/", "read, and something in it is not certain")

func by(c stdif.Codec, contentType string) func([]byte) error {
	return func(wire []byte) error {
		_, warnings, err := stdif.DecodeAs(c, contentType, wire)
		return doubt(warnings, err)
	}
}

// doubt makes an error of a warning that something is not certain.
func doubt(warnings []stdif.Problem, err error) error {
	if err != nil {
		return err
	}
	for _, w := range warnings {
		if w.Code == stdif.CodeLocation || w.Code == stdif.CodeEncoding && strings.Contains(w.Detail, "UTF-8 as well") || w.Code == stdif.CodeSyntax {
			return unclear
		}
	}
	return nil
}

func block(wire []byte) error {
	_, _, err := additional.Read(wire)
	return err
}

func place(wire []byte) error {
	d, warnings, err := pidf.Read(wire)
	if err == nil && len(d.Locations) == 0 {
		return unclear
	}
	return doubt(warnings, err)
}

func card(wire []byte) error {
	_, _, err := additional.ReadCard(wire)
	return err
}

func conveyed(wire []byte) error {
	if _, p := convey.Read(wire); p != nil {
		return p
	}
	return nil
}

// inside hands a JSON value to our reader as a member that it does not know.
func inside(wire []byte) error {
	report := `{"reportId":"r","revision":1,"eventTime":"2026-04-01T09:12:03+09:00","kind":{"code":"fire"},"x":` + string(wire) + `}`
	_, _, err := open1.ReportCodec{}.Decode([]byte(report))
	return err
}

// texts sends every text through a report: it is taken, and changed in nothing
// but what Clean removes.
func texts(wire []byte) error {
	var all []string
	if err := json.Unmarshal(wire, &all); err != nil {
		return err
	}
	for _, text := range all {
		report, err := json.Marshal(map[string]any{"reportId": "r", "revision": 1, "eventTime": "2026-04-01T09:12:03+09:00", "kind": map[string]string{"code": "fire"}, "text": text})
		if err != nil {
			return err
		}
		in, _, err := open1.ReportCodec{}.Decode(report)
		if err != nil {
			return err
		}
		if in.Report.Text != stdif.Clean(text) {
			return unclear
		}
	}
	return nil
}

// everyone gives bytes to every reader: none may end badly.
func everyone(wire []byte) error {
	var err error
	for _, c := range codecs() {
		_, _, err = stdif.DecodeAs(c, c.MIME()[0], wire)
	}
	_ = place(wire)
	_ = block(wire)
	_ = card(wire)
	_ = conveyed(wire)
	return err
}

var refused = map[string]bool{samples.Accept: false}

// verdicts is every folder of the index, the longest name that fits decides.
func verdicts() []verdict {
	alert, text := by(cap.Codec{}, cap.MediaType), by(notice.Codec{Now: clock}, notice.MediaType)
	const pictures = "pictures are judged where they are decoded (internal/media)"
	const voice = "conferences and recordings belong to voice, which this interface does not carry (S3-L8)"
	const servers = "no server of the caller's network is asked: a terminal and a headquarters have no outgoing connection"
	return []verdict{
		{folder: "cap-library/", read: alert}, {folder: "cap-ts/", read: alert}, {folder: "own/cap/", read: alert},
		{folder: "cap-library/weather_index.atom", read: alert, holds: refused}, // a feed without an alert in it is no alert
		{folder: "eidolib/websocket/", read: conveyed},
		{folder: "emergency-dispatch/", nobody: "a table of sentences: each is read in stdif/notice, TestSentences"},
		{folder: "go-fuzz-corpus/bmp/", nobody: pictures}, {folder: "go-fuzz-corpus/gif/", nobody: pictures}, {folder: "go-fuzz-corpus/jpeg/", nobody: pictures},
		{folder: "go-fuzz-corpus/png/", nobody: pictures}, {folder: "go-fuzz-corpus/webp/", nobody: pictures}, {folder: "own/images/", nobody: pictures},
		{folder: "go-fuzz-corpus/json/", read: everyone}, {folder: "go-fuzz-corpus/xml/", read: everyone}, {folder: "go-fuzz-corpus/multipart/", read: everyone},
		{folder: "go-fuzz-corpus/websocketserver/", nobody: "handshakes and frames of a WebSocket: github.com/coder/websocket reads them"},
		{folder: "hub-sante/", nobody: "another nation's wire, mapped in tests only: stdif/hubsante judges each file"},
		{folder: "jp-ereferral/", nobody: "a referral between hospitals belongs to viewing, which is not built yet"},
		{folder: "json-test-suite/", read: inside},
		{folder: "naughty-strings/", read: texts}, {folder: "own/text/export-cells.json", read: texts}, {folder: "own/text/file-names.json", read: texts},
		{folder: "ng911-dev/additional-data/", read: block},
		{folder: "ng911-dev/held/", nobody: servers}, {folder: "ng911-dev/lost/", nobody: servers},
		{folder: "ng911-dev/log-event/", nobody: "our evidence log has a form of its own and takes in no other"},
		{folder: "ng911-dev/policy/", nobody: "routing policies are not imported"},
		{folder: "ng911-dev/other/", nobody: "states of elements of the caller's network are not subscribed to"},
		{folder: "ng911-dev/multipart/esrp-complex-aacn.mime", read: bodies}, {folder: "ng911-dev/multipart/garbled-pidf-lo.mime", read: doubtful},
		{folder: "ng911lib/additional-data/", read: block}, {folder: "ng911lib/additional-data/PidfLo", read: place},
		{folder: "ng911lib/additional-data/Rfc7095Jcard1.json", read: card}, {folder: "ng911lib/additional-data/XcardType1.xml", read: card},
		{folder: "ng911lib/ecall-control/", read: block},
		{folder: "ng911lib/conference/", nobody: voice}, {folder: "ng911lib/siprec/", nobody: voice},
		{folder: "ng911lib/pidf-lo/", read: place}, {folder: "pidf-lo-javascript/", read: place}, {folder: "own/xml/", read: place},
		{folder: "own/veds/", read: by(veds.Codec{Now: clock}, veds.MediaType)},
		{folder: "own/text/", read: text},
	}
}

func bodies(wire []byte) error {
	_, _, err := multipart.Codec{Now: clock}.Decode(wire)
	return err
}

// doubtful is bodies for one whose part is broken: the message survives and says so.
func doubtful(wire []byte) error {
	in, warnings, err := multipart.Codec{Now: clock}.Decode(wire)
	if err == nil && in.Report != nil && len(warnings) > 0 {
		return unclear
	}
	return err
}

// Every input of the index has its verdict from the reader that is responsible
// for it; what nobody here reads is named with its reason.
func TestVerdicts(t *testing.T) {
	table := verdicts()
	used := map[string]int{}
	for _, f := range samples.Below(t, "") {
		switch f.Expect {
		case samples.Accept, samples.Reject, samples.KeepRaw, samples.Either:
		case "schema", "table", "expected-errors":
			continue
		default:
			t.Errorf("%s: verdict %q is not known", f.Name, f.Expect)
			continue
		}
		var v *verdict
		for i := range table {
			if strings.HasPrefix(f.Name, table[i].folder) && (v == nil || len(table[i].folder) > len(v.folder)) {
				v = &table[i]
			}
		}
		if v == nil {
			t.Errorf("%s: nobody is responsible, and no reason is given", f.Name)
			continue
		}
		if used[v.folder]++; v.read == nil {
			continue
		}
		err := bounded(t, f, v.read)
		taken, said := v.holds[f.Expect]
		switch {
		case said && (err == nil) != taken:
			t.Errorf("%s: %v, want taken %v", f.Name, err, taken)
		case said:
		case f.Expect == samples.Accept && err != nil, f.Expect == samples.Reject && err == nil, f.Expect == samples.KeepRaw && err == nil:
			t.Errorf("%s: %v, want %s (%s)", f.Name, err, f.Expect, f.Why)
		}
	}
	for _, v := range table {
		if used[v.folder] == 0 {
			t.Errorf("%s judges no file", v.folder)
		}
	}
}

// bounded reads a file and looks at what that cost: a reader allocates in
// proportion to its input, whatever the input is.
func bounded(t *testing.T, f samples.File, read func([]byte) error) error {
	t.Helper()
	wire := f.Read(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := read(wire)
	runtime.ReadMemStats(&after)
	if cost, most := after.TotalAlloc-before.TotalAlloc, uint64(16<<20+400*len(wire)); cost > most {
		t.Errorf("%s: %d bytes of memory for %d bytes of input", f.Name, cost, len(wire))
	}
	return err
}
