package agent

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

func input(service, report, id string, verb stdif.Verb) stdif.Input {
	in := stdif.Input{ID: id, ServiceID: service, ReportID: report, Mode: stdif.Actual, Verb: verb, At: time.Now()}
	switch verb {
	case stdif.VerbAck:
		in.Ack = &stdif.Ack{ReportID: report, Revision: 1, Step: stdif.Integrated, At: time.Now()}
	case stdif.VerbMessage:
		in.Message = &stdif.ChatMessage{ID: id, ReportID: report, From: stdif.FromHeadquarters, At: time.Now(), Text: "救急車が向かっています"}
	case stdif.VerbAccept:
		in.HQNumber = "2026-0017"
	case stdif.VerbClose:
		in.Reason = "handled"
	}
	return in
}

func (s *site) input(in ...stdif.Input) []stdif.InputResult {
	s.Helper()
	out, err := s.gateway().Inputs(s.Context(), in)
	if err != nil {
		s.Fatalf("Inputs: %v", err)
	}
	return out
}

func (s *site) taken(in ...stdif.Input) {
	s.Helper()
	for i, r := range s.input(in...) {
		if !r.Taken || r.ID != in[i].ID {
			s.Errorf("input %s %s: %+v, want taken", in[i].ID, in[i].Verb, r)
		}
	}
}

func TestInputsReachTheService(t *testing.T) {
	s := newSite(t, nil)
	s.report("net119", newReport("N-1", 1))
	e := s.events("net119", "")
	s.taken(input("net119", "N-1", "a1", stdif.VerbAck))
	e.step(t, "N-1", stdif.Integrated)
	s.taken(input("net119", "N-1", "i1", stdif.VerbAccept), input("net119", "N-1", "i2", stdif.VerbMessage))
	e.input(t, "i1")
	last := e.input(t, "i2")
	e.cancel()
	// The service was away: it resumes after what it had, and repeats have no effect.
	s.taken(input("net119", "N-1", "i2", stdif.VerbMessage), input("net119", "N-1", "i3", stdif.VerbMessage))
	e = s.events("net119", last.id)
	first := e.wait(t, "an input", func(one event) bool { return one.name == "input" })
	if !strings.Contains(first.data, `"i3"`) {
		t.Errorf("first input after resuming = %s, want i3", first.data)
	}
	// A place of another spool begins at the beginning: nothing may be missed.
	e = s.events("net119", "999.another-spool")
	e.input(t, "i1")
	v := s.do("net119", "GET", open1.PathIntakeReports+"/N-1", nil, nil).status(t)
	if !v.Claimed || v.HQNumber != "2026-0017" || v.Closed || v.Step != stdif.Integrated {
		t.Errorf("status = %+v", v)
	}
	// Steps never go back.
	back := input("net119", "N-1", "a2", stdif.VerbAck)
	back.Ack.Step = stdif.Received
	s.taken(back)
	s.taken(input("net119", "N-1", "i4", stdif.VerbClose))
	v = s.do("net119", "GET", open1.PathIntakeReports+"/N-1", nil, nil).status(t)
	if v.Step != stdif.Integrated || !v.Closed {
		t.Errorf("after an older step and the close: %+v", v)
	}
	s.restart()
	v = s.do("net119", "GET", open1.PathIntakeReports+"/N-1", nil, nil).status(t)
	if !v.Closed || v.HQNumber != "2026-0017" {
		t.Errorf("after a restart: %+v", v)
	}
	s.sound()
}

// A service may be output-only: input to it is refused cleanly and says so, the
// rest of the list is taken, and what is for the terminal itself works.
func TestOutputOnly(t *testing.T) {
	duty(t, "S3-1-3-1")
	s := newSite(t, nil)
	s.report("aacn", newReport("A-1", 1))
	s.report("net119", newReport("N-1", 1))
	seen := input("aacn", "A-1", "a1", stdif.VerbAck)
	seen.Ack.Step = stdif.Seen
	got := s.input(input("aacn", "A-1", "i1", stdif.VerbMessage), input("aacn", "A-1", "i2", stdif.VerbAccept), seen,
		input("aacn", "A-1", "r1", stdif.VerbRing), input("net119", "N-1", "i3", stdif.VerbMessage), input("net119", "N-9", "i4", stdif.VerbMessage))
	for i, want := range []stdif.Code{stdif.CodeOutputOnly, stdif.CodeOutputOnly, 0, 0, 0, stdif.CodeUnknownReport} {
		var code stdif.Code
		if got[i].Problem != nil {
			code = got[i].Problem.Code
		}
		if code != want || got[i].Taken != (want == 0) {
			t.Errorf("input %d: %+v, want code %d", i, got[i], want)
		}
	}
	v := s.do("aacn", "GET", open1.PathIntakeReports+"/A-1", nil, nil).status(t)
	if v.Step != stdif.Seen || v.Claimed {
		t.Errorf("output-only status = %+v, want seen", v)
	}
	h, err := s.gateway().Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range h.Services {
		if one.OutputOnly != (one.ServiceID == "aacn") {
			t.Errorf("health declares %+v", one)
		}
	}
	if list, err := s.Spool().Inputs(t.Context(), "aacn", 0, 10); err != nil || len(list) != 0 {
		t.Errorf("an output-only service has %d inputs, %v", len(list), err)
	}
}

// Data can be requested at any time: while idle, in a call, after it.
func TestDataRequest(t *testing.T) {
	duty(t, "S3-1-3-2")
	s := newSite(t, nil)
	ask := func(service, report string) []stdif.Answer {
		t.Helper()
		out, err := s.gateway().Request(t.Context(), stdif.DataRequest{ServiceID: service, ReportID: report})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := ask("", ""); len(got) != 0 {
		t.Errorf("idle: %d answers, want none", len(got))
	}
	s.report("net119", newReport("N-1", 1))
	s.report("net119", newReport("N-1", 2))
	s.report("aacn", newReport("A-1", 1))
	s.chat("net119", "N-1", "c1", "はい")
	s.do("net119", "POST", open1.PathIntakeReports, withMode(stdif.Actual), []byte(`{"reportId":"N-1","revision":`))
	inCall := ask("net119", "N-1")
	var report, chat, raw int
	for _, a := range inCall {
		switch {
		case a.Inbound.Report != nil && a.Inbound.Report.Revision == 2 && a.Mode == stdif.Actual:
			report++
		case a.Inbound.Chat != nil && a.Inbound.Chat.Text == "はい":
			chat++
		case a.Inbound.Raw != nil:
			raw++
		}
	}
	if report != 1 || chat != 1 || len(inCall) != 2+raw {
		t.Errorf("in a call: %d reports, %d lines, %d raw of %d", report, chat, raw, len(inCall))
	}
	if got := ask("aacn", ""); len(got) != 1 || got[0].Inbound.Report.ID != "A-1" {
		t.Errorf("all open of one service: %+v", got)
	}
	s.taken(input("net119", "N-1", "i1", stdif.VerbClose))
	if a := s.state("net119", "N-1", stdif.ServiceEnded); a.code != 201 {
		t.Fatalf("state: %d %s", a.code, a.body)
	}
	if got := ask("net119", "N-1"); len(got) < 2 || got[0].Inbound.Report.Revision != 2 {
		t.Errorf("after the call: %+v", got)
	}
	if got := ask("net119", "N-9"); len(got) != 0 {
		t.Errorf("unknown report: %d answers", len(got))
	}
}

func TestHostileInputs(t *testing.T) {
	s := newSite(t, nil)
	s.report("net119", newReport("N-1", 1))
	bad := input("net119", "N-1", "", stdif.VerbMessage)
	hollow := input("net119", "N-1", "h1", stdif.VerbAck)
	hollow.Ack = nil
	other := input("net119", "N-1", "m1", stdif.VerbMessage)
	other.Mode = stdif.Test
	for i, r := range s.input(bad, hollow, other) {
		if r.Taken || r.Problem == nil {
			t.Errorf("input %d: %+v, want refused", i, r)
		}
	}
	_, err := s.gateway().Inputs(t.Context(), []stdif.Input{{ID: strings.Repeat("x", 2<<20)}})
	var status *open1.StatusError
	if !errors.As(err, &status) || status.Problem == nil || status.Problem.Code != stdif.CodeTooLarge {
		t.Errorf("oversized inputs: %v, want %d", err, stdif.CodeTooLarge)
	}
}
