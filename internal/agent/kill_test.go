package agent

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// killDir names the variable that makes this test binary a terminal.
const killDir = "MATOI_TEST_VICTIM"

// runVictim is a terminal in a process of its own. It prints its address and
// runs until it is killed.
func runVictim(dir string) {
	a, err := Start(context.Background(), Config{Dir: dir, Intake: "127.0.0.1:0", Reserve: -1})
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println(a.IntakeURL())
	_, _ = io.Copy(io.Discard, os.Stdin) // ends with the test
	if err := a.Close(); err != nil {
		os.Exit(1)
	}
}

type victim struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	url string
}

func startVictim(t *testing.T, dir string) *victim {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http://") {
		t.Fatalf("the terminal did not start: %q, %v", line, err)
	}
	return &victim{cmd, in, strings.TrimSpace(line)}
}

func (v *victim) kill(t *testing.T) {
	t.Helper()
	if err := v.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = v.cmd.Wait() // it was killed
}

// kill -9 at any instant loses nothing that was acknowledged: every 201 is in
// the spool exactly once, numbers have no gap, and the verifier finds nothing.
// Every fourth time the end of the write-ahead log is torn as well.
func TestKill(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 4
	}
	dir := filepath.Join(t.TempDir(), "spool")
	credential := prepare(t, dir)
	var mu sync.Mutex
	acked := map[string]bool{}
	count := 0
	for round := range rounds {
		v := startVictim(t, dir)
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		enough := make(chan struct{})
		goal := 1 + rand.IntN(300)
		here := 0
		for worker := range 8 {
			wg.Go(func() {
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for i := 0; ctx.Err() == nil; i++ {
					id := fmt.Sprintf("N-%d-%d-%d", round, worker, i)
					if !post(ctx, client, v.url, credential, id) {
						return
					}
					mu.Lock()
					acked[id] = true
					count++
					if here++; here == goal {
						close(enough)
					}
					mu.Unlock()
				}
			})
		}
		select {
		case <-enough:
		case <-time.After(30 * time.Second):
			t.Errorf("round %d: %d of %d reports", round, here, goal)
		}
		v.kill(t)
		stop()
		wg.Wait()
		if round%4 == 3 {
			tear(t, dir)
		}
	}
	t.Logf("%d kills, %d acknowledged reports", rounds, count)
	wantAll(t, dir, acked)
}

func prepare(t *testing.T, dir string) string {
	t.Helper()
	s, err := spool.Open(t.Context(), spool.Options{Dir: dir, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.AddService(t.Context(), spool.Service{ID: "net119", Name: "Net119"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func post(ctx context.Context, client *http.Client, url, credential, id string) bool {
	req, err := http.NewRequestWithContext(ctx, "POST", url+open1.PathIntakeReports, strings.NewReader(string(mustJSON(newReport(id, 1)))))
	if err != nil {
		return false
	}
	req.Header = withMode(stdif.Actual)
	req.Header.Set("Authorization", "Bearer "+credential)
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err == nil && res.StatusCode == http.StatusCreated
}

// tear appends what a power cut leaves behind the last whole frame of the log.
func tear(t *testing.T, dir string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "spool.db-wal"), os.O_WRONLY|os.O_APPEND, 0)
	if os.IsNotExist(err) {
		return // folded into the database by the last process
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	junk := make([]byte, 1+rand.IntN(5000))
	for i := range junk {
		junk[i] = byte(rand.Uint32())
	}
	if _, err := f.Write(junk); err != nil {
		t.Fatal(err)
	}
}

func wantAll(t *testing.T, dir string, acked map[string]bool) {
	t.Helper()
	s, err := spool.Open(t.Context(), spool.Options{Dir: dir, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	there := map[string]int{}
	for next := int64(1); next <= s.Through(); {
		frames, err := s.Frames(t.Context(), next, s.Through(), 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			if f.Seq != next {
				t.Fatalf("number %d is missing", next)
			}
			next++
			in, _, p := open1.DecodeBody(f)
			if p != nil {
				t.Fatalf("frame %d: %v", f.Seq, p)
			}
			there[in.Report.ID]++
		}
		if len(frames) == 0 {
			t.Fatalf("number %d is missing", next)
		}
	}
	for id := range acked {
		if there[id] != 1 {
			t.Errorf("%s was acknowledged and is there %d times", id, there[id])
		}
	}
	r, err := spool.Verify(t.Context(), dir)
	if err != nil || !r.OK() {
		t.Errorf("Verify: %v %v", err, r.Findings)
	}
}
