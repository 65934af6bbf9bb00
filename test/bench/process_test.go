package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/app"
)

const (
	roleVariable    = "MATOI_BENCH_ROLE"
	profileVariable = "MATOI_BENCH_PROFILE" // a directory: each process leaves its CPU and allocation profile there
)

func TestMain(m *testing.M) {
	if code, is := guardianChild(); is {
		os.Exit(code)
	}
	if text := os.Getenv(roleVariable); text != "" {
		if err := play(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	stopPostgres()
	os.Exit(code)
}

// guardianChild is the third process of a terminal with a screen.
func guardianChild() (code int, is bool) {
	if len(os.Args) != 2 || strings.HasPrefix(os.Args[1], "-") {
		return 0, false
	}
	profiled, err := profile(fmt.Sprintf("guardian-%d", os.Getpid()))
	if err != nil {
		return 1, true
	}
	code, is = app.GuardianChild(os.Args, os.Stdin, os.Stdout)
	return code, is && profiled() == nil
}

// role is one process of the system under load.
type role struct {
	Role     string // server, terminal
	Dir      string
	Face     string // of the terminal
	Postgres string
	Screen   string // of the terminal, as its command names it; "" = none
}

const headquarters = "279999"

func (r role) house() app.HouseConfig {
	return app.HouseConfig{HQ: headquarters, Name: "例示消防本部", Dir: r.Dir, Postgres: r.Postgres, Reserve: 4 << 20}
}

func (r role) terminal() app.TerminalConfig {
	screen, err := app.ParseScreen(r.Screen, "", 0)
	if err != nil {
		panic(err) // a benchmark's own words
	}
	return app.TerminalConfig{Screen: screen, Dir: r.Dir, ID: "t-01", Name: "計測端末", Intake: "127.0.0.1:0", Face: r.Face, Reserve: 4 << 20, Log: quiet()}
}

// quiet is the log of a process: problems only.
func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// play runs a role until standard input ends, and says its address on standard
// output.
func play(text string) (err error) {
	var r role
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	profiled, err := profile(r.Role)
	if err != nil {
		return err
	}
	ctx := context.Background()
	var address string
	var running io.Closer
	if r.Role == "server" {
		s, err := app.StartServer(ctx, app.ServerConfig{HouseConfig: r.house(), Listen: "127.0.0.1:0", Version: "bench", Log: quiet()})
		if err != nil {
			return err
		}
		address, running = s.URL(), s
	} else {
		t, err := app.StartTerminal(ctx, r.terminal())
		if err != nil {
			return err
		}
		address, running = t.IntakeURL(), t
	}
	fmt.Println(address)
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, profiled(), running.Close())
}

func profile(name string) (stop func() error, err error) {
	dir := os.Getenv(profileVariable)
	if dir == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(filepath.Join(dir, name+".cpu.pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Join(dir, name+".alloc.pprof"))
		if err != nil {
			return err
		}
		return errors.Join(f.Close(), pprof.Lookup("allocs").WriteTo(heap, 0), heap.Close())
	}, nil
}

// process is a role that runs.
type process struct {
	address string
	cmd     *exec.Cmd
	in      io.Closer
}

// start starts a role and waits for its address.
func start(b testing.TB, r role) *process {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		b.Fatal(err)
	}
	p := &process{cmd: exec.Command(self)}
	p.cmd.Env = append(os.Environ(), roleVariable+"="+string(text))
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.stop(b) })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("%s did not start: %v", r.Role, err)
	}
	p.address = strings.TrimSpace(line)
	return p
}

func (p *process) stop(b testing.TB) {
	if p.cmd == nil {
		return
	}
	_ = p.in.Close() // its end is what the process waits for
	if err := p.cmd.Wait(); err != nil {
		b.Errorf("process ended: %v", err)
	}
	p.cmd = nil
}

// kill ends the process as a failure does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.cmd.Wait()
	p.cmd = nil
}

// cpu is the processor time that the process has used, 0 where the system does
// not tell (only Linux does here).
func (p *process) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text)[strings.LastIndexByte(string(text), ')')+1:])
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 on every Linux
}

// resident is the memory of a process in MB.
func resident(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kb, _ := strconv.ParseFloat(strings.Fields(after + " 0")[0], 64)
	return kb / 1024
}

// cores says how many the run had.
func cores() int { return runtime.GOMAXPROCS(0) }
