package net119_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/intaketest"
	"github.com/matoi119/matoi/sim/net119"
	"github.com/matoi119/matoi/stdif"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key, credential = "terminal-key", "credential"

func open(t *testing.T, dir string) *net119.Cloud {
	t.Helper()
	c, err := net119.New(net119.Config{TerminalKey: key, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// place makes a call from home.
func place(t *testing.T, c *net119.Cloud) string {
	t.Helper()
	id, _, err := c.Place(net119.Call{Person: "hanako", Kind: stdif.KindEMS, Place: "home", Text: "息が苦しい", Mode: stdif.Exercise})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func look(t *testing.T, c *net119.Cloud, id string) net119.View {
	t.Helper()
	v, err := c.Look(id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// run starts the cloud's heartbeats and the installed software between it and
// term; the returned function ends both and waits.
func run(t *testing.T, c *net119.Cloud, term *intaketest.Terminal) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	h := &net119.Handover{
		Cloud: "http://cloud.test", TerminalKey: key, HTTP: &http.Client{Transport: intaketest.Memory{Handler: c}},
		Intake: &intake.Client{Base: "http://terminal.test", Credential: credential, HTTP: &http.Client{Transport: intaketest.Memory{Handler: term}}},
	}
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	go c.Run(ctx)
	return func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Handover.Run = %v", err)
		}
		synctest.Wait()
	}
}

// A whole conversation, with the terminal away at first: the caller is told at
// each moment exactly what is true.
func TestCallerIsToldTheTruth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, term := open(t, ""), intaketest.New(credential, "")
		term.Refuse(http.StatusInsufficientStorage)
		stop := run(t, c, term)
		defer stop()
		detach := func() {}
		id := place(t, c)
		detach, err := c.Attach(id)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Say(id, "c1", "二階にいます"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if v := look(t, c, id); v.Step != "" || v.Waiting != 2 || !v.Handover {
			t.Fatalf("while the terminal cannot store: step %q, waiting %d, handover %v", v.Step, v.Waiting, v.Handover)
		}
		term.Refuse(0)
		time.Sleep(10 * time.Second)
		if v := look(t, c, id); v.Step != stdif.Spooled || v.Waiting != 0 || !strings.Contains(v.Say.Ja, "まだ届いていません") {
			t.Fatalf("spooled: %+v", v)
		}
		for _, step := range []stdif.AckStep{stdif.Received, stdif.Integrated, stdif.Seen, stdif.Received} {
			term.Step(id, step)
			synctest.Wait()
		}
		if v := look(t, c, id); v.Step != stdif.Seen {
			t.Fatalf("after seen and a late received: %q, want seen (steps never go back)", v.Step)
		}
		term.Say(id, "m1", "どうしましたか")
		term.Say(id, "m1", "どうしましたか")
		synctest.Wait()
		if err := c.End(id); err != nil {
			t.Fatal(err)
		}
		detach()
		term.Say(id, "m2", "もう一度つないでください")
		time.Sleep(time.Second)
		v := look(t, c, id)
		var said []string
		for _, l := range v.Chat {
			said = append(said, string(l.From)+":"+l.ID)
		}
		if d := cmp.Diff([]string{"caller:c1", "headquarters:m1", "headquarters:m2"}, said); d != "" {
			t.Fatal(d)
		}
		if n := len(v.Mails); n != 2 || v.Mails[1].Kind != "call-back" {
			t.Fatalf("mails = %+v, want confirmation and one call-back for the line without a page", v.Mails)
		}
		if err := c.Say(id, "c2", "x"); !errors.Is(err, net119.ErrEnded) {
			t.Fatalf("Say after the end = %v", err)
		}
		if err := c.Resume(id); err != nil {
			t.Fatal(err)
		}
		term.Close(id, "handled")
		time.Sleep(time.Second)
		if v = look(t, c, id); !v.Closed || v.Reason != "handled" {
			t.Fatalf("closed = %v %q", v.Closed, v.Reason)
		}
		k, _ := term.Get(id)
		var states []string
		for _, s := range k.States {
			if s.State != stdif.ServiceActive {
				states = append(states, string(s.State))
			}
		}
		if d := cmp.Diff([]string{"ended"}, states); d != "" || len(k.States) < 3 || k.Upserted != 1 || k.Mode != stdif.Exercise {
			t.Fatalf("terminal has %d states, %d revisions, mode %s: %s", len(k.States), k.Upserted, k.Mode, d)
		}
	})
}

// A caller whose page is lost is marked once, and comes back.
func TestLostCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, term := open(t, ""), intaketest.New(credential, "")
		stop := run(t, c, term)
		defer stop()
		id := place(t, c)
		detach, err := c.Attach(id)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if look(t, c, id).Gone {
			t.Fatal("gone while the page stands")
		}
		detach()
		time.Sleep(2 * time.Minute)
		if !look(t, c, id).Gone {
			t.Fatal("not gone after two minutes without a page")
		}
		detach, err = c.Attach(id)
		defer detach()
		time.Sleep(time.Second)
		k, _ := term.Get(id)
		gone := 0
		for _, s := range k.States {
			if s.State == stdif.ServiceCallerGone {
				gone++
			}
		}
		last := k.States[len(k.States)-1].State
		if err != nil || gone != 1 || last != stdif.ServiceActive || look(t, c, id).Gone {
			t.Fatalf("Attach = %v, gone sent %d times, last %s", err, gone, last)
		}
	})
}

// The service is killed and starts again: calls, lines and what waits for the
// terminal are there, numbers go on, a torn line is dropped.
func TestRestartLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		c := open(t, dir)
		id := place(t, c)
		if err := errors.Join(c.Say(id, "c1", "まだですか"), c.Photo(id, "image/png", "", []byte("png")), c.Close()); err != nil {
			t.Fatal(err)
		}
		tear(t, dir)
		c = open(t, dir)
		term := intaketest.New(credential, "")
		stop := run(t, c, term)
		time.Sleep(5 * time.Second)
		term.Say(id, "m1", "向かっています")
		synctest.Wait()
		stop()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		k, ok := term.Get(id)
		if !ok || len(k.Chat) != 1 || len(k.Media) != 1 || k.Report.Text != "息が苦しい" {
			t.Fatalf("terminal has %+v", k)
		}
		c = open(t, dir)
		stop = run(t, c, term)
		posts := term.Posts()
		time.Sleep(5 * time.Second)
		defer func() { _ = c.Close() }()
		defer stop()
		if v := look(t, c, id); v.Waiting != 0 || len(v.Chat) != 2 || v.Step != stdif.Spooled {
			t.Fatalf("after the second restart: %+v", v)
		}
		if term.Posts() != posts {
			t.Fatal("something was handed over twice although the cloud knew the answer")
		}
	})
}

// A line that the terminal will never take is shown as lost, not as sent.
func TestRefusedReportAndLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, term := open(t, ""), intaketest.New(credential, "")
		term.Refuse(http.StatusUnprocessableEntity)
		stop := run(t, c, term)
		defer stop()
		id := place(t, c)
		if err := c.Say(id, "c1", "x"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		v := look(t, c, id)
		if v.Step != stdif.Refused || v.Problem == nil || len(v.Chat) != 1 || !v.Chat[0].Lost {
			t.Fatalf("refused: step %q, problem %v, chat %+v", v.Step, v.Problem, v.Chat)
		}
	})
}

func TestPlaceRefusesWhatCannotBe(t *testing.T) {
	c := open(t, "")
	far, zero, here := 91.0, 0.0, 34.7
	for _, x := range []struct {
		name string
		call net119.Call
		want error
	}{
		{"person", net119.Call{Person: "nobody", Kind: "ems", Place: "home", Mode: stdif.Test}, net119.ErrPerson},
		{"kind", net119.Call{Person: "jiro", Kind: "police", Place: "home", Mode: stdif.Test}, net119.ErrKind},
		{"mode", net119.Call{Person: "jiro", Kind: "ems", Place: "home"}, net119.ErrMode},
		{"often", net119.Call{Person: "jiro", Kind: "ems", Place: "often:7", Mode: stdif.Test}, net119.ErrPlace},
		{"often sign", net119.Call{Person: "jiro", Kind: "ems", Place: "often:-1", Mode: stdif.Test}, net119.ErrPlace},
		{"nowhere", net119.Call{Person: "jiro", Kind: "ems", Place: "here", Mode: stdif.Test}, net119.ErrPlace},
		{"null island", net119.Call{Person: "jiro", Kind: "ems", Place: "here", Lat: &zero, Lon: &zero, Mode: stdif.Test}, net119.ErrPlace},
		{"out of range", net119.Call{Person: "jiro", Kind: "ems", Place: "here", Lat: &far, Lon: &here, Mode: stdif.Test}, net119.ErrPlace},
		{"text", net119.Call{Person: "jiro", Kind: "ems", Place: "home", Mode: stdif.Test, Text: strings.Repeat("長", stdif.MaxText+1)}, net119.ErrTooLong},
		{"address in words", net119.Call{Person: "jiro", Kind: "fire", Place: "here", Address: "例示駅前", Mode: stdif.Test}, nil},
		{"longest text", net119.Call{Person: "jiro", Kind: "other", Place: "often:0", Mode: stdif.Test, Text: strings.Repeat("長", stdif.MaxText)}, nil},
	} {
		if _, _, err := c.Place(x.call); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", x.name, err, x.want)
		}
	}
}

// A new position is the next revision; the earlier place is not merged into it.
func TestMoveIsARevision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, term := open(t, ""), intaketest.New(credential, "")
		stop := run(t, c, term)
		defer stop()
		id := place(t, c)
		if err := c.Move(id, 34.7039, 135.5012, 25); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		k, _ := term.Get(id)
		if k.Report.Revision != 2 || k.Upserted != 2 || len(k.Report.Locations) != 2 || k.Report.Locations[0].Shape != "circle" {
			t.Fatalf("terminal has revision %d with %+v", k.Report.Revision, k.Report.Locations)
		}
	})
}
