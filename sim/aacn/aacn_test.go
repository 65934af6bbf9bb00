package aacn_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/matoi119/matoi/sim/aacn"
	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/intaketest"
	"github.com/matoi119/matoi/stdif"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A crash while the terminal cannot store, then the operator, then a cancel:
// three whole revisions in order, and the words of headquarters come back.
func TestRevisionsAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term := intaketest.New("secret", "")
		term.Refuse(http.StatusInsufficientStorage)
		c := aacn.New(aacn.Config{}, &intake.Client{Base: "http://terminal.test", Credential: "secret", HTTP: &http.Client{Transport: intaketest.Memory{Handler: term}}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		id := c.Crash(aacn.Example(stdif.Exercise))
		first, _ := c.Look(id)
		err := errors.Join(c.Answer(id, aacn.Answered{Occupants: 2, Belted: 1, Spoke: true, Text: "運転者が応答。同乗者が胸の痛みを訴えている。"}), c.Say(id, "後席に一人います"))
		time.Sleep(30 * time.Second)
		term.Refuse(0)
		time.Sleep(30 * time.Second)
		k, ok := term.Get(id)
		if err != nil || !ok || k.Upserted != 2 || k.Report.Revision != 2 || k.Mode != stdif.Exercise || len(k.Chat) != 1 {
			t.Fatalf("%v; terminal has %+v", err, k)
		}
		if *k.Report.Vehicle.Belted != 1 || k.Report.Proxy.Verified != "answered" || k.Report.Proxy.AnsweredAt == nil || k.Report.Proxy.Callback == "" {
			t.Fatalf("revision 2 = %+v %+v", k.Report.Vehicle, k.Report.Proxy)
		}
		if s := k.Report.Severity; s.Algorithm == "" || s.Version == "" || s.Value <= first.Report.Severity.Value {
			t.Fatalf("severity %+v, want above %v for a missing belt, with algorithm and version", s, first.Report.Severity.Value)
		}
		if first.Report.Vehicle.Belted != nil || first.Report.Proxy.Verified != "not-tried" {
			t.Fatal("revision 2 changed revision 1")
		}
		term.Step(id, stdif.Seen)
		term.Say(id, "m1", "救急車を出しました")
		if err := c.Cancel(id, "誤作動でした"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		v, _ := c.Look(id)
		k, _ = term.Get(id)
		if !k.Report.Cancelled || k.Report.Revision != 3 || v.Step != stdif.Seen || len(v.Inputs) != 1 || len(v.Lost) != 0 {
			t.Fatalf("after the cancel: terminal %+v, centre %+v", k.Report, v)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	})
}

func TestEstimateGrowsWithTheCrash(t *testing.T) {
	front := []stdif.Crash{{Direction: 12, DeltaV: 42}}
	base := aacn.Estimate(front, true)
	for name, v := range map[string]float64{
		"faster":   aacn.Estimate([]stdif.Crash{{Direction: 12, DeltaV: 60}}, true),
		"no belt":  aacn.Estimate(front, false),
		"side":     aacn.Estimate([]stdif.Crash{{Direction: 3, DeltaV: 42}}, true),
		"rollover": aacn.Estimate([]stdif.Crash{{Direction: 12, DeltaV: 42, Rollover: true}}, true),
		"twice":    aacn.Estimate(append(front, stdif.Crash{Direction: 6, DeltaV: 5}), true),
	} {
		if v <= base || v > 1 {
			t.Errorf("%s: %v, want above %v and at most 1", name, v, base)
		}
	}
}

func TestUnknownCall(t *testing.T) {
	c := aacn.New(aacn.Config{}, &intake.Client{})
	_, look := c.Look("A-0")
	for _, err := range []error{look, c.Answer("A-0", aacn.Answered{}), c.Cancel("A-0", ""), c.Say("A-0", "x"), c.End("A-0")} {
		if !errors.Is(err, aacn.ErrUnknown) {
			t.Errorf("%v, want ErrUnknown", err)
		}
	}
}
