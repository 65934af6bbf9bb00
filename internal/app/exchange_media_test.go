package app

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store/blob"
	"github.com/matoi119/matoi/stdif"
)

// cutOnce stands between two headquarters and cuts every connection when so many
// bytes have come back through it; after that it lets everything pass.
func cutOnce(t testing.TB, to string, after int64) (address string, cuts *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); running.Wait() })
	var left atomic.Int64
	left.Store(after)
	cuts = new(atomic.Int64)
	running.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer in.Close()
				out, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				running.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
				defer out.Close()
				buf := make([]byte, 4096)
				for {
					n, err := out.Read(buf)
					if was := left.Add(-int64(n)) + int64(n); was > 0 && was <= int64(n) {
						cuts.Add(1)
						return
					}
					if _, werr := in.Write(buf[:n]); err != nil || werr != nil {
						return
					}
				}
			})
		}
	})
	return l.Addr().String(), cuts
}

// pictured lets a picture arrive whose bytes are here already.
func (q *quarters) pictured(id string, bytesOf []byte) report.Medium {
	q.Helper()
	sum := sha256.Sum256(bytesOf)
	q.arrive(stdif.Inbound{Media: &stdif.Media{ID: id, ReportID: "N-1", MIME: "image/jpeg", Bytes: int64(len(bytesOf)), SHA256: hex.EncodeToString(sum[:]), Label: "症状"}})
	m := q.medium(q.only().ID, id)
	blobs, err := blob.Open(filepath.Join(q.c.Dir, MediaDir), q.c.HQ, q.Keys)
	q.must(err)
	info, err := blobs.Put(m.Blob(report.Original), bytes.NewReader(bytesOf))
	q.must(err)
	q.must(q.Acts.KeepMedium(q.Context(), act.Gateway(), m.ID, info.Bytes, info.SHA256[:]))
	return m
}

func (q *quarters) medium(reportID, id string) report.Medium {
	q.Helper()
	all, err := q.Store.Media().OfReport(q.Context(), reportID)
	q.must(err)
	for _, m := range all {
		if m.Media.ID == id {
			return m
		}
	}
	return report.Medium{}
}

// FD-34, FD-20: the bytes of a picture go along with a report that was handed
// over, over a connection that is cut in the middle, and nobody else gets them.
func TestTransferOfMedia(t *testing.T) {
	duty(t, "FD-34", "FD-20")
	a, b := newQuarters(t, "279999", "例示市消防本部"), newQuarters(t, "279998", "隣市消防本部")
	through, cuts := cutOnce(t, a.ExchangeAddress(), 120_000)
	a.knows(b, "隣市消防本部", "")
	b.knows(a, "例示市消防本部", through)
	r := a.emergency()
	picture := make([]byte, 300_000)
	for i := range picture {
		picture[i] = byte(rand.Uint32())
	}
	a.pictured("p-1", picture)
	a.must(a.Acts.OfferTransfer(t.Context(), a.at("yamada"), r.ID, "279998"))
	a.until("received", func() bool { return a.transfer(r.ID).Number != "" })

	there := b.only()
	b.until("the picture", func() bool { m := b.medium(there.ID, "p-1"); return m.ID != "" && m.State != report.MediumAnnounced })
	m := b.medium(there.ID, "p-1")
	got, err := b.media.Open(m, report.Original)
	b.must(err)
	defer got.Close()
	if all, err := io.ReadAll(got); err != nil || !bytes.Equal(all, picture) {
		t.Errorf("%d bytes arrived, %v; want the %d that were sent", len(all), err, len(picture))
	}
	if cuts.Load() != 1 {
		t.Errorf("the connection was cut %d times, want once", cuts.Load())
	}
	if m.Reason == report.HeldDigest || m.Reason == report.HeldSize {
		t.Errorf("held back for %s", m.Reason)
	}
	transferID := a.transfer(r.ID).ID
	for name, ask := range map[string][2]string{"another report": {"0197", "p-1"}, "another medium": {transferID, "p-2"}, "what is not here": {transferID, "m1"}} {
		if _, _, err := b.handover.Medium(t.Context(), "279999", ask[0], ask[1], 0); fault.Of(err) != fault.NotFound || err == nil {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	a.must(a.Acts.WithdrawTransfer(t.Context(), a.at("yamada"), r.ID))
	if _, _, err := b.handover.Medium(t.Context(), "279999", transferID, "p-1", 0); fault.Of(err) != fault.NotFound || err == nil {
		t.Errorf("after the report was taken back: %v, want not found", err)
	}
	if _, _, err := b.handover.Medium(t.Context(), "270000", transferID, "p-1", 0); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("of nobody: %v", err)
	}
}
