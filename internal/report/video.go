package report

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
)

// VideoState is how far a request for video has come (映像依頼).
type VideoState string

// The states, in order; the last three end it.
const (
	VideoRequested VideoState = "requested"
	VideoDelivered VideoState = "delivered" // the service's terminal has it
	VideoSent      VideoState = "link-sent"
	VideoOpened    VideoState = "link-opened"
	VideoConsented VideoState = "consented"
	VideoLive      VideoState = "live"
	VideoPaused    VideoState = "live-ended" // pictures ended, the session may go on
	VideoEnded     VideoState = "ended"
	VideoDeclined  VideoState = "declined" // the caller did not agree
	VideoFailed    VideoState = "failed"   // refused by the service, or the link never arrived
)

var videoRank = map[VideoState]int{VideoRequested: 1, VideoDelivered: 2, VideoSent: 3, VideoOpened: 4, VideoConsented: 5, VideoLive: 6, VideoPaused: 6}

// VideoRequest is a link that a dispatcher had sent to somebody's telephone
// during a call (standard-interface §2.3). It belongs to the report it was asked
// from, or to none; the report that the service makes of it is its answer.
type VideoRequest struct {
	ID         string
	Origin     string // report it was asked from, "" = from a telephone call alone
	Answer     string // report that the service made of it, "" = not yet
	Terminal   string
	Service    string
	Mode       stdif.Mode
	Purpose    string
	State      VideoState
	Problem    stdif.Code // why the service's terminal refused it
	PhoneIndex string
	By         By

	AskedAt, DeliveredAt, SentAt, OpenedAt, ConsentedAt, LiveAt, EndedAt time.Time

	Phone string // sealed by the store
	Text  string // sealed by the store
}

// VideoStep is how far a request for video has come, as the card of a report
// shows it.
type VideoStep struct {
	Report  string
	Asked   bool   // it was asked from the report; otherwise the report is the answer
	Origin  string // of an answer: the report it was asked from
	State   VideoState
	AskedAt time.Time
}

// Over reports whether nothing more can come of it.
func (v VideoRequest) Over() bool {
	return v.State == VideoEnded || v.State == VideoDeclined || v.State == VideoFailed
}

// Taken is the request after the service's terminal answered.
func (v VideoRequest) Taken(problem stdif.Code, now time.Time) VideoRequest {
	switch {
	case v.Over():
	case problem != 0:
		v.State, v.Problem, v.EndedAt = VideoFailed, problem, now
	default:
		if v.DeliveredAt.IsZero() {
			v.DeliveredAt = now
		}
		if v.State == VideoRequested { // what the service says may overtake its terminal's answer
			v.State = VideoDelivered
		}
	}
	return v
}

// Hear takes a state of the service. What came before is never taken back: a
// state that is earlier than the present one only fills in its time.
func (v VideoRequest) Hear(s stdif.ServiceState, now time.Time) VideoRequest {
	at := map[stdif.ServiceState]*time.Time{
		stdif.ServiceLinkSent: &v.SentAt, stdif.ServiceLinkOpened: &v.OpenedAt, stdif.ServiceConsented: &v.ConsentedAt, stdif.ServiceLive: &v.LiveAt,
	}[s]
	if at != nil && at.IsZero() {
		*at = now
	}
	if v.Over() {
		return v
	}
	switch next := VideoState(s); s {
	case stdif.ServiceEnded, stdif.ServiceDeclined, stdif.ServiceFailed:
		v.State, v.EndedAt = next, now
	case stdif.ServiceLinkSent, stdif.ServiceLinkOpened, stdif.ServiceConsented, stdif.ServiceLive, stdif.ServiceLiveEnded:
		if videoRank[next] >= videoRank[v.State] {
			v.State = next
		}
	}
	return v
}

// Expect gives a report to the person who asked for it. It does not ring: that
// person is waiting for it. Nobody has seen it yet.
func (r Report) Expect(by By, now time.Time) Report {
	if !r.Unclaimed() {
		return r
	}
	r.Claim, r.State = Claim{By: by, At: now}, Accepted
	return r.schedule()
}

// ContactKind is how a caller or somebody else was reached about a report.
type ContactKind string

// The kinds.
const (
	Telephone ContactKind = "telephone" // a person telephoned and wrote it down
	CallBack  ContactKind = "call-back" // the service was asked to reach the caller
	Guidance  ContactKind = "guide"     // the service was asked to show a clip
)

// Parties of a telephone call, and how it ended.
const (
	PartyCaller       = "caller"
	PartyOperator     = "operator" // of the service (代理通報)
	PartyHeadquarters = "headquarters"
	PartyContact      = "contact" // a person whom the caller registered
	PartyOther        = "other"

	OutcomeAnswered = "answered"
	OutcomeNoAnswer = "no-answer"
	OutcomeBusy     = "busy"
	OutcomeWrong    = "wrong-number"
	OutcomeRelayed  = "relayed" // another headquarters took the report over the telephone
)

var (
	parties = map[string]bool{PartyCaller: true, PartyOperator: true, PartyHeadquarters: true, PartyContact: true, PartyOther: true}
	ends    = map[string]bool{OutcomeAnswered: true, OutcomeNoAnswer: true, OutcomeBusy: true, OutcomeWrong: true, OutcomeRelayed: true}
)

// Contact is one time that somebody was reached about a report, or was not.
type Contact struct {
	Report string
	ID     string // idempotency key within the report
	Kind   ContactKind
	By     By

	Party   string // telephone: whom
	Outcome string // telephone: how it ended
	ToHQ    string // telephone: which headquarters
	Clip    string // guide

	Delivery   string    // call-back, guide: how far it has come; see LineSent
	At         time.Time // when it was
	RecordedAt time.Time
	ChangedAt  time.Time

	Number string // sealed by the store
	Name   string // who answered; for a guide the label of the clip. Sealed
	Note   string // sealed
}

// MaxContactNote bounds what a person writes down about one call.
const MaxContactNote = 2000

// Call checks what a person wrote down about a telephone call.
func (c Contact) Call(now time.Time) error {
	switch {
	case !parties[c.Party]:
		return fault.New(fault.Invalid, "call.party-unknown")
	case !ends[c.Outcome]:
		return fault.New(fault.Invalid, "call.outcome-unknown")
	case c.Outcome == OutcomeRelayed && c.Party != PartyHeadquarters:
		return fault.New(fault.Invalid, "call.relayed-to-whom")
	case c.At.After(now.Add(stdif.MaxSkew)):
		return fault.New(fault.Invalid, "call.in-the-future")
	case len([]rune(c.Note)) > MaxContactNote:
		return fault.New(fault.TooLarge, "call.note-too-long")
	}
	return nil
}

// Services is what acts write about a report's services with.
type Services interface {
	Video(ctx context.Context, id string) (VideoRequest, error)
	VideosOf(ctx context.Context, answer string) ([]VideoRequest, error)
	SaveVideo(ctx context.Context, v VideoRequest) error
	Contacted(ctx context.Context, report, id string) (Contact, error)
	SaveContact(ctx context.Context, c Contact) error
}

// Served is what pages read of it.
type Served interface {
	Video(ctx context.Context, id string) (VideoRequest, error)
	VideosFrom(ctx context.Context, origin string) ([]VideoRequest, error)
	VideosOf(ctx context.Context, answer string) ([]VideoRequest, error)
	WaitingVideos(ctx context.Context, since time.Time) ([]VideoRequest, error) // asked without a report, and not answered yet
	Contacts(ctx context.Context, report string) ([]Contact, error)
}

// A flood (殺到): so many reports of one service, of one mode, that nobody has
// taken, within this time of each other, stand on the board as one counted card.
const (
	FloodMore   = 10
	FloodWithin = time.Minute
)
