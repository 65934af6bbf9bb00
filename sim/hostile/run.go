package hostile

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/matoi119/matoi/sim/intake"
)

// stepTimeout bounds one request; a slow body takes some seconds by itself.
const stepTimeout = 30 * time.Second

// Result is one answered step.
type Result struct {
	Group  string   `json:"group"`
	Name   string   `json:"name"`
	Step   int      `json:"step"` // from 1
	Want   string   `json:"want"`
	Status int      `json:"status"` // 0: no answer
	Code   int      `json:"code,omitempty"`
	Place  string   `json:"place,omitempty"`
	Times  int      `json:"times,omitempty"` // how often the step was sent, when more than once
	Wrong  []string `json:"wrong,omitempty"`
	TookMs float64  `json:"tookMs"`
}

// Outcome is what a run found.
type Outcome struct {
	Cases   int      `json:"cases"`
	Steps   int      `json:"steps"`
	Wrong   int      `json:"wrong"` // steps that were not answered as promised
	Results []Result `json:"results"`
}

// Run sends all cases, one after the other, and judges the answers. It stops
// early only when ctx ends.
func Run(ctx context.Context, to intake.Client, cases []Case, each func(Result)) (Outcome, error) {
	out := Outcome{}
	for _, c := range cases {
		out.Cases++
		for n, s := range c.Steps {
			r := step(ctx, to, s)
			if ctx.Err() != nil {
				return out, ctx.Err()
			}
			r.Group, r.Name, r.Step, r.Want = c.Group, c.Name, n+1, s.Expect.String()
			out.Steps++
			if len(r.Wrong) > 0 {
				out.Wrong++
			}
			out.Results = append(out.Results, r)
			if each != nil {
				each(r)
			}
		}
	}
	return out, nil
}

func step(ctx context.Context, to intake.Client, s Step) Result {
	if s.Credential != nil {
		to.Credential = *s.Credential
	}
	times := max(1, s.Times)
	results := make([]Result, times)
	bodies := make([]io.Reader, times)
	for n := range bodies {
		if s.Body != nil {
			bodies[n] = s.Body()
		}
	}
	var wg sync.WaitGroup
	for n := range times {
		wg.Go(func() { results[n] = once(ctx, to, s, bodies[n]) })
	}
	wg.Wait()
	r := results[0]
	for _, other := range results[1:] { // the first wrong one speaks for all
		if len(r.Wrong) == 0 && len(other.Wrong) > 0 {
			r = other
		}
		r.TookMs = max(r.TookMs, other.TookMs)
	}
	if times > 1 {
		r.Times = times
	}
	return r
}

func once(ctx context.Context, to intake.Client, s Step, body io.Reader) Result {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	start := time.Now()
	a, err := to.Do(ctx, s.Method, s.Path, s.Header.Clone(), body)
	r := Result{Status: a.Code, Wrong: s.Expect.Judge(a, err), TookMs: float64(time.Since(start).Microseconds()) / 1000}
	if a.Problem != nil {
		r.Code, r.Place = int(a.Problem.Code), a.Problem.Place
	}
	return r
}

// Text writes what an engineer reads: totals by group, then every step that
// was not answered as promised.
func (o Outcome) Text(w io.Writer) error {
	type sum struct{ steps, wrong int }
	groups := map[string]*sum{}
	for _, r := range o.Results {
		g := groups[r.Group]
		if g == nil {
			g = &sum{}
			groups[r.Group] = g
		}
		g.steps++
		if len(r.Wrong) > 0 {
			g.wrong++
		}
	}
	t := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	fmt.Fprintf(t, "group\tsteps\twrong\n")
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		fmt.Fprintf(t, "%s\t%d\t%d\n", name, groups[name].steps, groups[name].wrong)
	}
	fmt.Fprintf(t, "all\t%d\t%d\n", o.Steps, o.Wrong)
	for _, r := range o.Results {
		if len(r.Wrong) > 0 {
			fmt.Fprintf(t, "\n%s / %s, step %d:\twant %s\n\tgot %d %s code %d at %q\t%v\n", r.Group, r.Name, r.Step, r.Want, r.Status, http.StatusText(r.Status), r.Code, r.Place, r.Wrong)
		}
	}
	return t.Flush()
}
