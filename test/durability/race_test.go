package durability

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
)

// racerVariable holds the identity of the console that this process is.
const racerVariable = "MATOI_DURABILITY_RACER"

// outcome is what a console was told about its claim.
type outcome struct {
	Status  int
	Key     string
	Args    map[string]string
	Console string // who has the report, when the claim was taken
	Person  string
	Err     string
}

// race is a console of the race in a process of its own: for each id on standard
// input it claims that report and prints what came of it.
func race() int {
	var id identity
	if err := json.Unmarshal([]byte(os.Getenv(racerVariable)), &id); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	c := newConsole(id)
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for in.Scan() {
		var terminal string
		var times int
		if n, _ := fmt.Sscanf(in.Text(), "screen %s %d", &terminal, &times); n == 2 {
			raceForScreen(c, terminal, times, out)
			continue
		}
		var got card
		o := outcome{Status: http.StatusOK}
		err := c.ask(context.Background(), http.MethodPost, "/api/v1/reports/"+in.Text()+"/claim", map[string]string{}, &got)
		if no, ok := errors.AsType[*refused](err); ok {
			o.Status, o.Key, o.Args = no.Status, no.Key, no.Args
		} else if err != nil {
			o.Err = err.Error()
		} else if got.Claim != nil {
			o.Console, o.Person = got.Claim.ConsoleName, got.Claim.PersonName
		}
		if err := out.Encode(o); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return 0
}

// raceForScreen takes a screen so many times at once.
func raceForScreen(c *console, terminal string, times int, out *json.Encoder) {
	if tr, ok := c.http.Transport.(*http.Transport); ok {
		tr.ForceAttemptHTTP2 = true // one connection: the takes are to meet, not the handshakes
	}
	all := make(chan outcome, times)
	for range times {
		go func() {
			o := outcome{Status: http.StatusOK}
			got, err := c.screen(context.Background(), terminal, "take", operate)
			if no, ok := errors.AsType[*refused](err); ok {
				o.Status, o.Key, o.Args = no.Status, no.Key, no.Args
			} else if err != nil {
				o.Err = err.Error()
			}
			o.Console, o.Person = got.Holder.ConsoleName, got.Holder.PersonName
			all <- o
		}()
	}
	for range times {
		_ = out.Encode(<-all) // whoever reads it is gone if this fails
	}
}

type racer struct {
	*console
	in  io.WriteCloser
	out *json.Decoder
}

func newRacer(t *testing.T, c *console) *racer {
	t.Helper()
	id, err := json.Marshal(c.identity)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), racerVariable+"="+string(id))
	cmd.Stderr = os.Stderr
	r := &racer{console: c}
	if r.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.out = json.NewDecoder(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.in.Close() // its end is what the process waits for
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("racer: %v", err)
		}
	})
	return r
}

// Two consoles in processes of their own claim the same report, a thousand
// times: one winner each, the loser is told who has it, one entry of evidence.
func TestRace(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 60
	}
	s := newSite(t, 2)
	s.startServer()
	s.startTerminal()
	s.server.up(t)
	s.terminal.up(t)
	ids := s.present(rounds)
	a, b := newRacer(t, s.consoles[0]), newRacer(t, s.consoles[1])
	won := map[string]int{}
	start := time.Now()
	for i, id := range ids {
		first, second := a, b
		if i%2 == 1 {
			first, second = b, a
		}
		for _, r := range []*racer{first, second} {
			if _, err := fmt.Fprintln(r.in, id); err != nil {
				t.Fatal(err)
			}
		}
		var oa, ob outcome
		if err := errors.Join(a.out.Decode(&oa), b.out.Decode(&ob)); err != nil {
			t.Fatal(err)
		}
		winner, wo, lo := a, oa, ob
		if oa.Status != http.StatusOK {
			winner, wo, lo = b, ob, oa
		}
		won[winner.Name]++
		if wo.Status != http.StatusOK || wo.Console != winner.Name || wo.Person != winner.Person || wo.Err != "" {
			t.Errorf("round %d: the winner was told %+v", i, wo)
		}
		if lo.Status != http.StatusConflict || lo.Key != "claim.held" || lo.Args["consoleName"] != winner.Name || lo.Args["personName"] != winner.Person {
			t.Errorf("round %d: the loser of %s was told %+v", i, winner.Name, lo)
		}
		if t.Failed() && i > 3 {
			break
		}
	}
	t.Logf("%d rounds in %v, won: %v", len(ids), time.Since(start).Round(time.Millisecond), won)
	if len(won) != 2 {
		t.Error("one console won every race: they never met")
	}
	sound(t, s.hq) // beside the running processes
	sound(t, s.term)
	s.server.stop(t)
	s.terminal.stop(t)
	s.oneClaimEach(ids)
	sound(t, s.hq)
}

// present sends reports and waits until the board has them all.
func (s *site) present(n int) []string {
	s.Helper()
	work := make(chan string)
	failed := make(chan error, 8)
	for range cap(failed) {
		c := s.service()
		go func() { failed <- sendAll(s.Context(), c, work) }()
	}
	for i := range n {
		work <- fmt.Sprintf("R-%d", i)
	}
	close(work)
	for range cap(failed) {
		if err := <-failed; err != nil {
			s.Fatal(err)
		}
	}
	var b board
	until(s.T, "the board has every report", time.Minute, func() bool {
		return s.consoles[0].ask(s.Context(), http.MethodGet, "/api/v1/board", nil, &b) == nil && len(b.Reports) == n
	})
	ids := make([]string, 0, n)
	for _, r := range b.Reports {
		ids = append(ids, r.ID)
	}
	return ids
}

func sendAll(ctx context.Context, c *intake.Client, work <-chan string) error {
	var failed error
	for id := range work { // to its end, so that nobody waits for a reader
		if a, err := c.Report(ctx, stdif.Actual, newReport(id)); err != nil || !a.Taken() {
			failed = fmt.Errorf("report %s: %d, %w", id, a.Code, err)
		}
	}
	return failed
}

// oneClaimEach reads the evidence of every report.
func (s *site) oneClaimEach(ids []string) {
	s.Helper()
	h, err := app.OpenHouse(s.Context(), s.house())
	if err != nil {
		s.Fatal(err)
	}
	defer h.Close()
	for _, id := range ids {
		entries, err := h.Store.History(s.Context(), "report/"+id, 1000)
		if err != nil {
			s.Fatal(err)
		}
		n := 0
		for _, e := range entries {
			if e.Act != string(act.ReportClaim) {
				continue
			}
			n++
			if e.Actor.Console == "" || e.Actor.Person == "" {
				s.Errorf("report %s: the claim names %+v", id, e.Actor)
			}
		}
		if n != 1 {
			s.Errorf("report %s has %d entries of a claim", id, n)
		}
	}
}
