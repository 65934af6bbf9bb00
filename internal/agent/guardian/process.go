package guardian

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"github.com/matoi119/matoi/stdif/open1"
)

// endWithin is how long a guardian that was told to end may take to let go.
const endWithin = time.Second

// process is one guardian, seen from the agent.
type process struct {
	pid   int // 0: inside
	in    io.WriteCloser
	out   io.Reader
	kill  func()
	wait  func() error  // after out has ended
	quiet chan struct{} // closed when it says no more: it has let go, or was killed
	clean bool          // it said that it has let go; valid after quiet
	ended chan struct{}

	mu   sync.Mutex // one writer of in; the fields below
	link *link      // nil while it is warm
	last open1.ScreenNotice
}

// launch starts a guardian and reads what it says until it ends. It owns k.mu.
func (k *Keeper) launch() (*process, error) {
	var p *process
	var err error
	if k.c.Open != nil {
		p = k.inside()
	} else if p, err = k.child(); err != nil {
		return nil, err
	}
	p.quiet, p.ended = make(chan struct{}), make(chan struct{})
	k.running.Go(func() { p.read(k) })
	source := k.c.Source
	if err := p.tell(order{Source: &source}); err != nil {
		p.kill()
		<-p.ended
		return nil, fmt.Errorf("start guardian: %w", err)
	}
	return p, nil
}

// child is a guardian in a process of its own.
func (k *Keeper) child() (*process, error) {
	cmd := exec.Command(k.c.Self, command) //nolint:noctx // it ends by its pipe, having let go; see end
	cmd.Stderr = k.stderr()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start guardian: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start guardian: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start guardian: %w", err)
	}
	return &process{pid: cmd.Process.Pid, in: in, out: out, kill: func() { _ = cmd.Process.Kill() }, wait: cmd.Wait}, nil
}

// inside is a guardian in this process, for screens that are made up here: they
// end with it, so there is nothing to let go of.
func (k *Keeper) inside() *process {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	k.running.Go(func() {
		defer cancel()
		_, first, err := readFrame(inR, nil) // the source, which Open knows
		if err == nil && len(first) > 0 {
			err = newServer(inR, outW, io.Discard, k.c.Open, k.c.Source.Monitor).run(ctx)
		}
		_ = inR.Close()
		_ = outW.Close()
		done <- err
	})
	return &process{in: inW, out: outR, kill: func() { _ = inW.Close() }, wait: func() error { return <-done }}
}

// tell gives the guardian an order.
func (p *process) tell(o order) error { return p.write(appendWord(nil, o)) }

func (p *process) write(b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.in.Write(b)
	return err
}

// read takes what the guardian says: pictures to the link, words to the keeper
// and the link.
func (p *process) read(k *Keeper) {
	defer close(p.ended)
	for buf := []byte(nil); ; {
		kind, body, err := readFrame(p.out, buf)
		if buf = body; err != nil {
			if errors.Is(err, errFrame) {
				p.kill() // it broke our own rules
			}
			break
		}
		if kind == kindRFB {
			if l := p.linked(); l != nil {
				l.send(body)
			}
			continue
		}
		var n open1.ScreenNotice
		if json.Unmarshal(body, &n) != nil {
			p.kill()
			break
		}
		if n.Type == wordOver {
			p.clean = true
			break
		}
		p.noticed(k, n)
	}
	close(p.quiet)
	_, _ = io.Copy(io.Discard, p.out) // a writer must not wait for us
	_ = p.wait()                      // how it ended says less than its last word
}

func (p *process) linked() *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link
}

func (p *process) noticed(k *Keeper, n open1.ScreenNotice) {
	if n.Type != open1.ScreenLocal {
		p.mu.Lock()
		p.last = n
		p.mu.Unlock()
	}
	k.noticed(n)
	if l := p.linked(); l != nil {
		l.notify(n)
	}
}

// serve connects the guardian to a headquarters.
func (p *process) serve(l *link) error {
	p.mu.Lock()
	p.link = l
	last := p.last
	p.mu.Unlock()
	if last.Type == open1.ScreenFault {
		l.notify(last) // it said so before anybody was there
	}
	return p.tell(order{Begin: true})
}

// seen reports whether its screen was seen.
func (p *process) seen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last.Type == open1.ScreenSource
}

// end closes the pipe and waits until the guardian has let go. killed reports that
// it did not say so. The rest of its end nobody waits for.
func (p *process) end() (killed bool) {
	_ = p.in.Close()
	late := time.NewTimer(endWithin)
	defer late.Stop()
	select {
	case <-p.quiet:
	case <-late.C:
		p.kill()
		<-p.quiet
	}
	time.AfterFunc(5*endWithin, p.kill) // it has ended long ago
	return !p.clean
}
