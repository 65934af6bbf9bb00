package durability

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// Ten consoles in processes of their own take the same screen, a hundred times
// each, all at once: one has it, everybody else is told who, and one grant was
// made.
func TestScreenRace(t *testing.T) {
	duty(t, "S3-1-2-1")
	const consoles, each = 10, 100
	s := newSite(t, consoles)
	s.startServer()
	s.server.up(t)
	racers := make([]*racer, consoles)
	for i, c := range s.consoles {
		racers[i] = newRacer(t, c)
	}
	start := time.Now()
	for _, r := range racers {
		if _, err := fmt.Fprintf(r.in, "screen %s %d\n", terminalID, each); err != nil {
			t.Fatal(err)
		}
	}
	all := make([][]outcome, consoles)
	winner := -1
	for i, r := range racers {
		for range each {
			var o outcome
			if err := r.out.Decode(&o); err != nil {
				t.Fatal(err)
			}
			if o.Err != "" {
				t.Fatalf("console %d: %s", i, o.Err)
			}
			all[i] = append(all[i], o)
			if o.Status == http.StatusOK {
				winner = i
			}
		}
	}
	took := time.Since(start)
	if winner < 0 {
		t.Fatal("nobody got it")
	}
	has := s.consoles[winner]
	for i, mine := range all {
		for _, o := range mine {
			won := i == winner && o.Status == http.StatusOK && o.Console == has.Name && o.Person == has.Person
			told := i != winner && o.Status == http.StatusConflict && o.Key == "lease.held" && o.Args["consoleName"] == has.Name && o.Args["personName"] == has.Person
			if !won && !told {
				t.Errorf("%s was told %+v while %s has it", s.consoles[i].Name, o, has.Name)
			}
		}
	}
	var got taken
	if err := has.ask(t.Context(), http.MethodGet, "/api/v1/terminals/"+terminalID+"/screen", nil, &got); err != nil || got.Token != 1 {
		t.Errorf("token %d, %v: one grant was to be made", got.Token, err)
	}
	t.Logf("%d takes from %d processes in %v", consoles*each, consoles, took.Round(time.Millisecond))
	s.server.stop(t)
	sound(t, s.hq)
}
