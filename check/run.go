package check

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/matoi119/matoi/probe"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// runner is one run through the list.
type runner struct {
	t     Target
	o     Options
	words map[string]Words
	port  port
	id    string // begins every id that the runner makes

	state   state
	reached error // why the terminal cannot be reached at all
	seen    *probe.Report

	// call is the runner's own call, once the terminal took it.
	service, report string
}

// Run tests one terminal. It changes nothing there but what doc.go says, and
// returns a sealed Result; an error means that nothing was tested.
func Run(ctx context.Context, t Target, o Options) (Result, error) {
	r, err := newRunner(t, o)
	if err != nil {
		return Result{}, fmt.Errorf("check: %w", err)
	}
	defer r.port.close()
	begun := r.o.Now()
	r.reach(ctx)
	out := Result{Schema: Schema, Run: r.id, Profile: t.Profile, Address: t.Address, Terminal: t.TLS.ServerName, TerminalVersion: plain(r.state.Version, 80),
		Person: o.Person, Version: o.Version, Begun: begun, List: r.o.List.ID, ListDate: r.o.List.Date, Claim: r.say("claim"), Leaves: r.say("leaves", r.id)}
	for _, test := range r.all() {
		if len(o.Only) > 0 && !slices.Contains(o.Only, test.ID) {
			continue
		}
		if ctx.Err() != nil {
			return Result{}, fmt.Errorf("check: %w", ctx.Err())
		}
		one := r.one(ctx, test)
		out.Tests = append(out.Tests, one)
		if o.Each != nil {
			o.Each(one)
		}
	}
	r.endCall(ctx)
	out.Ended, out.TLS = r.o.Now(), r.seen
	return out, out.seal()
}

func newRunner(t Target, o Options) (*runner, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.List == nil {
		o.List = probe.CRYPTREC()
	}
	if o.Patience == 0 {
		o.Patience = 3 * time.Second
	}
	if o.letGo == 0 {
		o.letGo = letGo
	}
	id := "check-" + o.Now().UTC().Format("20060102T150405") + "-" + strings.ToLower(rand.Text()[:6])
	return &runner{t: t, o: o, words: sentences(), port: profiles[t.Profile](t), id: id}, nil
}

// reach asks the terminal how it is. What cannot be reached is an error of the
// line in every test that needs it, never a fault of the terminal.
func (r *runner) reach(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, open1.ConnectTimeout+open1.TLSTimeout+open1.RequestTimeout)
	defer cancel()
	r.state, r.reached = r.port.state(ctx)
}

// one runs one test, whatever it does.
func (r *runner) one(ctx context.Context, test Test) (out Tested) {
	x := &run{runner: r, test: test.ID}
	begun := r.o.Now()
	out = Tested{ID: test.ID, Row: test.Row, Title: test.Title, Does: test.Does, At: begun}
	ctx, cancel := context.WithTimeout(ctx, test.Limit)
	defer cancel()
	o := x.guarded(ctx, test)
	out.Answer, out.Because = o.Answer, o.Because
	out.TookMs, out.Evidence = ms(r.o.Now().Sub(begun)), x.steps
	if out.Evidence == nil {
		out.Evidence = []Step{}
	}
	return out
}

// guarded lets a test that breaks be an error of the runner.
func (x *run) guarded(ctx context.Context, test Test) (o Outcome) {
	defer func() {
		if p := recover(); p != nil {
			o = Outcome{Error, x.say("error.runner", plain(fmt.Sprint(p), 200))}
		}
	}()
	if test.before != nil {
		if no := test.before(ctx, x); no != nil {
			return *no
		}
	}
	if test.after != nil {
		defer test.after(context.WithoutCancel(ctx), x)
	}
	o = test.body(ctx, x)
	if ctx.Err() != nil && o.Answer != Pass {
		return Outcome{Error, x.say("error.time", test.Limit)}
	}
	return o
}

// said tells a terminal that says no, or breaks the protocol, from a line that
// is down.
func (x *run) said(err error) Outcome {
	var status *open1.StatusError
	var p *stdif.Problem
	var broke *rfb.Error
	if errors.As(err, &status) || errors.As(err, &p) || errors.As(err, &broke) {
		return x.fail("fail.answer", cause(err))
	}
	return x.broken(err)
}

// cause is the error's own words: addresses and codes, never content.
func cause(err error) string { return plain(err.Error(), 300) }

// needsLink is why a test that talks to the terminal cannot run.
func needsLink(_ context.Context, x *run) *Outcome {
	if x.reached == nil {
		return nil
	}
	o := x.broken(x.reached)
	return &o
}

// needsCall is needsLink, and the service's side.
func needsCall(ctx context.Context, x *run) *Outcome {
	if no := needsLink(ctx, x); no != nil {
		return no
	}
	if x.o.Service == nil {
		o := x.notRun("missing.service")
		return &o
	}
	return nil
}

// endCall says that the made-up callers have gone. The reports stay at the
// terminal as long as all others do, under ids that say what they were.
func (r *runner) endCall(ctx context.Context) {
	if r.o.Service == nil || r.report == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), open1.RequestTimeout)
	defer cancel()
	_ = r.o.Service.State(ctx, stdif.ReportState{ReportID: r.report, State: stdif.ServiceEnded, At: r.o.Now()}) // silence ends it too
}

// until polls until done says so or the patience ends.
func (x *run) until(ctx context.Context, done func(context.Context) (bool, error)) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, x.o.Patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done(ctx)
		if ok || err != nil && ctx.Err() == nil {
			return ok, err
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-tick.C:
		}
	}
}
