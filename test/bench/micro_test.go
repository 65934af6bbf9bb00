package bench

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// BenchmarkParts measures the parts that every report or log-in pays for. What
// has its own benchmark beside its code is not repeated here.
func BenchmarkParts(b *testing.B) {
	b.Run("log-in (PBKDF2)", func(b *testing.B) {
		stored := staff.HashPassword(password)
		for b.Loop() {
			if ok, _ := staff.VerifyPassword(stored, password); !ok {
				b.Fatal("the password does not match")
			}
		}
	})
	wire := frame(b)
	b.Run("decode a report", func(b *testing.B) {
		b.SetBytes(int64(len(wire)))
		b.ReportAllocs()
		for b.Loop() {
			f, p := open1.Decode(wire)
			if p != nil {
				b.Fatal(p)
			}
			if _, _, p := open1.DecodeBody(f); p != nil {
				b.Fatal(p)
			}
		}
	})
	keys, err := seal.OpenDir(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	plain, place := bytes.Repeat([]byte("x"), 1536), []byte("report_frame.body/279999/t-01/spool/1")
	box, err := keys.Seal(seal.Caller, plain, place)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("seal 1.5 KB", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.Seal(seal.Caller, plain, place); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open 1.5 KB", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.Open(seal.Caller, box, place); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// frame is a report as a terminal sends it.
func frame(b *testing.B) []byte {
	b.Helper()
	f, err := open1.FrameOf(stdif.Inbound{Mode: stdif.Test, Report: &stdif.Report{ID: "R-1", Revision: 1, EventTime: time.Now(),
		Kind: stdif.IncidentType{Code: stdif.KindOther, Label: "試験"}, Text: strings.Repeat("試験です。", 60),
		Locations: []stdif.Location{{Role: "caller", Shape: "civic", Label: "試験", Civic: &stdif.Civic{Prefecture: "大阪府", City: "例示市", Line: "本町1"}}}}}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	f.MsgID, f.Spool, f.Seq, f.ServiceID, f.TerminalID = "m", "s", 1, "net119.example", "t-01"
	wire, err := open1.Encode(f)
	if err != nil {
		b.Fatal(err)
	}
	return wire
}
