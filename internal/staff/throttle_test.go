package staff

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

var sato = &Person{ID: "p1", Account: "sato", State: Active}

func TestJudge(t *testing.T) {
	suspended := *sato
	suspended.State = Suspended
	for _, tt := range []struct {
		name    string
		p       *Person
		matched bool
		want    string
	}{
		{"right password", sato, true, ""},
		{"wrong password", sato, false, "login.refused"},
		{"unknown account", nil, false, "login.refused"},
		{"unknown account, though matched", nil, true, "login.refused"},
		{"suspended", &suspended, true, "login.refused"},
	} {
		try, err := Judge(Try{Account: Throttle{Subject: "a"}, Console: Throttle{Subject: "c"}}, tt.p, tt.matched, noon)
		tries := 1
		if tt.want == "" {
			tries = 0
		}
		if f := fault.As(err); tt.want == "" && err != nil || tt.want != "" && (f == nil || f.Key != tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if try.Account.Tries != tries || try.Console.Tries != tries || try.Account.Subject != "a" || try.Console.Subject != "c" {
			t.Errorf("%s: %+v, want %d tries each", tt.name, try, tries)
		}
	}
}

func TestWaitDoublesAndEnds(t *testing.T) {
	var try Try
	now := noon
	var waits []time.Duration
	for range 40 {
		try, _ = Judge(try, nil, false, now)
		wait := max(try.Account.Remaining(now), try.Console.Remaining(now))
		waits = append(waits, wait)
		if wait > 0 {
			before := try
			hammered, err := Judge(try, sato, true, now.Add(wait-time.Millisecond))
			if f := fault.As(err); f == nil || f.Kind != fault.TooMany || hammered != before {
				t.Fatalf("a try during the wait: %v, %+v", err, hammered)
			}
		}
		now = now.Add(wait)
	}
	want := []time.Duration{0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60}
	for i, w := range want {
		if waits[i] != w*time.Second {
			t.Errorf("wait after try %d = %v, want %v", i+1, waits[i], w*time.Second)
		}
	}
	if last := waits[len(waits)-1]; last != time.Minute {
		t.Errorf("wait after 40 tries = %v, want a minute", last)
	}
	if _, err := Judge(try, sato, true, now); err != nil {
		t.Errorf("the right password after 40 wrong ones: %v", err)
	}
}

// A clock that jumps back must not turn a minute into a year.
func TestClockSetBackDoesNotStretchTheWait(t *testing.T) {
	th := Throttle{Tries: 50, WaitUntil: noon.AddDate(1, 0, 0)}
	if got := th.Remaining(noon); got != time.Minute {
		t.Errorf("Remaining = %v, want at most a minute", got)
	}
}

// A hostile seat tries one account as fast as it may, for a day. The owner at
// another seat, who comes at any moment, is in within ten seconds.
func TestOneHostileSeatLocksNobodyOut(t *testing.T) {
	r := rand.New(rand.NewPCG(119, 1))
	var account, hostile Throttle
	arrivals := map[int]bool{}
	for range 200 {
		arrivals[1000+r.IntN(80_000)] = true
	}
	attempts := 0
	for second := range 86_400 {
		now := noon.Add(time.Duration(second) * time.Second)
		try, err := Judge(Try{Account: account, Console: hostile}, nil, false, now)
		if fault.Of(err) != fault.TooMany {
			attempts++
		}
		account, hostile = try.Account, try.Console
		if !arrivals[second] {
			continue
		}
		if wait := account.Remaining(now); wait > accountWait {
			t.Fatalf("at second %d the owner would wait %v", second, wait)
		}
		in := now.Add(account.Remaining(now))
		if hostile.Remaining(in) == 0 {
			continue // the two meet in the same second; the next one decides
		}
		if _, err := Judge(Try{Account: account}, sato, true, in); err != nil {
			t.Fatalf("at second %d the owner is kept out: %v", second, err)
		}
	}
	if attempts > 1500 {
		t.Errorf("one seat made %d tries in a day", attempts)
	}
}
