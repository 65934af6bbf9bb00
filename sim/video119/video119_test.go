package video119_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/intaketest"
	"github.com/matoi119/matoi/sim/video119"
	"github.com/matoi119/matoi/stdif"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stage is a terminal with the video service, all in memory.
func stage(t *testing.T) (*intaketest.Terminal, *video119.Service) {
	t.Helper()
	term := intaketest.New("secret", "")
	client := &intake.Client{Base: "http://terminal.test", Credential: "secret", HTTP: &http.Client{Transport: intaketest.Memory{Handler: term}}}
	s := video119.New(client, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	synctest.Wait()
	return term, s
}

func ask(id string) stdif.Input {
	return stdif.Input{ID: id, ReportID: id, Mode: stdif.Exercise, Verb: stdif.VerbMedia,
		Media: &stdif.MediaRequest{ID: id, Phone: "+819000000000", Purpose: stdif.PurposeScene}}
}

func states(k intaketest.Kept) (out []stdif.ServiceState) {
	for _, s := range k.States {
		if s.State != stdif.ServiceActive {
			out = append(out, s.State)
		}
	}
	return out
}

// The whole of a link: requested, sent, opened, agreed, live, a clip, and
// stopped for safety. No picture leaves before the caller agreed, and none after
// headquarters said stop.
func TestFromRequestToSafety(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term, s := stage(t)
		if o := term.Offer(); o == nil || !o.Live || !o.Accepts(stdif.VerbMedia) || !o.Accepts(stdif.VerbGuide) || o.Accepts(stdif.VerbCallBack) || len(o.Clips) == 0 {
			t.Fatalf("offer = %+v", o)
		}
		term.Ask(ask("q-1"))
		term.Ask(ask("q-1")) // delivered at least once
		synctest.Wait()
		sent := s.Sent()
		if len(sent) != 1 || sent[0].Phone != "+819000000000" {
			t.Fatalf("links = %+v", sent)
		}
		link := sent[0]
		k, ok := term.Get(link.ReportID)
		if !ok || k.Report.RequestID != "q-1" || k.Mode != stdif.Exercise || k.Report.Subscriber.Phone != "+819000000000" {
			t.Fatalf("report = %+v", k)
		}
		jpeg := []byte("\xff\xd8\xff\xe0")
		if err := s.Frame(t.Context(), link.Token, jpeg); !errors.Is(err, video119.ErrConsent) {
			t.Errorf("a picture before the caller agreed: %v", err)
		}
		lat, lon := 34.7039, 135.5012
		for _, do := range []func() error{
			func() error { return s.Open(link.Token) },
			func() error { return s.Consent(link.Token, &lat, &lon, 20) },
			func() error { return s.Frame(t.Context(), link.Token, jpeg) },
		} {
			if err := do(); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		term.Ask(stdif.Input{ID: "g-1", ReportID: link.ReportID, Verb: stdif.VerbGuide, Guide: &stdif.Guide{ID: "g-1", Clip: "cpr-adult"}})
		term.Say(link.ReportID, "l-1", "そのまま映してください")
		synctest.Wait()
		if v, err := s.Look(link.Token); err != nil || v.Clip == nil || len(v.Chat) != 1 || !v.Looked {
			t.Errorf("the caller's page: %+v, %v", v, err)
		}
		if err := s.Played(link.Token); err != nil {
			t.Fatal(err)
		}
		term.Close(link.ReportID, "safety")
		time.Sleep(time.Second)
		synctest.Wait()
		k, _ = term.Get(link.ReportID)
		want := []stdif.ServiceState{stdif.ServiceLinkSent, stdif.ServiceLinkOpened, stdif.ServiceConsented, stdif.ServiceLive, stdif.ServiceEnded}
		if !slices.Equal(states(k), want) || len(k.Live) != 1 || k.Report.Revision != 2 || len(k.Report.Locations) != 1 {
			t.Errorf("states %v, %d pictures, report %+v", states(k), len(k.Live), k.Report)
		}
		said := map[string]bool{}
		for _, r := range k.Receipts {
			said[r.ID+" "+string(r.State)] = true
		}
		if !said["g-1 delivered"] || !said["g-1 played"] || !said["l-1 delivered"] {
			t.Errorf("receipts = %v", said)
		}
		if v, _ := s.Look(link.Token); !v.Safety {
			t.Error("the caller is not told to go where it is safe")
		}
		if err := s.Frame(t.Context(), link.Token, jpeg); !errors.Is(err, video119.ErrOver) {
			t.Errorf("a picture after the stop: %v", err)
		}
	})
}

func TestDeclined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term, s := stage(t)
		term.Ask(ask("q-1"))
		synctest.Wait()
		link := s.Sent()[0]
		for _, err := range []error{s.Open(link.Token), s.Decline(link.Token)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		k, _ := term.Get(link.ReportID)
		if got := states(k); len(got) != 3 || got[2] != stdif.ServiceDeclined {
			t.Errorf("states = %v", got)
		}
		if err := s.Consent(link.Token, nil, nil, 0); !errors.Is(err, video119.ErrOver) {
			t.Errorf("consent after declining: %v", err)
		}
	})
}

// The page speaks for one link and no other.
func TestPages(t *testing.T) {
	s := video119.New(&intake.Client{Base: "http://terminal.test"}, nil)
	for path, want := range map[string]int{"/": 200, "/page.js": 200, "/page.css": 200, "/api/sent": 200, "/api/link": 404} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
		if path == "/" && !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: no policy", path)
		}
	}
}
