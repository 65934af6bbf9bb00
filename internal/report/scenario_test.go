package report

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the narratives in testdata; review the difference")

var noon = time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC) // 12:00 in Japan

// Scenarios are text: commands, then what happened. "wait" lets time act as the
// worker does, event by event; "clock" sets the machine's clock.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told := (&story{t: t, now: noon}).tell(string(text))
			if *rewrite {
				if err := os.WriteFile(file, []byte(told), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(text), told); diff != "" {
				t.Errorf("run with -rewrite and review:\n%s", diff)
			}
		})
	}
}

// story is one report and the clock.
type story struct {
	t    *testing.T
	now  time.Time
	r    Report
	born bool
	said strings.Builder
}

// tell runs the commands of a text and puts the narrative below each block.
func (s *story) tell(text string) string {
	var out strings.Builder
	answering := false
	flush := func() {
		if s.said.Len() > 0 {
			out.WriteString("----\n" + s.said.String())
		}
		s.said.Reset()
		answering = false
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "----":
			answering = true
		case answering && line != "": // the old narrative
		case line == "" || strings.HasPrefix(line, "#"):
			flush()
			out.WriteString(line + "\n")
		default:
			out.WriteString(line + "\n")
			s.do(line)
		}
	}
	flush()
	return out.String()
}

func (s *story) do(line string) {
	verb, args := words(line)
	before := s.r
	var err error
	switch verb {
	case "arrive":
		s.arrive(args)
		return
	case "wait":
		s.wait(s.duration(args[""]))
		return
	case "clock":
		s.clock(s.duration(args[""]))
		return
	case "take":
		s.r, err = s.r.Take(by(args), s.now)
	case "release":
		s.r, err = s.r.Release(by(args), s.now)
	case "close":
		s.r, err = s.r.Close(by(args), args["reason"], s.now)
	case "take-over":
		s.r, err = s.r.TakeOver(by(args), args["supervisor"] == "yes", args["reason"], s.now)
	case "offer":
		s.r, err = s.r.Hand(by(args), args["to"], s.now)
	case "withdraw":
		s.r, err = s.r.Withdraw(by(args), s.now)
	case "accept":
		s.r, err = s.r.Accept(by(args), s.now)
	case "refuse":
		s.r, err = s.r.Refuse(by(args), s.now)
	case "silent": // the seat of the claim has said nothing for so long
		s.r, _ = s.r.Neglect(s.duration(args[""]), s.now)
	case "back":
		s.r, _ = s.r.Attend(0, s.now)
	case "raise":
		s.r, err = s.r.Raise(by(args), args["reason"], "0401-0002", s.now)
	case "pass":
		s.r, err = s.r.Pass(args["from"], by(args), s.now)
	case "open":
		s.r = s.r.See(s.now)
	case "paint":
		s.r, _ = s.r.Integrate(s.now)
	case "hear":
		s.r = s.r.Hear(among(s.t, stdif.ServiceState(args[""]), states), s.now)
	case "chat":
		s.r = s.r.Chat(among(s.t, stdif.ChatFrom(args[""]), speakers), s.now, s.now)
	default:
		s.t.Fatalf("%q: no such command", line)
	}
	if err != nil {
		s.say("%s: refused, %s", verb, refusal(err))
		return
	}
	s.show(verb, before)
}

func (s *story) arrive(args map[string]string) {
	a := Arrival{
		Terminal: "t-01", Service: "net119", ServiceReport: "N-1", Mode: stdif.Actual, Revision: s.number(args, "revision"),
		Frame: "frame-" + args["revision"], Kind: "fire", EventAt: s.now, SentAt: s.now.Add(s.optional(args["skew"])),
		Late: args["late"] == "yes", Undecodable: args["undecodable"] == "yes", Cancelled: args["cancelled"] == "yes",
	}
	if args["mode"] != "" {
		a.Mode = stdif.Mode(args["mode"])
	}
	if !s.born {
		s.r, s.born = Arrive(a, "id", "0401-0001", s.now), true
		s.show("arrive", Report{})
		return
	}
	before := s.r
	n, verdict, err := s.r.Revise(a, s.now)
	if err != nil {
		s.say("revision %d: refused, %v", a.Revision, err)
		return
	}
	s.r = n
	s.show("revision "+args["revision"]+" "+[...]string{"first", "replaced", "older", "repeated"}[verdict], before)
}

// wait lets time act as internal/wake does.
func (s *story) wait(d time.Duration) {
	end := s.now.Add(d)
	for !s.r.Due.IsZero() && !s.r.Due.After(end) {
		if s.r.Due.After(s.now) {
			s.now = s.r.Due
		}
		before := s.r
		n, event, _ := s.r.WakeOnce(s.now)
		if event == "" {
			s.t.Fatalf("due at %s and nothing happens: %+v", s.clockTime(), s.r)
		}
		s.r = n
		s.show(string(event), before)
	}
	s.now = end
}

// clock moves the machine's clock and does what the worker does about it.
func (s *story) clock(d time.Duration) {
	s.now = s.now.Add(d)
	n, moved := s.r.Reanchor(s.now)
	s.r = n
	s.say("clock is %s, anchors moved: %t", s.clockTime(), moved)
	for _, at := range []time.Time{n.RingsAt, n.AliveAt, n.StaleAt} {
		if at.After(s.now) {
			s.t.Errorf("an anchor stays in the future: %s", at)
		}
	}
}

func (s *story) show(what string, before Report) {
	r := s.r
	line := fmt.Sprintf("%s: %s, step %s", what, r.State, r.Step)
	for _, f := range []struct {
		set  bool
		word string
	}{
		{r.Claim.Console != "", "held by " + r.Claim.Console + "/" + r.Claim.Person},
		{!r.Claim.StaleAt.IsZero(), "its seat is silent"},
		{r.Before.Console != "" && r.Before.Handed, "handed on by " + r.Before.Console + "/" + r.Before.Person},
		{r.Before.Console != "" && !r.Before.Handed, "taken from " + r.Before.Console + "/" + r.Before.Person + ", " + r.Before.Reason},
		{r.Offer.To != "", "offered to " + r.Offer.To},
		{r.Offer.Refused != "", "refused by " + r.Offer.Refused},
		{!r.Raised.At.IsZero(), "raised by " + r.Raised.Console + "/" + r.Raised.Person + " as " + r.Raised.Reason + ", number " + r.Number + " was " + r.Raised.Number},
		{r.Escalation > 0 && r.Unclaimed(), "escalation " + strconv.FormatInt(r.Escalation, 10)},
		{!r.UnheardAt.IsZero(), "unheard"},
		{!r.StaleAt.IsZero() && r.SilentAt.IsZero(), "stale"},
		{!r.SilentAt.IsZero(), "silent"},
		{!r.EndedAt.IsZero(), "ended by the service (" + string(r.Ended) + ")"},
		{r.Cancelled, "cancelled"},
		{r.Reopened, "reopened"},
		{r.Late, "late"},
		{r.Undecodable, "undecodable"},
		{r.Skew != 0, "clock differs by " + r.Skew.String()},
		{r.State == Closed, "closed by " + r.Closing.Console + "/" + r.Closing.Person + " as " + r.Closing.Reason},
	} {
		if f.set {
			line += ", " + f.word
		}
	}
	for _, c := range Causes(before, r) {
		line += ", missed: " + string(c)
	}
	switch {
	case r == before:
		line += "; nothing changed"
	case r.Due.IsZero():
		line += "; nothing more by itself"
	}
	s.say("%s", line)
}

func (s *story) say(format string, args ...any) {
	fmt.Fprintf(&s.said, "%s  %s\n", s.clockTime(), fmt.Sprintf(format, args...))
}

func (s *story) clockTime() string {
	return s.now.In(time.FixedZone("JST", 9*60*60)).Format("15:04:05")
}

func (s *story) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *story) optional(text string) time.Duration {
	if text == "" {
		return 0
	}
	return s.duration(text)
}

func (s *story) number(args map[string]string, key string) int64 {
	n, err := strconv.ParseInt(args[key], 10, 64)
	if err != nil {
		s.t.Fatalf("%s: %v", key, err)
	}
	return n
}

var (
	states   = []stdif.ServiceState{stdif.ServiceActive, stdif.ServiceEnded, stdif.ServiceCallerGone, stdif.ServiceHandledHere}
	speakers = []stdif.ChatFrom{stdif.FromCaller, stdif.FromOperator, stdif.FromHeadquarters, stdif.FromTerminal, stdif.FromSystem}
)

func among[V comparable](t *testing.T, v V, known []V) V {
	t.Helper()
	if !slices.Contains(known, v) {
		t.Fatalf("%v is none of %v", v, known)
	}
	return v
}

func by(args map[string]string) By { return By{Console: args["console"], Person: args["person"]} }

func refusal(err error) string {
	f := fault.As(err)
	if f == nil {
		return err.Error()
	}
	if holder := f.Args["consoleId"]; holder != "" {
		return f.Key + " by " + holder + "/" + f.Args["personId"]
	}
	return f.Key
}

func words(line string) (verb string, args map[string]string) {
	args = map[string]string{}
	for i, w := range strings.Fields(line) {
		key, value, named := strings.Cut(w, "=")
		switch {
		case i == 0:
			verb = w
		case named:
			args[key] = value
		default:
			args[""] = w
		}
	}
	return verb, args
}
