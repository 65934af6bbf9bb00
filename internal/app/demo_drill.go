package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/matoi119/matoi/internal/drill"
	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// DrillDemo plays the standalone drill in a demo of its own, with a simulated
// service and a simulated person at the terminal's own page: to see what it does
// before the real one.
func DrillDemo(ctx context.Context, demo DemoConfig, c DrillConfig) (_ Drilled, err error) {
	d, err := StartDemo(ctx, demo)
	if err != nil {
		return Drilled{}, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.drill(ctx, c)
}

// drill runs the drill against the demo's first terminal.
func (d *Demo) drill(ctx context.Context, c DrillConfig) (Drilled, error) {
	link, err := d.terms[0].PageLink()
	if err != nil {
		return Drilled{}, err
	}
	c.Terminal, c.simulated = "t-01", true
	c.Case = &playedCase{service: "relay.example", intake: &d.relay, link: link}
	if err := d.linked(ctx, c.Terminal); err != nil {
		return Drilled{}, err
	}
	return d.server.RunDrill(ctx, c)
}

// linked waits until the demo's link stands.
func (d *Demo) linked(ctx context.Context, id string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		l, err := d.server.Store.Terminals().Link(ctx, id)
		if err == nil && l.State.Up() {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// playedCase is a service and a person at the terminal's own page, who work a
// whole case through alone.
type playedCase struct {
	service string
	intake  *intake.Client
	link    string // opens the page once
	http    *http.Client
	after   func(step string) // of tests: what happens meanwhile
}

// Play implements drill.Case.
func (p *playedCase) Play(ctx context.Context, did func(step string)) (drill.Said, error) {
	id := "DRILL-" + uuid.NewString()[:8]
	s := drill.Said{Service: p.service, Report: id}
	if err := p.open(ctx); err != nil {
		return s, err
	}
	now := time.Now().UTC()
	steps := []struct {
		name string
		do   func() error
	}{
		{drill.StepArrived, func() error {
			s.Messages = append(s.Messages, drill.Key{Type: string(open1.TypeReport), Service: p.service, Report: id, Item: "1"})
			return p.sent(p.intake.Report(ctx, stdif.Exercise, stdif.Report{ID: id, Revision: 1, EventTime: now,
				Kind: stdif.IncidentType{Code: stdif.KindFire}, Text: "訓練です。台所で鍋から火が出ています。"}))
		}},
		{drill.StepRang, func() error { return p.until(ctx, func(s pageSeen) bool { return slices.Contains(s.Rings, id) }) }},
		{drill.StepAsked, func() error {
			for _, line := range []string{"c1", "c2"} {
				s.Messages = append(s.Messages, drill.Key{Type: string(open1.TypeChat), Service: p.service, Report: id, Item: line})
				err := p.sent(p.intake.Chat(ctx, stdif.ChatMessage{ID: line, ReportID: id, From: stdif.FromCaller, At: now, Text: "訓練：逃げました " + line}))
				if err != nil {
					return err
				}
				s.Lines++
			}
			return nil
		}},
		{drill.StepAnswered, func() error {
			s.Lines++
			return p.post(ctx, "/page/reports/"+p.service+"/"+id+"/chat", map[string]string{"text": "訓練：消防車が向かっています"})
		}},
		{drill.StepClosed, func() error {
			return p.post(ctx, "/page/reports/"+p.service+"/"+id+"/close", map[string]string{"reason": string(stdif.ServiceHandledHere)})
		}},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return s, fmt.Errorf("%s: %w", step.name, err)
		}
		did(step.name)
		if p.after != nil {
			p.after(step.name)
		}
	}
	return s, nil
}

func (p *playedCase) sent(a intake.Answer, err error) error {
	if err != nil {
		return err
	}
	if a.Status == nil {
		return fmt.Errorf("the terminal refused it: %+v", a.Problem)
	}
	return nil
}

// open exchanges the one-time link for the page's session.
func (p *playedCase) open(ctx context.Context) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	p.http = &http.Client{Jar: jar, Timeout: open1.RequestTimeout}
	_, key, _ := strings.Cut(p.link, "#key=")
	return p.post(ctx, "/page/session", map[string]string{"key": key})
}

func (p *playedCase) post(ctx context.Context, path string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.intake.Base+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := p.http.Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusNoContent {
		return errors.Join(err, fmt.Errorf("the terminal's page answered %s", res.Status))
	}
	return nil
}

// pageSeen is what of the page's state is looked at.
type pageSeen struct {
	Rings []string `json:"rings"`
}

// until looks at the page until it shows something.
func (p *playedCase) until(ctx context.Context, good func(pageSeen) bool) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.intake.Base+"/page/state", nil)
		if err != nil {
			return err
		}
		res, err := p.http.Do(req)
		if err != nil {
			return err
		}
		var s pageSeen
		err = json.NewDecoder(res.Body).Decode(&s)
		if err = errors.Join(err, res.Body.Close()); err != nil {
			return err
		}
		if good(s) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
