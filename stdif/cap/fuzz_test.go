package cap

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif/open1"
)

// An alert is read whole or not at all, and what was read can be carried: it is
// written into a frame and comes out the same.
func FuzzDecode(f *testing.F) {
	for _, wire := range []string{
		alarm, "", "<alert/>", "\xff\xfe<\x00", `<?xml version="1.0" encoding="Shift_JIS"?><a>` + "\x81\xff</a>",
		strings.Replace(alarm, "<scope>", `<x a="1" xmlns:y="z"><y:b c=""/>text</x><scope>`, 1),
		strings.Replace(alarm, ">Alert<", ">Cancel<", 1), strings.Replace(alarm, "10:00:00+09:00", "10:00:00Z", 1),
		strings.Replace(alarm, "34.7039,135.5012", "1e309,NaN", 1), strings.Replace(alarm, "JP-A-17", strings.Repeat("x", 200), 1),
		strings.Replace(alarm, "UTF-8", "ISO-8859-1", 1), strings.Repeat("<a>", 40),
	} {
		f.Add([]byte(wire))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		in, _, err := Codec{}.Decode(wire)
		if err != nil {
			if in.Report != nil {
				t.Fatalf("half-read: %+v", in.Report)
			}
			return
		}
		if string(in.Report.Raw.Bytes) != string(wire) || !in.Mode.Valid() {
			t.Fatalf("mode %q, raw %q", in.Mode, in.Report.Raw.Bytes)
		}
		frame, err := open1.FrameOf(in, time.Unix(0, 0).UTC())
		if err != nil {
			t.Fatal(err)
		}
		frame.Spool, frame.Seq, frame.ServiceID = "s", 1, "alarm.example"
		encoded, err := open1.Encode(frame)
		if err != nil {
			t.Fatal(err)
		}
		again, p := open1.Decode(encoded)
		if p != nil {
			t.Fatalf("own frame: %v", p)
		}
		out, _, p := open1.DecodeBody(again)
		if p != nil {
			t.Fatalf("own body: %v", p)
		}
		if d := cmp.Diff(in, out); d != "" {
			t.Fatalf("carried (-read +received):\n%s", d)
		}
	})
}
