package durability

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
)

// kill -9 of terminal and server at any instant, in turn and both, under load,
// with torn write-ahead logs in between: nothing acknowledged is lost, nothing
// is there twice, nothing is stored unseen (AC-01).
func TestKill(t *testing.T) {
	kills := 300
	if testing.Short() {
		kills = 12
	}
	killing(t, func(done int, _ time.Time) bool { return done >= kills })
}

// TestSoakKill is TestKill for as long as MATOI_SOAK says.
func TestSoakKill(t *testing.T) {
	long, err := time.ParseDuration(os.Getenv("MATOI_SOAK"))
	if err != nil {
		t.Skip("MATOI_SOAK says how long")
	}
	killing(t, func(_ int, since time.Time) bool { return time.Since(since) >= long })
}

func killing(t *testing.T, enough func(kills int, since time.Time) bool) {
	s := newSite(t, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	k := &killer{site: s, seen: s.consoles[0], budget: make(chan struct{}, 4096), acked: map[string]bool{}, lines: map[string]int{}}
	var watching, sending sync.WaitGroup
	watching.Go(func() { k.seen.follow(ctx) })
	watching.Go(func() { k.seen.paints(ctx) })
	for worker := range 6 {
		sending.Go(func() { k.work(ctx, worker) })
	}
	s.startServer()
	s.startTerminal()
	start := time.Now()
	for round := 0; !enough(k.kills, start); round++ {
		k.round(round)
	}
	t.Logf("%d kills in %v, %d of them before every door was open", k.kills, time.Since(start).Round(time.Second), k.early)
	s.server.up(t)
	s.terminal.up(t)
	close(k.budget)
	sending.Wait()
	k.settle()
	stop()
	watching.Wait()
	k.compare()
}

// killer is the load, the executioner and the counts.
type killer struct {
	*site
	seen   *console
	budget chan struct{} // one report may be sent for each
	ackN   atomic.Int64

	mu    sync.Mutex
	acked map[string]bool
	lines map[string]int // chat lines acknowledged, by report

	kills, early int
}

// work is one service's software: a report is sent until the terminal has
// answered for good, whatever dies meanwhile.
func (k *killer) work(ctx context.Context, worker int) {
	c := k.service()
	for i := 0; ; i++ {
		if _, more := <-k.budget; !more || ctx.Err() != nil {
			return
		}
		id := fmt.Sprintf("K-%d-%d", worker, i)
		report := newReport(id) // once: a repeat has the same content
		if !k.push(ctx, func(ctx context.Context) (intake.Answer, error) { return c.Report(ctx, stdif.Actual, report) }) {
			return
		}
		k.mu.Lock()
		k.acked[id] = true
		k.mu.Unlock()
		k.ackN.Add(1)
		if i%5 != 0 {
			continue
		}
		line := stdif.ChatMessage{ID: "c-1", ReportID: id, From: stdif.FromCaller, At: time.Now(), Text: "まだ煙が出ています"}
		if !k.push(ctx, func(ctx context.Context) (intake.Answer, error) { return c.Chat(ctx, line) }) {
			return
		}
		k.mu.Lock()
		k.lines[id]++
		k.mu.Unlock()
	}
}

func (k *killer) push(ctx context.Context, send func(context.Context) (intake.Answer, error)) bool {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		a, err := send(try)
		cancel()
		switch {
		case err == nil && a.Taken():
			return true
		case err == nil && a.Final():
			k.Errorf("the terminal refused: %d %s", a.Code, a.Body)
			return false
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return false
		}
	}
}

// round starts what is dead, sends a burst, and kills in the middle of it.
func (k *killer) round(n int) {
	burst := 10 + rand.IntN(60)
	for range burst {
		select {
		case k.budget <- struct{}{}:
		default: // the services are behind
		}
	}
	if n%4 != 3 { // every fourth time the kill may hit the start itself
		k.server.up(k.T)
		k.terminal.up(k.T)
	}
	k.instant(n, burst)
	if n%3 != 0 {
		k.hit(k.terminal)
	}
	if n%3 != 1 {
		k.hit(k.server)
	}
	if n%3 != 0 {
		if n%5 == 0 {
			tear(k.T, filepath.Join(k.term, "spool", "spool.db-wal"))
		}
		k.startTerminal()
	}
	if n%3 != 1 {
		if n%5 == 1 {
			tear(k.T, filepath.Join(k.hq, "store.db-wal"))
		}
		k.startServer()
	}
	if n%12 == 11 { // now and then everything catches up, so that the links really work
		k.server.up(k.T)
		k.terminal.up(k.T)
		want := k.count()
		until(k.T, "the console is shown what was acknowledged", time.Minute, func() bool { return k.seen.count() >= want })
	}
}

func (k *killer) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.acked)
}

// instant waits for a moment in the middle of things: some milliseconds, some
// acknowledgements, or some events on the console.
func (k *killer) instant(n, burst int) {
	most := 700
	if n%4 == 3 {
		most = 150 // about as long as a start takes
	}
	late := time.NewTimer(time.Duration(rand.IntN(most)) * time.Millisecond)
	defer late.Stop()
	if n%4 == 3 {
		<-late.C
		return
	}
	acked, shown := k.ackN.Load(), k.seen.count()
	goal := 1 + rand.IntN(burst)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-late.C:
			return
		case <-tick.C:
		}
		if n%2 == 0 && k.ackN.Load()-acked >= int64(goal) || n%2 == 1 && k.seen.count()-shown >= goal {
			return
		}
	}
}

func (k *killer) hit(p *process) {
	select {
	case <-p.ready:
	default:
		k.early++
	}
	if !p.kill() {
		k.Fatalf("%s had ended by itself: %v\n%s", p.name, p.err, tail(p.log.Name()))
	}
	k.kills++
}

// tear appends what a power cut leaves behind the last whole frame of the log.
func tear(t *testing.T, file string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	if os.IsNotExist(err) {
		return // folded into the database by the last process
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	junk := make([]byte, 1+rand.IntN(9000))
	if _, err := crand.Read(junk); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(junk); err != nil {
		t.Fatal(err)
	}
}

// settle waits until everything has come through.
func (k *killer) settle() {
	k.Helper()
	want := k.count()
	until(k.T, "the console is shown everything", 2*time.Minute, func() bool { return k.seen.count() >= want })
	c := k.service()
	var last string
	for id := range k.acked {
		last = id
		until(k.T, "the service is told that "+id+" was received", time.Minute, func() bool {
			return stdif.Spooled.Before(k.step(c, id))
		})
	}
	until(k.T, "the step integrated comes to the service", time.Minute, func() bool {
		return !k.step(c, last).Before(stdif.Integrated)
	})
}

// compare lets every count speak for itself.
func (k *killer) compare() {
	k.Helper()
	listed, err := k.seen.reports(k.Context())
	if err != nil {
		k.Fatal(err)
	}
	api := map[string]int{}
	for _, c := range listed {
		api[c.ServiceReportID]++
	}
	var b board
	if err := k.seen.ask(k.Context(), http.MethodGet, "/api/v1/board", nil, &b); err != nil {
		k.Fatal(err)
	}
	k.server.stop(k.T)
	k.terminal.stop(k.T)
	spooled, spooledLines := spoolCounts(k.T, k.term)
	stored, storedLines := storeCounts(k.T, k.hq)
	for id := range k.acked {
		if spooled[id] != 1 || stored[id] != 1 || api[id] != 1 || !k.seen.shown[id] {
			k.Errorf("%s was acknowledged: %d times in the spool, %d in the store, %d by the API, shown %t", id, spooled[id], stored[id], api[id], k.seen.shown[id])
		}
		if want := k.lines[id]; spooledLines[id] != want || storedLines[id] != want {
			k.Errorf("%s: %d lines acknowledged, %d in the spool, %d in the store", id, want, spooledLines[id], storedLines[id])
		}
	}
	for id := range stored {
		if !k.seen.shown[id] {
			k.Errorf("%s is stored and was shown to nobody", id)
		}
	}
	k.Logf("acknowledged %d, in the spool %d, in the store %d, by the API %d, shown %d, streams %d",
		len(k.acked), len(spooled), len(stored), len(api), len(k.seen.shown), k.seen.opened)
	if len(spooled) != len(stored) || len(stored) != len(api) || b.Counts.Stored != int64(len(stored)) || b.Counts.Shown != int64(len(stored)) {
		k.Errorf("counts differ: spool %d, store %d, API %d, board %+v", len(spooled), len(stored), len(api), b.Counts)
	}
	sound(k.T, k.hq)
	sound(k.T, k.term)
}
