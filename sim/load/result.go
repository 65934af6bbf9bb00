package load

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Percentiles of exact samples, in milliseconds.
type Percentiles struct {
	N    int     `json:"n"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Of sorts the samples (nanoseconds) and reads the percentiles off: the
// smallest sample that at least so many are not above (nearest rank).
func Of(samples []int64) Percentiles {
	if len(samples) == 0 {
		return Percentiles{}
	}
	slices.Sort(samples)
	at := func(perMille int) float64 {
		rank := (len(samples)*perMille + 999) / 1000
		return float64(samples[max(rank, 1)-1]) / 1e6
	}
	return Percentiles{N: len(samples), P50: at(500), P95: at(950), P99: at(990), P999: at(999), Max: at(1000)}
}

// Result is what a run found.
type Result struct {
	Run          string  `json:"run"` // prefix of the ids
	Services     int     `json:"services"`
	Consoles     int     `json:"consoles"`
	WantRate     float64 `json:"wantRate,omitempty"`
	SendingS     float64 `json:"sendingSeconds"`
	SentRate     float64 `json:"sentPerSecond"`
	Sent         int64   `json:"sent"`
	Acknowledged int64   `json:"acknowledged"`    // 201 or 200
	Refused      int64   `json:"refused"`         // any other answer
	Failed       int64   `json:"failed"`          // no answer
	Received     int64   `json:"received"`        // the service was told: durable at headquarters
	ReceivedS    float64 `json:"receivedSeconds"` // from the beginning until it was told of the last
	Integrated   int64   `json:"integrated"`      // the service was told: painted
	Stored       int64   `json:"stored"`          // the server says; -1: not asked
	StoredErr    string  `json:"storedError,omitempty"`
	ShownLeast   int64   `json:"shownLeast"` // on the console that showed fewest
	ShownMost    int64   `json:"shownMost"`
	Unsaved      int64   `json:"unsaved"`
	Reconnects   int64   `json:"reconnects"`
	Throttled    int64   `json:"throttled"` // found every worker busy

	Ack     Percentiles `json:"ackMs"`     // send to 201
	Event   Percentiles `json:"eventMs"`   // send to event, every console counted
	Slowest Percentiles `json:"slowestMs"` // send to the event on the last console
	Lag     Percentiles `json:"lagMs"`     // the generator's own lateness

	Missing []string `json:"missing,omitempty"` // "console: id", at most ten: acknowledged and not shown
}

func (r *run) result(sending time.Duration, stored int64, storedErr error) Result {
	out := Result{
		Run: r.prefix, Services: len(r.cfg.Services), Consoles: len(r.cfg.Consoles), WantRate: r.cfg.Rate, SendingS: sending.Seconds(),
		Refused: r.refused.Load(), Failed: r.failed.Load(), Received: r.steps[0].n.Load(), ReceivedS: float64(r.steps[0].last.Load()) / 1e9, Integrated: r.steps[1].n.Load(),
		Stored: stored, Throttled: r.throttled.Load(),
	}
	if storedErr != nil {
		out.StoredErr = storedErr.Error()
	}
	var ack, event, slowest, lag []int64
	for n := range min(r.next.Load(), int64(len(r.sentAt))) {
		sent := r.sentAt[n].Load()
		if sent == 0 {
			continue
		}
		out.Sent++
		measured := sent >= int64(r.cfg.Warmup)
		if measured && r.cfg.Rate > 0 {
			lag = append(lag, max(0, r.lag[n]))
		}
		acked := r.ackAt[n].Load()
		if acked == 0 {
			continue
		}
		out.Acknowledged++
		if measured {
			ack = append(ack, acked-sent)
		}
		last := r.shownOn(n, sent, measured, &event, &out)
		if measured && last > 0 {
			slowest = append(slowest, last)
		}
	}
	out.SentRate = float64(out.Sent) / max(sending.Seconds(), 1e-9)
	out.Ack, out.Event, out.Slowest, out.Lag = Of(ack), Of(event), Of(slowest), Of(lag)
	r.perConsole(&out)
	return out
}

// shownOn adds one report's latencies and returns the one of its last console,
// 0 when a console never showed it.
func (r *run) shownOn(n, sent int64, measured bool, event *[]int64, out *Result) (last int64) {
	whole := true
	for _, c := range r.cfg.Consoles {
		at := c.shownAt[n]
		if at == 0 {
			whole = false
			if len(out.Missing) < 10 {
				out.Missing = append(out.Missing, c.Name+": "+r.id(n))
			}
			continue
		}
		if measured {
			*event = append(*event, at-sent)
		}
		last = max(last, at-sent)
	}
	if !whole {
		return 0
	}
	return last
}

func (r *run) perConsole(out *Result) {
	for i, c := range r.cfg.Consoles {
		shown := c.shown.n.Load()
		if i == 0 || shown < out.ShownLeast {
			out.ShownLeast = shown
		}
		out.ShownMost = max(out.ShownMost, shown)
		out.Unsaved += c.unsaved.Load()
		out.Reconnects += c.reconnect.Load()
	}
}

// Whole reports whether everything that was acknowledged was stored, told and
// shown on every console, and nothing failed.
func (r Result) Whole() bool {
	shown := r.Consoles == 0 || r.ShownLeast == r.Acknowledged && r.ShownMost == r.Acknowledged
	return r.Sent > 0 && r.Sent == r.Acknowledged && r.Received == r.Acknowledged && (r.Stored == -1 || r.Stored == r.Acknowledged) && shown && r.StoredErr == ""
}

// WriteText writes the result for a person.
func (r Result) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 2, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "services %d\tconsoles %d\tsent %.0f/s\tfor %.1f s\t\n\n", r.Services, r.Consoles, r.SentRate, r.SendingS)
	fmt.Fprintf(t, "sent\tacknowledged\treceived\tintegrated\tstored\tshown least\tshown most\t\n")
	fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n\n", r.Sent, r.Acknowledged, r.Received, r.Integrated, r.Stored, r.ShownLeast, r.ShownMost)
	fmt.Fprintf(t, "ms\tn\tp50\tp95\tp99\tp99.9\tmax\t\n")
	for _, row := range []struct {
		name string
		p    Percentiles
	}{{"send to 201", r.Ack}, {"send to event", r.Event}, {"send to last console", r.Slowest}, {"generator late", r.Lag}} {
		fmt.Fprintf(t, "%s\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", row.name, row.p.N, row.p.P50, row.p.P95, row.p.P99, row.p.P999, row.p.Max)
	}
	fmt.Fprintf(t, "\nrefused %d\tfailed %d\tthrottled %d\tunsaved %d\treconnects %d\t\n", r.Refused, r.Failed, r.Throttled, r.Unsaved, r.Reconnects)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, m := range r.Missing {
		fmt.Fprintf(w, "acknowledged and not shown: %s\n", m)
	}
	_, err := fmt.Fprintln(w, cmp.Or(map[bool]string{true: "whole: everything acknowledged was received, stored and shown"}[r.Whole()], "NOT WHOLE"))
	return err
}
