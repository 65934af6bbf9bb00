package check

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

//go:embed golden/report.json
var goldenReport string

// golden is the report that a call hands over; everything in it is invented.
func (x *run) golden(id string, revision int) []byte {
	s := strings.NewReplacer("@ID@", id, "@TIME@", x.o.Now().Format(time.RFC3339), `"revision":1`, fmt.Sprintf(`"revision":%d`, revision))
	return []byte(s.Replace(goldenReport))
}

// hand gives a message to the service's side and notes it.
func (x *run) hand(what string, size int, f func() error) *Outcome {
	done := x.step(fmt.Sprintf("service: %s, %d bytes", what, size))
	if err := f(); err != nil {
		done(cause(err))
		o := Outcome{Error, x.say("error.service", cause(err))}
		return &o
	}
	done("taken")
	return nil
}

func (x *run) handReport(ctx context.Context, id string, revision int) (wire []byte, no *Outcome) {
	wire = x.golden(id, revision)
	return wire, x.hand(fmt.Sprintf("report %s revision %d", id, revision), len(wire), func() error { return x.o.Service.Report(ctx, wire) })
}

func (x *run) handLine(ctx context.Context, id, line string) *Outcome {
	m := stdif.ChatMessage{ID: line, ReportID: id, From: stdif.FromCaller, At: x.o.Now(), Text: x.say("golden.line").Ja}
	return x.hand("chat "+line, len(m.Text), func() error { return x.o.Service.Chat(ctx, m) })
}

// openLine opens the data line when that harms nobody.
func (x *run) openLine(ctx context.Context) (line, *Outcome) {
	if x.state.LineTaken && !x.o.TakeLine {
		o := x.notRun("missing.line")
		return nil, &o
	}
	done := x.step("data line: open, nothing acknowledged")
	l, err := x.port.line(ctx)
	if err != nil {
		done(cause(err))
		o := x.said(err)
		return nil, &o
	}
	done("open")
	return l, nil
}

// from reads the line until want says that everything has come.
func (x *run) from(ctx context.Context, l line, want func(message) bool) error {
	ctx, cancel := context.WithTimeout(ctx, x.o.Patience)
	defer cancel()
	for {
		m, err := l.next(ctx)
		if err != nil {
			return err
		}
		if want(m) {
			return nil
		}
	}
}

// about reports whether a message is one of the runner's report.
func (m message) about(id string) bool {
	in := m.answer.Inbound
	return in.Report != nil && in.Report.ID == id || in.Chat != nil && in.Chat.ReportID == id || in.Media != nil && in.Media.ReportID == id
}

// c131a: a golden message goes in at the service's side and comes out as it was.
func c131a(ctx context.Context, x *run) Outcome {
	id := x.id
	l, no := x.openLine(ctx)
	if no != nil && no.Answer != NotRun {
		return *no
	}
	if l != nil {
		defer l.cut()
	}
	wire, no := x.handReport(ctx, id, 1)
	if no != nil {
		return *no
	}
	got, problem, no := x.arrived(ctx, l, id)
	if no != nil {
		return *no
	}
	if problem != nil {
		return x.fail("fail.undecodable", problem.Error())
	}
	x.service, x.report = got.ServiceID, id
	return x.compare(wire, got)
}

// arrived waits for the report: on the line where it is open, else by asking.
func (x *run) arrived(ctx context.Context, l line, id string) (got stdif.Answer, problem *stdif.Problem, no *Outcome) {
	done := x.step("wait for report " + id)
	found := false
	var err error
	if l != nil {
		err = x.from(ctx, l, func(m message) bool {
			if m.problem == nil && !m.about(id) {
				return false
			}
			got, problem, found = m.answer, m.problem, true
			return true
		})
	} else {
		found, err = x.until(ctx, func(ctx context.Context) (bool, error) {
			list, err := x.port.Request(ctx, stdif.DataRequest{ReportID: id})
			for _, a := range list {
				if a.Inbound.Report != nil || a.Inbound.Raw != nil {
					got = a
					if a.Inbound.Raw != nil {
						problem = &a.Inbound.Raw.Problem
					}
					return true, nil
				}
			}
			return false, err
		})
	}
	switch {
	case found:
		done(describe(got, problem))
		return got, problem, nil
	case err != nil && ctx.Err() == nil && l == nil:
		done(cause(err))
		o := x.said(err)
		return got, nil, &o
	}
	done("nothing in " + x.o.Patience.String())
	o := x.fail("fail.not-arrived", x.o.Patience)
	return got, nil, &o
}

// describe says what a message was without its words.
func describe(a stdif.Answer, p *stdif.Problem) string {
	if p != nil {
		return "problem " + p.Error()
	}
	b, err := open1.Marshal(a.Inbound)
	if err != nil {
		return "not encodable"
	}
	sum := sha256.Sum256(b)
	return fmt.Sprintf("service %s, mode %s, %d bytes, sha256 %s", a.ServiceID, a.Mode, len(b), hex.EncodeToString(sum[:8]))
}

// compare demands that what arrived says what was handed over, word for word.
func (x *run) compare(wire []byte, got stdif.Answer) Outcome {
	if got.Mode != stdif.Test {
		return x.fail("fail.mode", got.Mode)
	}
	sent, _, p := open1.DecodeReport(wire)
	if p != nil {
		return x.broken(p)
	}
	a, errA := open1.Marshal(sent)
	b, errB := open1.Marshal(got.Inbound.Report)
	if errA != nil || errB != nil {
		return x.fail("fail.undecodable", "encode")
	}
	if !bytes.Equal(a, b) {
		return x.fail("fail.changed", differs(a, b))
	}
	return x.pass("pass.golden", len(wire))
}

// differs names the place of the first difference. Both texts are the runner's
// own invention, so they may be shown.
func differs(a, b []byte) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	cut := func(t []byte) string {
		return strings.ToValidUTF8(string(t[max(0, min(i, len(t))-12):min(len(t), i+24)]), "…")
	}
	return fmt.Sprintf("byte %d: %s → %s", i, cut(a), cut(b))
}

// c131b: input reaches the service, or the service is declared output-only and
// refuses it cleanly.
func c131b(ctx context.Context, x *run) Outcome {
	if x.report == "" {
		return x.notRun("missing.call")
	}
	in := x.input()
	done := x.step("input message " + in.ID + " to service " + x.service)
	results, err := x.port.Input(ctx, []stdif.Input{in})
	if err != nil {
		done(cause(err))
		return x.said(err)
	}
	if len(results) != 1 {
		done(fmt.Sprintf("%d results", len(results)))
		return x.fail("fail.results", len(results))
	}
	res := results[0]
	said := "taken"
	if !res.Taken {
		said = fmt.Sprintf("not taken, problem %v", res.Problem)
	}
	done(said)
	if x.state.OutputOnly[x.service] {
		if res.Taken || res.Problem == nil || res.Problem.Code != stdif.CodeOutputOnly {
			return x.fail("fail.output-only")
		}
		return x.pass("pass.output-only")
	}
	if !res.Taken {
		return x.fail("fail.input-refused", res.Problem)
	}
	return x.handedOn(ctx, in)
}

func (x *run) input() stdif.Input {
	id := x.id + "-input"
	line := x.id + "-reply"
	return stdif.Input{
		ID: id, ServiceID: x.service, ReportID: x.report, Mode: stdif.Test, Verb: stdif.VerbMessage, At: x.o.Now(),
		Message: &stdif.ChatMessage{ID: line, ReportID: x.report, From: stdif.FromHeadquarters, At: x.o.Now(), Text: x.say("golden.reply").Ja},
	}
}

// handedOn sends the input again, which must not double it, and looks for it at
// the service's side.
func (x *run) handedOn(ctx context.Context, in stdif.Input) Outcome {
	if again, err := x.port.Input(ctx, []stdif.Input{in}); err != nil {
		return x.said(err)
	} else if len(again) != 1 || !again[0].Taken {
		return x.fail("fail.repeat")
	}
	done := x.step("service: look for the line " + in.Message.ID)
	n := 0
	_, err := x.until(ctx, func(ctx context.Context) (bool, error) {
		lines, err := x.o.Service.Lines(ctx, x.report)
		n = 0
		for _, m := range lines {
			if m.ID == in.Message.ID && m.From == stdif.FromHeadquarters && m.Text == in.Message.Text {
				n++
			}
		}
		return n > 0, err
	})
	done(fmt.Sprintf("%d times", n))
	switch {
	case err != nil:
		return Outcome{Error, x.say("error.service", cause(err))}
	case n == 0:
		return x.fail("fail.input-lost")
	case n > 1:
		return x.fail("fail.input-doubled", n)
	}
	return x.pass("pass.input")
}

// picture is a small PNG, the same in every run.
func picture() ([]byte, string, error) {
	img := image.NewGray(image.Rect(0, 0, 32, 32))
	for i := range 32 {
		img.Set(i, i, color.White)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, "", fmt.Errorf("make the picture: %w", err)
	}
	sum := sha256.Sum256(b.Bytes())
	return b.Bytes(), hex.EncodeToString(sum[:]), nil
}

// c131c: a picture comes with the bytes that were announced.
func c131c(ctx context.Context, x *run) Outcome {
	if x.report == "" {
		return x.notRun("missing.call")
	}
	content, digest, err := picture()
	if err != nil {
		return x.broken(err)
	}
	m := stdif.Media{ID: "m1", ReportID: x.report, MIME: "image/png", Bytes: int64(len(content)), SHA256: digest}
	if no := x.hand("medium m1, sha256 "+digest[:16], len(content), func() error { return x.o.Service.Medium(ctx, m, content) }); no != nil {
		return *no
	}
	done := x.step("fetch medium m1")
	got, n, err := x.port.medium(ctx, x.service, x.report, m.ID)
	if err != nil {
		done(cause(err))
		return x.said(err)
	}
	done(fmt.Sprintf("%d bytes, sha256 %s", n, got[:16]))
	if got != digest || n != m.Bytes {
		return x.fail("fail.digest")
	}
	return x.pass("pass.medium", n)
}

// c132: data can be asked for at any time: idle, in a call, after it.
func c132(ctx context.Context, x *run) Outcome {
	id := x.id + "-c132"
	if list, err := x.ask(ctx, "idle", id); err != nil {
		return x.said(err)
	} else if len(list) > 0 {
		return x.fail("fail.invented", len(list))
	}
	if _, no := x.handReport(ctx, id, 1); no != nil {
		return *no
	}
	if no := x.handLine(ctx, id, id+"-1"); no != nil {
		return *no
	}
	if no := x.whole(ctx, "in call", id); no != nil {
		return *no
	}
	if no := x.hand("state ended", 0, func() error {
		return x.o.Service.State(ctx, stdif.ReportState{ReportID: id, State: stdif.ServiceEnded, At: x.o.Now()})
	}); no != nil {
		return *no
	}
	if no := x.whole(ctx, "after call", id); no != nil {
		return *no
	}
	return x.pass("pass.request")
}

func (x *run) ask(ctx context.Context, when, id string) ([]stdif.Answer, error) {
	done := x.step("data request, " + when + ": report " + id)
	list, err := x.port.Request(ctx, stdif.DataRequest{ReportID: id})
	if err != nil {
		done(cause(err))
	} else {
		done(fmt.Sprintf("%d messages", len(list)))
	}
	return list, err
}

// whole demands the report and its line.
func (x *run) whole(ctx context.Context, when, id string) *Outcome {
	list, err := x.ask(ctx, when, id)
	if err != nil {
		o := x.said(err)
		return &o
	}
	report, line := false, false
	for _, a := range list {
		report = report || a.Inbound.Report != nil && a.Inbound.Report.ID == id
		line = line || a.Inbound.Chat != nil && a.Inbound.Chat.ReportID == id
	}
	if !report || !line {
		o := x.fail("fail.request", x.say("when."+strings.ReplaceAll(when, " ", "-")).Ja, when, report, line)
		return &o
	}
	return nil
}

// d01: the line is cut, messages go on coming, and all of them are there when it
// is back.
func d01(ctx context.Context, x *run) Outcome {
	id := x.id + "-d01"
	if x.report == "" {
		return x.notRun("missing.call")
	}
	l, no := x.openLine(ctx)
	if no != nil {
		return *no
	}
	_, no = x.handReport(ctx, id, 1)
	if no != nil {
		l.cut()
		return *no
	}
	var first message
	err := x.from(ctx, l, func(m message) bool { first = m; return m.problem == nil && m.about(id) })
	x.step("data line: cut")("cut")
	l.cut()
	if err != nil {
		return x.fail("fail.not-arrived", x.o.Patience)
	}
	if _, no := x.handReport(ctx, id, 2); no != nil {
		return *no
	}
	for _, n := range []string{"-1", "-2"} {
		if no := x.handLine(ctx, id, id+n); no != nil {
			return *no
		}
	}
	return x.resumed(ctx, id, first)
}

// resumed reads from a new line until all four messages are there.
func (x *run) resumed(ctx context.Context, id string, first message) Outcome {
	l, no := x.openLine(ctx)
	if no != nil {
		return *no
	}
	defer l.cut()
	done := x.step("data line: wait for what came meanwhile")
	got := map[int64]message{}
	err := x.from(ctx, l, func(m message) bool {
		if m.problem == nil && m.about(id) {
			got[m.seq] = m
		}
		return len(got) == 4
	})
	done(fmt.Sprintf("%d of 4 messages", len(got)))
	again, known := got[first.seq]
	switch {
	case err != nil:
		return x.fail("fail.lost", 4-len(got))
	case !known || again.spool != first.spool || again.digest != first.digest:
		return x.fail("fail.not-same")
	}
	return x.pass("pass.cut")
}
