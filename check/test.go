package check

import (
	"context"
	"time"
)

// Answer is what came of a test.
type Answer string

// The five answers.
const (
	Pass          Answer = "pass"
	Fail          Answer = "fail"
	Error         Answer = "error"          // of the runner or the line; says nothing about the terminal
	NotApplicable Answer = "not-applicable" // the declaration excludes it, with its reason
	NotRun        Answer = "not-run"        // something was missing; Because says what
)

// Outcome is an answer and why it was given.
type Outcome struct {
	Answer  Answer `json:"answer"`
	Because Words  `json:"because"`
}

// Test is one test of the list. It is a value: All returns them in the order in
// which they run.
type Test struct {
	ID    string // C121a
	Row   string // S3-1-2-1
	Title Words
	Does  Words         // what it does, for the report
	Limit time.Duration // for all of it

	// before says why the test cannot run, body tests, after leaves nothing behind
	// and runs whatever became of the body.
	before func(context.Context, *run) *Outcome
	body   func(context.Context, *run) Outcome
	after  func(context.Context, *run)
}

// Step is one thing that was sent and what came back. Neither holds words of a
// caller: they are sizes, digests, codes and ids of the runner's own.
type Step struct {
	At     time.Time `json:"at"`
	TookMs float64   `json:"tookMs"`
	Sent   string    `json:"sent"`
	Got    string    `json:"got"`
}

// Tested is the result of one test.
type Tested struct {
	ID       string    `json:"id"`
	Row      string    `json:"row"`
	Title    Words     `json:"title"`
	Does     Words     `json:"does"`
	Answer   Answer    `json:"answer"`
	Because  Words     `json:"because"`
	At       time.Time `json:"at"`
	TookMs   float64   `json:"tookMs"`
	Evidence []Step    `json:"evidence"`
}

// run is one test that runs.
type run struct {
	*runner
	test  string // its id
	steps []Step
}

// step notes what is done next; the returned function notes what came of it.
func (r *run) step(sent string) func(got string) {
	at := r.o.Now()
	r.steps = append(r.steps, Step{At: at, Sent: sent, Got: "-"})
	i := len(r.steps) - 1
	return func(got string) {
		r.steps[i].Got = plain(got, 400)
		r.steps[i].TookMs = ms(r.o.Now().Sub(at))
	}
}

func (r *run) pass(key string, v ...any) Outcome   { return Outcome{Pass, r.say(key, v...)} }
func (r *run) fail(key string, v ...any) Outcome   { return Outcome{Fail, r.say(key, v...)} }
func (r *run) notRun(key string, v ...any) Outcome { return Outcome{NotRun, r.say(key, v...)} }

// broken is a fault of the runner or the line.
func (r *run) broken(err error) Outcome { return Outcome{Error, r.say("error.line", cause(err))} }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
