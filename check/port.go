package check

import (
	"context"
	"io"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// port is what every profile gives the runner: the planes of a terminal without
// the name of a protocol. Another profile is another maker in profiles.
type port interface {
	stdif.DataPort
	state(ctx context.Context) (state, error)
	medium(ctx context.Context, service, report, medium string) (digest string, size int64, err error)
	line(ctx context.Context) (line, error)
	screen(ctx context.Context) (screen, error)
	close()
}

// profiles are the makers by name.
var profiles = map[string]func(Target) port{"open/1": newOpen1}

// state is the terminal's own view of itself.
type state struct {
	Terminal, Version string
	Clock             time.Time
	OutputOnly        map[string]bool // by service
	LineTaken         bool            // a headquarters holds the data line
	Screen            string          // ready, down, absent
}

// line is the data line: messages in the order in which they come.
type line interface {
	next(ctx context.Context) (message, error)
	cut() // without a word, as a cable that is pulled
}

// message is one numbered message of the line.
type message struct {
	spool   string
	seq     int64
	digest  string // of what does not depend on the connection
	answer  stdif.Answer
	problem *stdif.Problem
}

// screen is the byte stream of RFB 3.8 to the terminal.
type screen interface {
	io.ReadWriteCloser
}

// Service is the service's own side of the terminal. With it the runner makes
// calls of its own; Intake is the one of open/1.
type Service interface {
	Report(ctx context.Context, wire []byte) error // a report of the profile, mode test
	Chat(ctx context.Context, m stdif.ChatMessage) error
	Medium(ctx context.Context, m stdif.Media, content []byte) error
	State(ctx context.Context, s stdif.ReportState) error
	// Lines are what the service knows of the dialog, the headquarters' lines too.
	Lines(ctx context.Context, report string) ([]stdif.ChatMessage, error)
}
