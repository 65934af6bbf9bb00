package intake_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/intaketest"
	"github.com/matoi119/matoi/stdif"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func report(id string, revision int64, text string) *stdif.Report {
	return &stdif.Report{ID: id, Revision: revision, EventTime: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC),
		Kind: stdif.IncidentType{Code: stdif.KindEMS, Label: "救急"}, Text: text}
}

func pair() (*intaketest.Terminal, *intake.Client) {
	t := intaketest.New("secret", "")
	return t, &intake.Client{Base: "http://terminal.test", Credential: "secret", HTTP: &http.Client{Transport: intaketest.Memory{Handler: t}}}
}

func TestAnswersCarryStatusOrProblem(t *testing.T) {
	term, c := pair()
	a, err := c.Report(t.Context(), stdif.Test, *report("R1", 1, "息が苦しい"))
	if err != nil || a.Code != http.StatusCreated || a.Status == nil || a.Status.Step != stdif.Spooled {
		t.Fatalf("Report = %+v, %v, want 201 spooled", a, err)
	}
	if a, _ = c.Report(t.Context(), stdif.Test, *report("R1", 1, "別の内容")); a.Code != http.StatusConflict || a.Problem.Code != stdif.CodeStaleRevision {
		t.Fatalf("same revision, other content = %+v, want 409 code 401", a)
	}
	if a, _ = c.Report(t.Context(), "", *report("R2", 1, "")); a.Code != http.StatusUnprocessableEntity || !a.Problem.Kept || a.Problem.Place == "" {
		t.Fatalf("without mode = %+v, want 422, kept, with place", a)
	}
	if a, _ = c.Media(t.Context(), stdif.Media{ID: "m1", ReportID: "R1", MIME: "image/png", Label: "写真"}, []byte("png")); !a.Taken() {
		t.Fatalf("Media = %+v", a)
	}
	if k, _ := term.Get("R1"); string(k.Media["m1"]) != "png" {
		t.Fatalf("kept media = %q", k.Media)
	}
	c.Credential = "wrong"
	if a, _ = c.Status(t.Context(), "R1"); a.Code != http.StatusUnauthorized || a.Final() {
		t.Fatalf("wrong credential = %+v, want 401 that is not final", a)
	}
}

// The terminal's disk is full for a minute: nothing is lost, the order within a
// report holds, and a report stored twice is one report.
func TestSenderKeepsUntilTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term, c := pair()
		term.Refuse(http.StatusInsufficientStorage)
		var mu sync.Mutex
		taken := map[string]int{}
		s := intake.NewSender(c, func(i intake.Item, a intake.Answer) {
			mu.Lock()
			defer mu.Unlock()
			if a.Taken() {
				taken[i.ReportID()]++
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		s.Put(intake.Item{Mode: stdif.Test, Report: report("R1", 1, "")})
		go s.Run(ctx)
		s.Put(intake.Item{Chat: &stdif.ChatMessage{ID: "c1", ReportID: "R1", From: stdif.FromCaller, At: time.Now(), Text: "a"}})
		s.Put(intake.Item{Chat: &stdif.ChatMessage{ID: "c2", ReportID: "R1", From: stdif.FromCaller, At: time.Now(), Text: "b"}})
		s.Put(intake.Item{Mode: stdif.Test, Report: report("R2", 1, "")})
		time.Sleep(time.Minute) // bubble time
		var now *intake.RefusedNow
		if n := s.Waiting(); n != 4 || !errors.As(s.Trouble(), &now) || now.Code != http.StatusInsufficientStorage {
			t.Fatalf("while the disk is full: waiting %d, trouble %v; want 4 and 507", n, s.Trouble())
		}
		tries := term.Posts()
		if tries < 10 || tries > 100 {
			t.Fatalf("tries in a minute = %d, want a back-off", tries)
		}
		term.Refuse(0)
		time.Sleep(6 * time.Second)
		cancel()
		synctest.Wait()
		if d := cmp.Diff(map[string]int{"R1": 3, "R2": 1}, taken); d != "" || s.Waiting() != 0 || s.Trouble() != nil {
			t.Fatalf("after: waiting %d, trouble %v, taken %s", s.Waiting(), s.Trouble(), d)
		}
		k, _ := term.Get("R1")
		if len(k.Chat) != 2 || k.Chat[0].ID != "c1" || k.Upserted != 1 {
			t.Fatalf("kept = %+v, want one revision and two lines in order", k)
		}
	})
}

func TestSenderMergesWaitingHeartbeatsOnly(t *testing.T) {
	_, c := pair()
	s := intake.NewSender(c, func(intake.Item, intake.Answer) {})
	beat := func(state stdif.ServiceState) {
		s.Put(intake.Item{State: &stdif.ReportState{ReportID: "R1", State: state}})
	}
	s.Put(intake.Item{Report: report("R1", 1, "")})
	for range 5 {
		beat(stdif.ServiceActive)
	}
	beat(stdif.ServiceEnded)
	if n := s.Waiting(); n != 3 {
		t.Fatalf("waiting = %d, want report, one heartbeat, end", n)
	}
}

func TestSenderGivesUpOnlyWhatCannotChange(t *testing.T) {
	for code, final := range map[int]bool{200: true, 201: true, 400: true, 401: false, 403: false, 404: true, 409: true, 413: true, 422: true, 429: false, 500: false, 507: false} {
		if got := (intake.Answer{Code: code}).Final(); got != final {
			t.Errorf("Final(%d) = %v, want %v", code, got, final)
		}
	}
}

// The stream breaks and the terminal is away for a while: every input is heard
// once and the stream resumes where it was left.
func TestFollowResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term, c := pair()
		if _, err := c.Report(t.Context(), stdif.Test, *report("R1", 1, "")); err != nil {
			t.Fatal(err)
		}
		term.Say("R1", "m1", "どうしましたか")
		broken := errors.New("broken")
		var heard []string
		err := c.Follow(t.Context(), "", nil, func(e intake.Event) error {
			heard = append(heard, e.Input.ID+"@"+e.ID)
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatalf("Follow = %v, want the callback's error", err)
		}
		term.Refuse(http.StatusServiceUnavailable)
		ctx, cancel := context.WithCancel(t.Context())
		var links []bool
		done := make(chan error)
		go func() {
			done <- c.Follow(ctx, "s1", func(up bool) { links = append(links, up) }, func(e intake.Event) error {
				heard = append(heard, e.Input.ID+"@"+e.ID)
				return nil
			})
		}()
		time.Sleep(20 * time.Second)
		term.Refuse(0)
		time.Sleep(10 * time.Second)
		term.Say("R1", "m2", "救急車が向かっています")
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatalf("Follow = %v", err)
		}
		if d := cmp.Diff([]string{"m1@s1", "m2@s2"}, heard); d != "" {
			t.Fatal(d)
		}
		if n := len(links); !links[n-2] || links[n-1] {
			t.Fatalf("links = %v, want up and then down at the end", links)
		}
	})
}
