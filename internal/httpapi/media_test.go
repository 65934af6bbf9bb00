package httpapi

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/stdif"
)

// album holds one copy.
type album []byte

func (s album) Open(report.Medium, report.Copy) (io.ReadSeekCloser, error) {
	return struct {
		io.ReadSeeker
		io.Closer
	}{bytes.NewReader(s), io.NopCloser(nil)}, nil
}
func (s album) Pulling(string) (int64, bool, string) { return 7, true, "" }

// A copy goes out as what it is and nothing else, whole or in parts, to whoever
// may see media; the original goes to nobody.
func TestCopiesOfMedia(t *testing.T) {
	h := newHouse(t)
	copyBytes := []byte("0123456789 not really a picture")
	h.media = album(copyBytes)
	r := words("N-1", 1)
	r.Media = []stdif.Media{{ID: "m1", MIME: "image/jpeg", Bytes: 3, Label: "症状"}}
	h.arrive(stdif.Inbound{Report: r})
	a := h.seat("a", staff.Dispatcher)
	id := read[[]Card](h, a, http.MethodGet, "/reports", nil)[0].ID
	m := read[Detail](h, a, http.MethodGet, "/reports/"+id, nil).Media[0]
	if m.State != report.MediumAnnounced || m.Label != "症状" || m.Here != 7 || !m.Active || m.Scan != report.NotScanned {
		t.Errorf("announced: %+v", m)
	}
	path := "/reports/" + id + "/media/" + m.ID
	if w := h.do(a, http.MethodGet, path+"/shown", nil); w.Code != http.StatusNotFound {
		t.Errorf("before there is a copy = %d", w.Code)
	}
	sum := sha256.Sum256([]byte("abc"))
	h.must(h.acts.KeepMedium(t.Context(), act.Gateway(), m.ID, 3, sum[:]))
	h.must(h.acts.ShowMedium(t.Context(), act.Gateway(), m.ID, report.Made{MIME: "image/jpeg", ShownBytes: int64(len(copyBytes)), Width: 4, Height: 3}))

	w := h.do(a, http.MethodGet, path+"/shown", nil)
	if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), copyBytes) {
		t.Fatalf("shown = %d, %d bytes", w.Code, w.Body.Len())
	}
	for name, want := range map[string]string{
		"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Disposition": "inline",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "sandbox") {
		t.Errorf("policy %q", csp)
	}
	if w := h.do(a, http.MethodGet, path+"/shown", nil, "Range", "bytes=3-6"); w.Code != http.StatusPartialContent || w.Body.String() != "3456" {
		t.Errorf("a part = %d %q", w.Code, w.Body)
	}
	for _, other := range []string{"/original", "/poster", "/x"} {
		if w := h.do(a, http.MethodGet, path+other, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s = %d, want not found", other, w.Code)
		}
	}
	if w := h.do(a, http.MethodGet, "/reports/other/media/"+m.ID+"/shown", nil); w.Code != http.StatusNotFound {
		t.Errorf("through another report = %d", w.Code)
	}
	for _, who := range []*seat{nil, h.seat("empty"), h.seat("b", staff.Auditor), h.seat("c", staff.Maintainer)} {
		if w := h.do(who, http.MethodGet, path+"/shown", nil); w.Code != http.StatusUnauthorized && w.Code != http.StatusForbidden {
			t.Errorf("somebody without the right = %d", w.Code)
		}
	}

	for range 2 {
		read[nothing](h, a, http.MethodPost, path+"/look", map[string]string{})
	}
	d := read[Detail](h, a, http.MethodGet, "/reports/"+id, nil)
	looks := 0
	for _, moment := range d.Timeline {
		if moment.Act == string(act.MediaLook) {
			looks++
		}
	}
	if !d.Media[0].Looked || looks != 1 {
		t.Errorf("looked %t, %d entries", d.Media[0].Looked, looks)
	}
}
