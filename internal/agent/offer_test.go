package agent

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

var picture = append([]byte("\xff\xd8\xff\xe0"), bytes.Repeat([]byte{7}, 100)...)

func (s *site) offer(service, body string) answer {
	s.Helper()
	return s.do(service, "PUT", open1.PathIntakeOffer, http.Header{"Content-Type": {"application/json"}}, []byte(body))
}

// A service takes what it offered, and the headquarters reads the offer. One
// that is output only cannot offer anything (S3-1-3-1).
func TestOffer(t *testing.T) {
	duty(t, "S3-1-3-1")
	s := newSite(t, nil)
	ask := stdif.Input{ID: "q1", ServiceID: "net119", ReportID: "q1", Mode: stdif.Actual, Verb: stdif.VerbMedia, At: eventTime,
		Media: &stdif.MediaRequest{ID: "q1", Phone: "+819000000000"}}
	if r := s.input(ask)[0]; r.Taken || r.Problem.Code != stdif.CodeOutputOnly {
		t.Errorf("a request that was not offered: %+v, want 404", r)
	}
	if a := s.offer("net119", `{"takes":["request-media"],"live":true}`); a.code != http.StatusOK {
		t.Fatalf("offer: %d", a.code)
	}
	e := s.events("net119", "")
	s.taken(ask)
	e.input(t, "q1")
	s.taken(ask) // a repeat is one
	ask.ID, ask.Media, ask.Verb, ask.Guide = "g1", nil, stdif.VerbGuide, &stdif.Guide{ID: "g1", Clip: "cpr"}
	if r := s.input(ask)[0]; r.Taken {
		t.Errorf("a guide without a report was taken: %+v", r)
	}
	if a := s.offer("aacn", `{"takes":["guide"]}`); a.code != http.StatusConflict {
		t.Errorf("offer of an output-only service: %d, want 409", a.code)
	}
	if a := s.offer("net119", `{"clips":[{"id":"x"}]}`); a.code != http.StatusUnprocessableEntity {
		t.Errorf("a clip without a label: %d", a.code)
	}
	s.restart()
	h, err := s.gateway().Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range h.Services {
		if offered := v.Offer != nil && v.Offer.Live && v.Offer.Accepts(stdif.VerbMedia); offered != (v.ServiceID == "net119") {
			t.Errorf("health of %s: %+v", v.ServiceID, v.Offer)
		}
	}
	s.sound()
}

func TestReceipts(t *testing.T) {
	s := newSite(t, nil)
	s.report("net119", newReport("N-1", 1))
	before := s.Spool().Through()
	path := open1.PathIntakeReports + "/N-1" + open1.PathIntakeReceipt
	post := func(body string) int {
		return s.do("net119", "POST", path, http.Header{"Content-Type": {"application/json"}}, []byte(body)).code
	}
	for _, c := range []struct {
		body string
		code int
	}{
		{`{"id":"h-1","state":"delivered","at":"2026-04-01T09:12:03+09:00"}`, http.StatusCreated},
		{`{"id":"h-1","state":"delivered","at":"2026-04-01T09:12:09+09:00"}`, http.StatusOK}, // said once
		{`{"id":"h-1","state":"read","at":"2026-04-01T09:12:09+09:00"}`, http.StatusCreated},
		{`{"id":"h-1","at":"2026-04-01T09:12:09+09:00"}`, http.StatusUnprocessableEntity},
		{`{"reportId":"N-2","id":"h-1","state":"read","at":"2026-04-01T09:12:09+09:00"}`, http.StatusUnprocessableEntity},
	} {
		if code := post(c.body); code != c.code {
			t.Errorf("%s: %d, want %d", c.body, code, c.code)
		}
	}
	if n := s.Spool().Through() - before; n != 2 {
		t.Errorf("%d frames, want 2", n)
	}
	s.sound()
}

// A live picture is fetched once, the next one as soon as it comes; nothing of
// it reaches the disk.
func TestLivePictures(t *testing.T) {
	s := newSite(t, nil)
	s.report("net119", newReport("N-1", 1))
	before := s.Spool().Through()
	path := open1.PathIntakeReports + "/N-1" + open1.PathIntakeLive
	jpeg := http.Header{"Content-Type": {"image/jpeg"}}
	if a := s.do("net119", "PUT", path, jpeg, picture); a.code != http.StatusNoContent || a.header.Get(LookedHeader) != "false" {
		t.Fatalf("first picture: %d %v", a.code, a.header)
	}
	f, ok, err := s.gateway().Live(t.Context(), "net119", "N-1", 0)
	if err != nil || !ok || !bytes.Equal(f.JPEG, picture) || f.At.IsZero() {
		t.Fatalf("Live = %d bytes, %v, %v", len(f.JPEG), ok, err)
	}
	for { // as often as it is too soon for the next one
		a := s.do("net119", "PUT", path, jpeg, picture)
		if a.code == http.StatusTooManyRequests {
			continue
		}
		if a.code != http.StatusNoContent || a.header.Get(LookedHeader) != "true" {
			t.Errorf("second picture: %d %v, want that somebody looks", a.code, a.header)
		}
		break
	}
	next, ok, err := s.gateway().Live(t.Context(), "net119", "N-1", f.Number)
	if err != nil || !ok || next.Number <= f.Number {
		t.Errorf("next = %d after %d, %v, %v", next.Number, f.Number, ok, err)
	}
	for body, code := range map[string]int{
		"GIF89a": http.StatusUnsupportedMediaType, string(picture) + string(make([]byte, stdif.MaxLiveFrame)): http.StatusRequestEntityTooLarge,
	} {
		if a := s.do("net119", "PUT", path, jpeg, []byte(body)); a.code != code {
			t.Errorf("%d bytes: %d, want %d", len(body), a.code, code)
		}
	}
	if a := s.do("net119", "PUT", open1.PathIntakeReports+"/N-9"+open1.PathIntakeLive, jpeg, picture); a.code != http.StatusNotFound {
		t.Errorf("a picture of an unknown report: %d", a.code)
	}
	if s.Spool().Through() != before {
		t.Error("a live picture was spooled")
	}
}

func TestLivePicturesAreBounded(t *testing.T) {
	var l lives
	now := eventTime
	if _, _, _, wait := l.next("a", 0, now); wait == nil {
		t.Error("the first who asks has nothing to wait for")
	}
	put := func(key string, at time.Time) (looked bool, wait time.Duration, full bool) {
		return l.put(key, picture, at)
	}
	if looked, wait, full := put("a", now); !looked || wait != 0 || full {
		t.Errorf("first: %v %v %v", looked, wait, full)
	}
	if _, wait, _ := put("a", now.Add(stdif.LiveEvery/2)); wait != stdif.LiveEvery/2 {
		t.Errorf("too soon: wait %v", wait)
	}
	if looked, wait, _ := put("a", now.Add(time.Minute)); looked || wait != 0 {
		t.Errorf("a minute later: %v %v", looked, wait)
	}
	if _, _, jpeg, _ := l.next("a", 0, now.Add(time.Hour)); jpeg != nil {
		t.Error("an old picture was given as a live one")
	}
	for n := range maxLives - 1 {
		if _, _, full := put(fmt.Sprint(n), now.Add(time.Hour)); full {
			t.Errorf("view %d found no room", n)
		}
	}
	if _, _, full := put("one more", now.Add(time.Hour)); !full {
		t.Error("more views than there is room for")
	}
	if _, _, _, wait := l.next("one more", 0, now.Add(time.Hour)); wait != nil {
		t.Error("a view without room was made")
	}
	if _, _, full := put("one more", now.Add(2*time.Hour)); full {
		t.Error("views that nobody feeds were not forgotten")
	}
}
