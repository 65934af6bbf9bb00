package open1

import (
	"strings"
	"testing"

	"github.com/matoi119/matoi/stdif"
)

func seeds(f *testing.F) {
	for _, wire := range []string{
		sample, plain + "}", "{}", "[]", "null", `"x"`, "", "\ufeff{}",
		`{"v":"open/1","type":"ping","sentAt":"2026-04-01T09:12:03Z"}`,
		`{"v":"open/1","type":"ack","sentAt":"2026-04-01T09:12:03Z","body":{"spool":"s","have":[{"from":1,"to":9},{"from":3,"to":12}]}}`,
		`{"v":"open/1","type":"hello","sentAt":"2026-04-01T09:12:03Z","a~/b":{"c":[1e999]},"body":{"headquarters":"h","have":[{"from":5,"to":1}]}}`,
		plain + `,"text":"か\u3099\u0000","media":[{"id":"v","mime":"audio/wav","startedAt":"2026-04-01T09:12:03Z"}],"translation":{"en":"\ufffd"}}`,
		plain + `,"locations":[{"lat":139.8,"lon":35.6,"x":{"y":null}}],"additional":[{"name":"a","value":"b","c":1}]}`,
		`{"v":"open/1","type":"receipt","msgId":"m","spool":"s","seq":1,"sentAt":"2026-04-01T09:12:03Z","serviceId":"v","mode":"test","body":{"reportId":"r","id":"h-1","state":"read","at":"2026-04-01T09:12:03Z"}}`,
		`{"takes":["request-media","guide","x"],"receipts":true,"clips":[{"id":"cpr","label":"か\u3099","seconds":-1}],"y":{}}`,
		plain + `,"requestId":"q\u0000"}`,
		plain + `,"x":{"a":1,"a":2}}`, plain + `,"x":"\ud800"}`, plain + `,"Text":1,"":[]}`,
		strings.Repeat("[", 33), strings.Repeat(`{"a":`, 40),
	} {
		f.Add([]byte(wire))
	}
}

// Refused is fine, half-read is not; what was read can be written and read again.
func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, wire []byte) {
		frame, p := Decode(wire)
		if p != nil {
			if p.Code == 0 || p.Detail == "" || len(p.Place) > 4*stdif.MaxShort {
				t.Fatalf("problem %+v", p)
			}
			return
		}
		once, err := Encode(frame)
		if err != nil {
			t.Fatalf("%q: %v", wire, err)
		}
		again, p := Decode(once)
		if p != nil {
			t.Fatalf("%q, then %q: %v", wire, once, p)
		}
		if twice, err := Encode(again); err != nil || string(twice) != string(once) {
			t.Fatalf("%q, then %q, %v", once, twice, err)
		}
		frame.ReadHello()
		frame.ReadAck()
		frame.ReadSnapshot()
		if in, _, p := DecodeBody(frame); p == nil {
			readAgain(t, in)
		}
	})
}

// A bare report is read whole or not at all.
func FuzzDecodeReport(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, wire []byte) {
		r, _, p := DecodeReport(wire)
		if p != nil {
			if r.ID != "" || r.Text != "" || r.Media != nil || r.Additional != nil {
				t.Fatalf("half-read: %+v", r)
			}
			return
		}
		if r.ID == "" || r.Revision < 1 || r.EventTime.IsZero() || r.Kind.Code == "" {
			t.Fatalf("taken without a required item: %+v", r)
		}
		readAgain(t, stdif.Inbound{Report: &r})
	})
}

// What a service says that it can do, and how far something came, is read
// whole or not at all.
func FuzzDecodeOffer(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, wire []byte) {
		if o, _, p := DecodeOffer(wire); p != nil && (o.Takes != nil || o.Clips != nil) || p == nil && o.Validate() != nil {
			t.Fatalf("%+v, %v", o, p)
		}
		r, _, p := DecodeReceipt(wire, "r")
		if p != nil && r.ID != "" || p == nil && (r.Validate() != nil || r.ReportID != "r") {
			t.Fatalf("%+v, %v", r, p)
		}
		if p == nil {
			readAgain(t, stdif.Inbound{Receipt: &r})
		}
	})
}

// Inputs come from the trusted side, and are read as if they did not.
func FuzzDecodeInputs(f *testing.F) {
	seeds(f)
	f.Add([]byte(`[{"id":"i","serviceId":"s","reportId":"q","mode":"test","verb":"request-media","at":"2026-04-01T09:12:03Z","media":{"id":"q","phone":"+819000000000","purpose":"scene"}},{"id":"g","serviceId":"s","reportId":"r","mode":"test","verb":"guide","at":"2026-04-01T09:12:03Z","guide":{"id":"g","clip":"cpr"}}]`))
	f.Add([]byte(`[{"id":"i","serviceId":"s","reportId":"r","mode":"test","verb":"ring","at":"2026-04-01T09:12:03Z"},{"id":"x"},7]`))
	f.Fuzz(func(t *testing.T, wire []byte) {
		list, p := DecodeInputs(wire)
		if p != nil && list != nil {
			t.Fatalf("half-read: %+v", list)
		}
		for _, one := range list {
			if one.Problem == nil && one.Input.Validate() != nil {
				t.Fatalf("taken: %+v", one.Input)
			}
		}
	})
}

// readAgain writes a message that was read and reads it once more. Texts may
// not change any further: cleaning is idempotent.
func readAgain(t *testing.T, in stdif.Inbound) {
	t.Helper()
	if in.Oversized() != nil {
		return
	}
	twice(t, in)
}
