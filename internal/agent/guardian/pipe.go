package guardian

import (
	"encoding/json"
	"io"
	"time"

	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/stdif/open1"
)

// pipe is the guardian's end of the agent's pipe: goroutines that read and write
// for the one that works, which waits for neither.
type pipe struct {
	in   io.Reader
	log  io.Writer
	fed  *io.PipeReader // bytes of the client
	feed *io.PipeWriter

	gone   chan struct{} // closed when the agent's pipe is
	orders chan order
	said   chan rfb.ClientMessage // each is valid until it is taken
	taken  chan struct{}
	broken chan error

	full  chan []byte   // frames to write
	free  chan []byte   // written; their memory comes back
	room  []byte        // memory for the next frames; nil while the writer works
	deaf  chan struct{} // closed when the agent reads no more
	ended chan struct{}
}

func (p *pipe) start(in io.Reader, out, log io.Writer) {
	p.in, p.log = in, log
	p.fed, p.feed = io.Pipe()
	p.gone, p.orders = make(chan struct{}), make(chan order)
	p.said, p.taken, p.broken = make(chan rfb.ClientMessage), make(chan struct{}), make(chan error, 1)
	p.full, p.free, p.deaf, p.ended = make(chan []byte, 1), make(chan []byte, 1), make(chan struct{}), make(chan struct{})
	p.room = make([]byte, 0, 64<<10)
	go p.read()
	go p.write(out)
}

// stop ends the goroutines as far as they do not wait for the agent: those end
// with the process, or with its pipe.
func (p *pipe) stop() {
	close(p.ended)
	_ = p.fed.Close()
	_ = p.feed.Close()
}

// over reports whether the agent's pipe is closed. It is asked before anything
// that was said earlier is done: input from before a cut is dropped.
func (p *pipe) over() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}

// read takes frames until the pipe closes.
func (p *pipe) read() {
	defer close(p.gone)
	var buf []byte
	for {
		kind, body, err := readFrame(p.in, buf)
		if buf = body; err != nil {
			return
		}
		if kind == kindRFB {
			if _, err := p.feed.Write(body); err != nil {
				return
			}
			continue
		}
		var o order
		if json.Unmarshal(body, &o) != nil {
			return
		}
		select {
		case p.orders <- o:
		case <-p.ended:
			return
		}
	}
}

// listen reads the client's messages.
func (p *pipe) listen() {
	r := rfb.NewClientReader(p.fed)
	go func() {
		for {
			m, err := r.Next()
			if err != nil {
				p.broken <- err
				return
			}
			select {
			case p.said <- m:
			case <-p.ended:
				return
			}
			select {
			case <-p.taken:
			case <-p.ended:
				return
			}
		}
	}()
}

// write writes what it is given; an agent that does not read holds up nothing but
// this.
func (p *pipe) write(out io.Writer) {
	for {
		select {
		case b := <-p.full:
			if _, err := out.Write(b); err != nil {
				close(p.deaf) // the reader sees the same end
				return
			}
			p.free <- b
		case <-p.ended:
			return
		}
	}
}

// last says that everything was let go of, to an agent that still reads.
func (s *server) last() {
	late := time.NewTimer(endWithin / 2)
	defer late.Stop()
	for said := false; s.room == nil || !said; {
		if s.room != nil {
			s.full <- appendWord(s.room[:0], open1.ScreenNotice{Type: wordOver})
			s.room, said = nil, true
		}
		select {
		case s.room = <-s.free:
		case <-s.deaf:
			return
		case <-late.C:
			return
		}
	}
}

// Read and Write are the client for the handshake: nothing is held then, and
// nothing else is to be done.
func (s *server) Read(b []byte) (int, error) {
	select {
	case <-s.gone:
		return 0, io.EOF
	default:
		return s.fed.Read(b)
	}
}

// Write implements io.Writer for the handshake.
func (s *server) Write(b []byte) (int, error) {
	s.drain()
	if s.room == nil {
		return 0, io.ErrClosedPipe
	}
	out, at := begin(s.room[:0], kindRFB)
	out = end(append(out, b...), at)
	s.room = nil
	s.full <- out
	return len(b), nil
}

// drain waits until what was said before is written.
func (s *server) drain() {
	for {
		s.flush()
		if s.room != nil && len(s.words) == 0 {
			return
		}
		select {
		case s.room = <-s.free:
		case <-s.gone:
			return
		}
	}
}
