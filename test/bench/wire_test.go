package bench

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/matoi119/matoi/sim/load"
)

const (
	reportRate  = 200
	warmup      = 5 * time.Second
	measured    = 20 * time.Second
	saturation  = 10 * time.Second
	saturated   = 64 // reports on their way per service
	twoServices = 2
)

// BenchmarkWire is the way of a report through everything: service → intake →
// spool → mutual TLS → gateway → store → feed → console. Ten consoles show how
// much of it is the price of fifty browsers on the machine that is measured.
func BenchmarkWire(b *testing.B) {
	t := Table{Title: "Report sent by the service → event on every console, 200 reports/s",
		Heads: []string{"store", "consoles", "n", "201 p50 ms", "p99", "event p50 ms", "p99", "p99.9", "last console p50 ms", "p99", "whole", "CPU ms/report: server", "terminal"}}
	for _, e := range engines(b) {
		for _, consoles := range []int{10, 50} {
			b.Run(fmt.Sprintf("%s/%d", e.name, consoles), func(b *testing.B) {
				s := open(b, shape{postgres: e.dsn(), services: 1, consoles: consoles})
				r, server, terminal := s.run(b, load.Config{Rate: reportRate, Workers: saturated, Warmup: warmup, Measure: measured, Paint: true})
				t.Row(e.name, consoles, r.Acknowledged, r.Ack.P50, r.Ack.P99, r.Event.P50, r.Event.P99, r.Event.P999, r.Slowest.P50, r.Slowest.P99,
					r.Whole(), server, terminal)
				b.ReportMetric(r.Event.P50, "p50-ms")
				b.ReportMetric(r.Event.P99, "p99-ms")
				if !r.Whole() {
					t.Note("%s: sent %d, acknowledged %d, received %d, integrated %d, stored %d (%s), shown %d to %d.", e.name, r.Sent, r.Acknowledged,
						r.Received, r.Integrated, r.Stored, r.StoredErr, r.ShownLeast, r.ShownMost)
				}
				t.Note("%s, %d consoles: the generator itself was late by p50 %.2f ms, p99 %.2f ms.", e.name, consoles, r.Lag.P50, r.Lag.P99)
			})
		}
	}
	t.Note("Services, consoles, terminal, server and database share the %d cores.", cores())
	print(b, &t)
}

// BenchmarkSustained looks for the rate at which a report is still durable at
// headquarters as fast as it is handed in: as fast as it goes, then paced at half
// and four fifths of that.
func BenchmarkSustained(b *testing.B) {
	t := Table{Title: "Durable reports per second through terminal, gateway and store",
		Heads: []string{"store", "consoles", "offered /s", "acknowledged /s", "durable at headquarters /s", "201 p50 ms", "p99", "whole", "CPU ms/report: server", "terminal"}}
	for _, e := range engines(b) {
		b.Run(e.name, func(b *testing.B) {
			for _, consoles := range []int{0, 2} {
				s := open(b, shape{postgres: e.dsn(), services: twoServices, consoles: consoles})
				best := s.rate(b, &t, e.name, 0)
				b.ReportMetric(best, "reports/s")
				for _, part := range []float64{0.5, 0.8} {
					s.rate(b, &t, e.name, math.Round(part*best))
				}
				s.terminal.stop(b)
				s.server.stop(b)
			}
		})
	}
	t.Note("Offered “all”: 128 reports always on their way. Durable: all reports of the run over the time until headquarters had told the service of the last.")
	print(b, &t)
}

// rate runs one load and returns what became durable per second.
func (s *site) rate(b *testing.B, t *Table, engine string, offered float64) float64 {
	r, server, terminal := s.run(b, load.Config{Rate: offered, Workers: saturated, Measure: saturation, Drain: time.Minute, Paint: true})
	durable := float64(r.Received) / max(r.ReceivedS, 1e-9)
	at := any("all")
	if offered > 0 {
		at = offered
	}
	t.Row(engine, len(s.consoles), at, r.SentRate, durable, r.Ack.P50, r.Ack.P99, r.Whole(), server, terminal)
	return durable
}

// run runs one load and returns the milliseconds of processor time that each
// process spent on a report.
func (s *site) run(b *testing.B, c load.Config) (r load.Result, server, terminal float64) {
	b.Helper()
	c.Services, c.Consoles = s.services, s.consoles
	before, beforeTerminal := s.server.cpu(), s.terminal.cpu()
	r, err := load.Run(context.Background(), c)
	if err != nil {
		b.Fatal(err)
	}
	per := func(d time.Duration) float64 {
		return float64(d.Microseconds()) / 1000 / float64(max(1, r.Acknowledged))
	}
	return r, per(s.server.cpu() - before), per(s.terminal.cpu() - beforeTerminal)
}

func print(b *testing.B, t *Table) {
	if err := t.Write(os.Stdout); err != nil {
		b.Fatal(err)
	}
}
