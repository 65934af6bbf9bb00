// Package aacn simulates an operator centre for automatic crash notification
// (standard-interface §2.4): a car reports a crash by itself, the centre sends
// it on as a 代理通報, and an operator calls into the car and completes it.
//
//	rev 1   crash vector, position, severity estimate — often before any voice
//	rev 2   occupants, belts, whether somebody answered the operator
//	rev n   cancelled, when the driver says that no help is needed
//
// Every revision is whole: it replaces the one before. The centre is installed
// software at the terminal, not a page. The severity estimate is a made-up
// curve, named as such, because a number without algorithm and version must
// not exist. Cars, persons, places and numbers are made up.
package aacn

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Name and version of the estimate below.
const (
	Algorithm = "example-logit"
	Version   = "1.0"
)

// Estimate returns a made-up probability of death or severe injury. It grows
// with the change of speed, and is higher for a side impact, several impacts,
// a rollover and missing belts (the four crash items of §2.4).
func Estimate(crashes []stdif.Crash, belted bool) float64 {
	z := -4.2
	for n, c := range crashes {
		z += c.DeltaV / 14
		if n > 0 {
			z += 0.4
		}
		if c.Direction >= 2 && c.Direction <= 4 || c.Direction >= 8 && c.Direction <= 10 {
			z += 0.9
		}
		if c.Rollover {
			z += 0.8
		}
	}
	if !belted {
		z += 1.1
	}
	return math.Round(1000/(1+math.Exp(-z))) / 1000
}

// Crash is what the car sends by itself.
type Crash struct {
	Mode     stdif.Mode
	Lat, Lon float64
	SpeedKmh float64 // before the crash
	Heading  float64
	Impacts  []stdif.Crash
	Belted   bool // as the buckle sensor says
	Vehicle  stdif.Vehicle
}

// Example is a front impact of a made-up car at a made-up crossing.
func Example(mode stdif.Mode) Crash {
	return Crash{
		Mode: mode, Lat: 34.7039, Lon: 135.5012, SpeedKmh: 54, Heading: 270, Belted: true,
		Impacts: []stdif.Crash{{Direction: 12, DeltaV: 42, Airbag: true}},
		Vehicle: stdif.Vehicle{VIN: "EXAMPLE0000000001", Plate: "例示 300 あ 00-00", Make: "例示自動車", Model: "サンプル", Colour: "白", Propulsion: "hybrid"},
	}
}

// Answered is what the operator heard in the car.
type Answered struct {
	Occupants int
	Belted    int
	Spoke     bool // somebody answered
	Text      string
}

// Config names the centre.
type Config struct {
	Organisation string
	Operator     string
	Callback     string
	Clock        func() time.Time
}

// Centre is the operator centre. All methods may be called from anywhere.
type Centre struct {
	cfg    Config
	sender *intake.Sender
	client *intake.Client

	mu    sync.Mutex
	calls map[string]*call
	order []string
	wake  chan struct{}
}

type call struct {
	mode   stdif.Mode
	report stdif.Report
	status *open1.Status
	inputs []stdif.Input
	lost   []stdif.Problem // what the terminal refused for good
	ended  bool
}

// ErrUnknown is returned for a call that the centre does not have.
var ErrUnknown = errors.New("aacn: unknown call")

// New opens a centre that hands over through client.
func New(cfg Config, client *intake.Client) *Centre {
	if cfg.Organisation == "" {
		cfg.Organisation = "例示緊急通報センター"
	}
	if cfg.Operator == "" {
		cfg.Operator = "オペレーター 1"
	}
	if cfg.Callback == "" {
		cfg.Callback = "+810000000000"
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	c := &Centre{cfg: cfg, client: client, calls: map[string]*call{}, wake: make(chan struct{})}
	c.sender = intake.NewSender(client, c.answered)
	return c
}

// Run hands over, listens, and sends heartbeats until ctx ends.
func (c *Centre) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { c.sender.Run(ctx) })
	wg.Go(func() {
		t := time.NewTicker(stdif.Heartbeat)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				c.beat()
			}
		}
	})
	err := c.client.Follow(ctx, "", nil, c.hear)
	wg.Wait()
	return err
}

// Crash sends revision 1, at once and without a person.
func (c *Centre) Crash(x Crash) string {
	now := c.cfg.Clock()
	v := x.Vehicle
	v.Crashes = slices.Clone(x.Impacts)
	id := fmt.Sprintf("A-%s-%s", now.UTC().Format("20060102-150405"), rand.Text()[:6])
	r := stdif.Report{
		ID: id, Revision: 1, EventTime: now,
		Kind: stdif.IncidentType{Code: stdif.KindRescue, LocalCode: "AACN", Label: "車両事故"},
		Text: "車両からの自動通報です。オペレーターが呼びかけています。",
		Locations: []stdif.Location{{Role: "vehicle", Shape: "circle", Lat: &x.Lat, Lon: &x.Lon, RadiusM: 15, Confidence: 0.95,
			Method: "gnss", AcquiredAt: &now, SpeedKmh: &x.SpeedKmh, HeadingDeg: &x.Heading, Label: "車両位置"}},
		Vehicle:  &v,
		Severity: &stdif.Severity{Value: Estimate(x.Impacts, x.Belted), Algorithm: Algorithm, Version: Version},
		Proxy:    &stdif.Proxy{Organisation: c.cfg.Organisation, Operator: c.cfg.Operator, Callback: c.cfg.Callback, Verified: "not-tried"},
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[id] = &call{mode: x.Mode, report: r}
	c.order = append(c.order, id)
	c.sender.Put(intake.Item{Mode: x.Mode, Report: &r})
	return id
}

// Answer sends the next revision with what the operator heard.
func (c *Centre) Answer(id string, a Answered) error {
	return c.revise(id, func(r *stdif.Report) {
		now := c.cfg.Clock()
		p := *r.Proxy
		p.Verified = "no-answer"
		if a.Spoke {
			p.Verified, p.AnsweredAt = "answered", &now
		}
		v := *r.Vehicle
		v.Occupants, v.Belted = a.Occupants, &a.Belted
		r.Proxy, r.Vehicle = &p, &v
		r.Severity = &stdif.Severity{Value: Estimate(v.Crashes, a.Belted >= a.Occupants), Algorithm: Algorithm, Version: Version}
		if a.Text != "" {
			r.Text = a.Text
		}
	})
}

// Cancel withdraws the report. It stays on the board until a person closes it.
func (c *Centre) Cancel(id, text string) error {
	return c.revise(id, func(r *stdif.Report) {
		r.Cancelled = true
		if text != "" {
			r.Text = text
		}
	})
}

func (c *Centre) revise(id string, change func(*stdif.Report)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.calls[id]
	if !ok {
		return ErrUnknown
	}
	next := k.report
	next.Revision++
	change(&next)
	k.report = next
	c.sender.Put(intake.Item{Mode: k.mode, Report: &next})
	return nil
}

// Say adds a line of the operator.
func (c *Centre) Say(id, text string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.calls[id]; !ok {
		return ErrUnknown
	}
	c.sender.Put(intake.Item{Chat: &stdif.ChatMessage{ID: rand.Text(), ReportID: id, From: stdif.FromOperator, At: c.cfg.Clock(), Text: text}})
	return nil
}

// End says that the centre has ended its part.
func (c *Centre) End(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.calls[id]
	if !ok {
		return ErrUnknown
	}
	k.ended = true
	c.sender.Put(intake.Item{State: &stdif.ReportState{ReportID: id, State: stdif.ServiceEnded, At: c.cfg.Clock()}})
	return nil
}

func (c *Centre) beat() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range c.order {
		if k := c.calls[id]; !k.ended {
			c.sender.Put(intake.Item{State: &stdif.ReportState{ReportID: id, State: stdif.ServiceActive, At: c.cfg.Clock()}})
		}
	}
}

func (c *Centre) answered(i intake.Item, a intake.Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.calls[i.ReportID()]
	switch {
	case a.Status != nil:
		k.hear(*a.Status)
	case !a.Taken() && a.Problem != nil:
		k.lost = append(k.lost, stdif.Problem{Code: a.Problem.Code, Place: a.Problem.Place, Detail: a.Problem.Detail})
	case !a.Taken():
		k.lost = append(k.lost, *stdif.Problemf(stdif.CodeInternal, "", "status %d", a.Code))
	}
	c.changed()
}

func (k *call) hear(s open1.Status) {
	if k.status == nil || !s.Step.Before(k.status.Step) {
		k.status = &s
	}
}

func (c *Centre) hear(e intake.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case e.Status != nil:
		if k := c.calls[e.Status.ReportID]; k != nil {
			k.hear(*e.Status)
		}
	case e.Input != nil:
		k := c.calls[e.Input.ReportID]
		if k == nil || slices.ContainsFunc(k.inputs, func(i stdif.Input) bool { return i.ID == e.Input.ID }) {
			return nil
		}
		k.inputs = append(k.inputs, *e.Input)
		if e.Input.Verb == stdif.VerbClose {
			k.ended = true // the centre has nothing more to keep alive
		}
	}
	c.changed()
	return nil
}

// changed owns c.mu.
func (c *Centre) changed() {
	close(c.wake)
	c.wake = make(chan struct{})
}

// Changed returns a channel that is closed when anything is heard.
func (c *Centre) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wake
}

// View is one call as the operator sees it.
type View struct {
	Report stdif.Report
	Step   stdif.AckStep // "" until the terminal has answered
	Inputs []stdif.Input
	Lost   []stdif.Problem
}

// Look returns a call.
func (c *Centre) Look(id string) (View, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.calls[id]
	if !ok {
		return View{}, ErrUnknown
	}
	v := View{Report: k.report, Inputs: slices.Clone(k.inputs), Lost: slices.Clone(k.lost)}
	if k.status != nil {
		v.Step = k.status.Step
	}
	return v, nil
}
