// Package sse reads and writes Server-Sent Events, the format in which a
// terminal tells its services what headquarters said and in which the server
// tells its consoles what changed. The simulators read it as a stranger would:
// from the WHATWG text, not from the product's own writer.
package sse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxEvent bounds the data of one event, so that a broken sender cannot make a
// reader grow without end.
const MaxEvent = 4 << 20

// Event is one dispatched event.
type Event struct {
	ID   string // last id seen, kept from earlier events as the standard says
	Name string // "message" when the sender named none
	Data []byte // valid only until the callback returns
}

// ErrTooLarge is returned when one event is larger than MaxEvent.
var ErrTooLarge = errors.New("sse: event over the limit")

// Read calls each for every event until the stream ends, each returns an error,
// or the stream breaks. A clean end returns io.EOF: a stream of this kind never
// ends by itself, so its end is always news.
func Read(r io.Reader, each func(Event) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 16<<10), MaxEvent+1024)
	p := parser{each: each}
	for s.Scan() {
		if err := p.line(s.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return ErrTooLarge
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	return io.EOF // an unfinished event is dropped, as the standard demands
}

type parser struct {
	each func(Event) error
	id   string
	name string
	data bytes.Buffer
	any  bool // a data line was seen
}

func (p *parser) line(line []byte) error {
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 {
		return p.dispatch()
	}
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			p.id = string(value)
		}
	case "event":
		p.name = string(value)
	case "data":
		if p.any {
			p.data.WriteByte('\n')
		}
		p.any = true
		p.data.Write(value)
		if p.data.Len() > MaxEvent {
			return ErrTooLarge
		}
	}
	return nil // comments (empty field name) and unknown fields are ignored
}

func (p *parser) dispatch() error {
	name, any := p.name, p.any
	p.name, p.any = "", false
	if !any {
		return nil
	}
	if name == "" {
		name = "message"
	}
	err := p.each(Event{ID: p.id, Name: name, Data: p.data.Bytes()})
	p.data.Reset()
	return err
}

// Write writes one event. Line breaks in data become several data lines.
func Write(w io.Writer, id, name string, data []byte) error {
	var b bytes.Buffer
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", oneLine(id))
	}
	if name != "" {
		fmt.Fprintf(&b, "event: %s\n", oneLine(name))
	}
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		fmt.Fprintf(&b, "data: %s\n", bytes.TrimRight(line, "\r"))
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

func oneLine(s string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", "\x00", "").Replace(s)
}
