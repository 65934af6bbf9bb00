// Package load measures the whole way of a report through the public wire and
// nothing else: services hand reports to terminals' intakes, consoles hear of
// them on their feeds. It counts four things independently of each other —
// sent (here), acknowledged (the intake's 201, and the steps that the service
// is told), stored (asked from the server), shown (ids seen on each console's
// feed) — because a system that loses reports is the last one to ask about it.
//
// Latency runs from the instant before a report is sent to the instant at which
// a console's event with its id has been read. Reports are sent at their
// planned instants whether earlier ones were answered or not; how late the
// generator itself was is printed, so that its own slowness cannot hide. It
// shares the machine with what it measures and is written to cost little.
package load

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
)

// Config is one run.
type Config struct {
	Services []*intake.Client // one credential each
	Rate     float64          // reports a second, all services together; 0: as fast as they are answered
	Workers  int              // at most so many on their way per service; 0: 32
	Warmup   time.Duration    // sent and counted, but not measured
	Measure  time.Duration
	Drain    time.Duration // how long to wait for the last ones; 0: 10 s
	Consoles []*Console
	Paint    bool       // consoles confirm what they show, as real pages do
	Mode     stdif.Mode // "" is test
	Text     int        // characters of each report's text; 0: 60
}

// run is the state of one run. Arrays are indexed by the number in the id.
type run struct {
	cfg    Config
	prefix string
	start  time.Time
	text   string

	next      atomic.Int64   // next number
	sentAt    []atomic.Int64 // nanoseconds since start, 0: not sent
	ackAt     []atomic.Int64
	lag       []int64 // behind the plan, by number
	steps     [2]stepCount
	failed    atomic.Int64 // no answer
	refused   atomic.Int64 // an answer that is not 2xx
	throttled atomic.Int64 // planned reports that found no free worker and had to wait
}

// stepCount counts distinct reports that reached a step, and knows when the last
// of them did.
type stepCount struct {
	seen []atomic.Bool
	n    atomic.Int64
	last atomic.Int64 // nanoseconds since start
}

func (s *stepCount) mark(n, at int64) {
	if !s.seen[n].Swap(true) {
		s.n.Add(1)
		s.last.Store(at)
	}
}

const mostPerSecond = 20_000 // capacity of a run without a rate

// Run sends, listens and counts. It returns an error only when it could not
// begin; whatever goes wrong on the way is in the result.
func Run(ctx context.Context, cfg Config) (Result, error) {
	if len(cfg.Services) == 0 || cfg.Measure <= 0 {
		return Result{}, errors.New("load: services and a time to measure are required")
	}
	r := prepare(cfg)
	listen, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	if err := r.listen(listen, &wg); err != nil {
		stop()
		wg.Wait()
		return Result{}, err
	}
	r.start = time.Now()
	r.send(ctx)
	sending := time.Since(r.start)
	r.drain(ctx)
	stored, storedErr := r.stored(ctx)
	stop()
	wg.Wait()
	return r.result(sending, stored, storedErr), nil
}

func prepare(cfg Config) *run {
	if cfg.Workers == 0 {
		cfg.Workers = 32
	}
	if cfg.Drain == 0 {
		cfg.Drain = 10 * time.Second
	}
	if cfg.Mode == "" {
		cfg.Mode = stdif.Test
	}
	if cfg.Text == 0 {
		cfg.Text = 60
	}
	perSecond := cfg.Rate
	if perSecond == 0 {
		perSecond = mostPerSecond
	}
	n := int((cfg.Warmup+cfg.Measure).Seconds()*perSecond) + len(cfg.Services) + 1
	r := &run{cfg: cfg, prefix: "L-" + rand.Text()[:8] + "-", text: strings.Repeat("試験です。", cfg.Text/5+1),
		sentAt: make([]atomic.Int64, n), ackAt: make([]atomic.Int64, n), lag: make([]int64, n)}
	for i := range r.steps {
		r.steps[i].seen = make([]atomic.Bool, n)
	}
	return r
}

func (r *run) since() int64 { return max(1, int64(time.Since(r.start))) } // 0 means never

// listen opens all feeds and the services' event streams, and returns when each
// stands: a report that is sent before would be missed by nobody's fault.
func (r *run) listen(ctx context.Context, wg *sync.WaitGroup) error {
	for _, c := range r.cfg.Consoles {
		c.begin(r)
		if err := c.open(ctx); err != nil {
			return fmt.Errorf("console %s: %w", c.Name, err)
		}
	}
	for _, c := range r.cfg.Consoles {
		wg.Go(func() { c.follow(ctx) })
	}
	for _, s := range r.cfg.Services {
		stands := make(chan struct{})
		once := sync.OnceFunc(func() { close(stands) })
		wg.Go(func() {
			_ = s.Follow(ctx, "", func(up bool) { // ends with ctx
				if up {
					once()
				}
			}, r.step)
		})
		select {
		case <-stands:
		case <-time.After(10 * time.Second):
			return errors.New("load: a service's event stream does not open")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// step counts what the services are told.
func (r *run) step(e intake.Event) error {
	id, step := "", stdif.AckStep("")
	switch {
	case e.Status != nil:
		id, step = e.Status.ReportID, e.Status.Step
	case e.Input != nil && e.Input.Ack != nil:
		id, step = e.Input.ReportID, e.Input.Ack.Step
	}
	n, ok := r.number(id)
	if !ok || step == stdif.Refused {
		return nil
	}
	for i, s := range []stdif.AckStep{stdif.Received, stdif.Integrated} {
		if step == s || s.Before(step) {
			r.steps[i].mark(n, r.since())
		}
	}
	return nil
}

// number reads the number out of an id of this run.
func (r *run) number(id string) (int64, bool) {
	digits, ok := strings.CutPrefix(id, r.prefix)
	if !ok || len(digits) != 8 {
		return 0, false
	}
	n := int64(0)
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, n < int64(len(r.sentAt))
}

func (r *run) id(n int64) string { return fmt.Sprintf("%s%08d", r.prefix, n) }

// send sends until the time is over and every answer is in.
func (r *run) send(ctx context.Context) {
	var wg sync.WaitGroup
	end := r.cfg.Warmup + r.cfg.Measure
	work := make(chan plan)
	for _, s := range r.cfg.Services {
		for range r.cfg.Workers {
			wg.Go(func() {
				for p := range work {
					r.one(ctx, s, p)
				}
			})
		}
	}
	if r.cfg.Rate == 0 {
		r.flat(ctx, end, work)
	} else {
		r.paced(ctx, end, work)
	}
	close(work)
	wg.Wait()
}

// plan is one report to be sent at an instant (0: now).
type plan struct {
	n  int64
	at time.Duration
}

func (r *run) flat(ctx context.Context, end time.Duration, work chan<- plan) {
	for time.Since(r.start) < end {
		n := r.next.Add(1) - 1
		if n >= int64(len(r.sentAt)) {
			return
		}
		select {
		case work <- plan{n: n}:
		case <-ctx.Done():
			return
		}
	}
}

func (r *run) paced(ctx context.Context, end time.Duration, work chan<- plan) {
	gap := time.Duration(float64(time.Second) / r.cfg.Rate)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := int64(0); ; i++ {
		at := time.Duration(i) * gap
		if at >= end || i >= int64(len(r.sentAt)) {
			return
		}
		timer.Reset(time.Until(r.start.Add(at)))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		p := plan{n: r.next.Add(1) - 1, at: at}
		select {
		case work <- p:
			continue
		default:
			r.throttled.Add(1)
		}
		select {
		case work <- p:
		case <-ctx.Done():
			return
		}
	}
}

func (r *run) one(ctx context.Context, s *intake.Client, p plan) {
	report := stdif.Report{
		ID: r.id(p.n), Revision: 1, EventTime: time.Now(), Kind: stdif.IncidentType{Code: stdif.KindOther, Label: "試験"}, Text: r.text,
		Locations: []stdif.Location{{Role: "caller", Shape: "civic", Label: "試験", Civic: &stdif.Civic{Prefecture: "大阪府", City: "例示市", Line: "本町1"}}},
	}
	at := r.since()
	r.sentAt[p.n].Store(at)
	if r.cfg.Rate > 0 {
		r.lag[p.n] = at - int64(p.at)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	a, err := s.Report(ctx, r.cfg.Mode, report)
	switch {
	case err != nil:
		r.failed.Add(1)
	case !a.Taken():
		r.refused.Add(1)
	default:
		r.ackAt[p.n].Store(r.since())
	}
}

// drain waits until every console has shown what was acknowledged and every
// step is in, or the time is over.
func (r *run) drain(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(r.cfg.Drain)
	defer late.Stop()
	acked := int64(0)
	for n := range r.next.Load() {
		if r.ackAt[n].Load() != 0 {
			acked++
		}
	}
	for !r.complete(acked) {
		select {
		case <-ctx.Done():
			return
		case <-late.C:
			return
		case <-tick.C:
		}
	}
}

func (r *run) complete(acked int64) bool {
	if r.steps[0].n.Load() < acked || r.cfg.Paint && len(r.cfg.Consoles) > 0 && r.steps[1].n.Load() < acked {
		return false
	}
	for _, c := range r.cfg.Consoles {
		if c.shown.n.Load() < acked {
			return false
		}
	}
	return true
}

// stored asks the server through the first console; -1 when there is none.
func (r *run) stored(ctx context.Context) (int64, error) {
	if len(r.cfg.Consoles) == 0 {
		return -1, nil
	}
	return r.cfg.Consoles[0].stored(ctx, r.prefix)
}
