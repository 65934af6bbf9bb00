package report

import (
	"context"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// Frame is one stored message of a terminal, as it came. The store seals Body.
type Frame struct {
	ID         string // terminal/spool/seq, or terminal/answer/… for the answer to a data request
	Terminal   string
	Spool      string
	Seq        int64 // 0 for answers
	MsgID      string
	Service    string
	Report     string // id of the report at headquarters, or ""
	Type       string
	Mode       stdif.Mode
	Revision   int64
	SentAt     time.Time
	ReceivedAt time.Time
	Late       bool
	Health     bool // holds health data: sealed with the keys of 厳秘
	Problem    stdif.Code
	Place      string
	Body       []byte
}

// Chat is one stored line. The store seals Text.
type Chat struct {
	Report     string // id at headquarters
	ID         string // idempotency key within the report
	From       stdif.ChatFrom
	At         time.Time // as the sender's clock stood
	ReceivedAt time.Time
	By         By // of a dispatcher's line
	Delivery   string
	Text       string
}

// How far a dispatcher's line has come.
const (
	LineSent     = "sent"     // durable here
	LineTerminal = "terminal" // durable at the terminal
	LineRefused  = "refused"  // the service takes no input
	LineService  = "service"  // the service said that the caller's screen showed it
	LineRead     = "read"     // the service said that the caller opened it
	LinePlayed   = "played"   // a clip ran to its end
	LineFailed   = "failed"   // the service cannot deliver it
)

var lineRank = map[string]int{LineSent: 1, LineTerminal: 2, LineRefused: 3, LineFailed: 3, LineService: 4, LineRead: 5, LinePlayed: 6}

// Further reports whether a line that had come to one state has come further
// with another. What the service says may overtake what the terminal answered.
func Further(had, now string) bool { return lineRank[now] > lineRank[had] }

// LineOf is the state that a receipt of the service stands for; "" for one that
// is not known here.
func LineOf(s stdif.ReceiptState) string {
	switch s {
	case stdif.ReceiptDelivered:
		return LineService
	case stdif.ReceiptRead:
		return LineRead
	case stdif.ReceiptPlayed:
		return LinePlayed
	case stdif.ReceiptFailed:
		return LineFailed
	}
	return ""
}

// Request is one data request (データ連携要求) and its answer.
type Request struct {
	ID         string
	Terminal   string
	Service    string // "" = all services of the terminal
	Report     string // id at headquarters, or "" = all open reports
	By         By
	AskedAt    time.Time
	AnsweredAt time.Time // zero = not yet
	Count      int64     // reports in the answer
	Problem    stdif.Code
}

// Store is what acts write reports with. Reads answer fault.NotFound when there
// is no such row. Writes happen inside an act, whose entry says why.
type Store interface {
	Report(ctx context.Context, id string) (Report, error)
	ByService(ctx context.Context, service, serviceReport string) (Report, error)
	Save(ctx context.Context, r Report) error
	NextNumber(ctx context.Context, series string) (int64, error) // 1, 2, 3 … within a series
	HasFrame(ctx context.Context, id string) (bool, error)
	AddFrame(ctx context.Context, f Frame) (added bool, err error)
	SaveCloseNote(ctx context.Context, report, note string) error
}

// Dialog is what acts write the rest of a report with.
type Dialog interface {
	AddChat(ctx context.Context, c Chat) (added bool, err error)
	MarkChat(ctx context.Context, report, id, delivery string) error
	Request(ctx context.Context, id string) (Request, error)
	SaveRequest(ctx context.Context, r Request) error
}

// Note is what a person added in words to a take-over or a raising. The store
// seals Text.
type Note struct {
	Report string
	ID     string
	Kind   string // the act that it belongs to
	At     time.Time
	By     By
	Text   string
}

// Panel is what acts write the missed panel and notes with.
type Panel interface {
	Missed(ctx context.Context, id string) (Missed, error)
	MissedOf(ctx context.Context, report string) (Missed, error) // its entry on the panel
	SaveMissed(ctx context.Context, m Missed) error
	AddNote(ctx context.Context, n Note) error
}

// Claimed is one claim as the worker that marks stale ones sees it.
type Claimed struct {
	Report, Console string
	Stale           bool
}

// PanelReader is what pages and workers read of claims, missed reports and notes.
type PanelReader interface {
	Claims(ctx context.Context) ([]Claimed, error) // of open reports
	MissedOpen(ctx context.Context, limit int) ([]Missed, error)
	MissedDone(ctx context.Context, from, to time.Time) ([]Missed, error)
	CountMissed(ctx context.Context) (int64, error)
	Notes(ctx context.Context, report string) ([]Note, error)
}

// Reader is what pages and workers read, outside of acts.
type Reader interface {
	Report(ctx context.Context, id string) (Report, error)
	Board(ctx context.Context) ([]Report, error) // every open report, oldest first
	Closed(ctx context.Context, before time.Time, limit int) ([]Report, error)
	ByPhone(ctx context.Context, index string, limit int) ([]Report, error)
	Due(ctx context.Context, by time.Time, limit int) ([]string, time.Time, error) // ids, and when the next one is due
	FromFuture(ctx context.Context, now time.Time) ([]string, error)               // open ones whose anchors lie ahead: the clock was set back
	Counts(ctx context.Context) (stored, shown int64, err error)
}

// Cards is what the board reads of many reports at once, in no order; what is not
// there is left out.
type Cards interface {
	ReportsOf(ctx context.Context, ids []string) ([]Report, error)
	FramesOf(ctx context.Context, ids []string) ([]Frame, error)         // those that can be opened
	VideoStepsOf(ctx context.Context, ids []string) ([]VideoStep, error) // of reports, oldest first
}

// Content is what pages read of one report.
type Content interface {
	Frame(ctx context.Context, id string) (Frame, error)
	Frames(ctx context.Context, report string) ([]Frame, error) // without bodies, oldest first
	Chat(ctx context.Context, report string) ([]Chat, error)
	CloseNote(ctx context.Context, report string) (string, error)
	Requests(ctx context.Context, report string) ([]Request, error)
}
