// Package headquarters is a whole headquarters for a provider's engineer: it
// dials a real terminal over open/1, acknowledges what comes, says what it
// sees, and answers by a story. It can also refuse, stall, lie and forget, so
// that a service and a terminal can be tried against a bad day.
//
// It keeps everything in memory: what it acknowledges is gone when it ends.
// Never enrol a terminal that is on duty with it.
package headquarters

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/sim/scenario"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Manners are the ways in which the headquarters misbehaves.
type Manners struct {
	Stall  bool // acknowledges nothing
	Lie    bool // acknowledges numbers that never came
	Forget bool // says at every connection that it has nothing
	Refuse stdif.Code
}

// Config says whom to dial and how to behave.
type Config struct {
	ID      string
	Name    string
	Address string      // host:port of the terminal
	TLS     *tls.Config // open1.GatewayTLS, or Authority.Gateway
	Story   *scenario.Scenario
	Manners Manners
	Tell    func(Event) // hears everything that arrives and is done; may be nil
}

// Event is one thing that arrived or was done. Frame and Inbound are set where
// a frame came.
type Event struct {
	At      time.Time
	Text    string // one line for an engineer; holds ids and codes, no words of a caller
	Frame   *open1.Frame
	Inbound *stdif.Inbound
	Problem *stdif.Problem
}

// Headquarters is the headquarters.
type Headquarters struct {
	cfg    Config
	client *open1.Client

	mu      sync.Mutex
	spool   string
	have    open1.Ranges
	refused []open1.Refusal
	known   map[string]bool // service and report: answered once
	stalled bool
	numbers int
	wg      sync.WaitGroup // answers that wait for their time
}

// New makes a headquarters; Run dials.
func New(cfg Config) *Headquarters {
	if cfg.ID == "" {
		cfg.ID = "hq-sim"
	}
	if cfg.Name == "" {
		cfg.Name = "模擬消防本部"
	}
	return &Headquarters{cfg: cfg, client: open1.NewClient(cfg.Address, cfg.TLS), known: map[string]bool{}, stalled: cfg.Manners.Stall}
}

// Run keeps a connection to the terminal until ctx ends: back-off 1, 2, 5, 5 … s
// as §5.6 has it.
func (h *Headquarters) Run(ctx context.Context) error {
	defer h.client.Close()
	defer h.wg.Wait()
	for try := 0; ; {
		up, err := h.connect(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		h.tell(Event{Text: fmt.Sprintf("link down: %v", err)})
		if up {
			try = 0
		}
		if !wait(ctx, []time.Duration{1, 2, 5}[min(try, 2)]*time.Second) {
			return ctx.Err()
		}
		try++
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (h *Headquarters) tell(e Event) {
	if h.cfg.Tell != nil {
		e.At = time.Now()
		h.cfg.Tell(e)
	}
}

// connect dials and reads until the connection breaks.
func (h *Headquarters) connect(ctx context.Context) (up bool, err error) {
	h.mu.Lock()
	hello := open1.Hello{Headquarters: h.cfg.ID, Name: h.cfg.Name, Spool: h.spool, Have: slices.Clone(h.have)}
	h.mu.Unlock()
	if h.cfg.Manners.Forget {
		hello.Spool, hello.Have = "", nil
	}
	conn, err := open1.Dial(ctx, h.cfg.Address, h.cfg.TLS, hello)
	if err != nil {
		return false, err
	}
	defer conn.CloseNow() //nolint:errcheck // nothing is left to say on it
	h.tell(Event{Text: "link up"})
	for {
		read, cancel := context.WithTimeout(ctx, open1.DeadAfter)
		f, _, p, err := conn.Read(read)
		cancel()
		if err != nil {
			return true, err
		}
		if err := h.frame(ctx, conn, f, p); err != nil {
			return true, err
		}
	}
}

// frame takes one frame and acknowledges it.
func (h *Headquarters) frame(ctx context.Context, conn *open1.Conn, f open1.Frame, p *stdif.Problem) error {
	if f.Seq == 0 { // ping, snapshot.begin, snapshot.end, or nothing that could be read
		h.tell(Event{Text: control(f, p), Frame: &f, Problem: p})
		return nil
	}
	var in stdif.Inbound
	if p == nil {
		in, _, p = open1.DecodeBody(f)
	}
	h.tell(Event{Text: describe(f, in, p), Frame: &f, Inbound: &in, Problem: p})
	ack, ok := h.keep(f, in, p)
	if !ok {
		return nil
	}
	if err := conn.Ack(ctx, ack); err != nil {
		return err
	}
	h.begin(ctx, f, in)
	return nil
}

// keep remembers a frame and returns the acknowledgement, unless it stalls.
func (h *Headquarters) keep(f open1.Frame, in stdif.Inbound, p *stdif.Problem) (open1.AckFrame, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.Spool != h.spool {
		h.spool, h.have, h.refused = f.Spool, nil, nil
	}
	if h.stalled {
		return open1.AckFrame{}, false
	}
	h.have.Add(f.Seq)
	if p == nil && h.cfg.Manners.Refuse != 0 && in.Report != nil {
		p = stdif.Problemf(h.cfg.Manners.Refuse, "", "refused by the simulated headquarters")
	}
	if p != nil && !slices.ContainsFunc(h.refused, func(r open1.Refusal) bool { return r.Seq == f.Seq }) {
		h.refused = append(h.refused, open1.Refusal{Seq: f.Seq, Problem: *p})
	}
	have := slices.Clone(h.have)
	if h.cfg.Manners.Lie {
		have.AddRange(open1.Range{From: 1, To: f.Seq + 1000})
	}
	return open1.AckFrame{Spool: f.Spool, Have: have, Refused: slices.Clone(h.refused)}, true
}

func control(f open1.Frame, p *stdif.Problem) string {
	if p != nil {
		return "a frame that cannot be read: " + p.Error()
	}
	if f.Type == open1.TypeSnapshotBegin {
		if s, p := f.ReadSnapshot(); p == nil {
			return fmt.Sprintf("snapshot: through %d, %d missing here", s.Through, s.Missing)
		}
	}
	return string(f.Type)
}

func describe(f open1.Frame, in stdif.Inbound, p *stdif.Problem) string {
	text := fmt.Sprintf("%d %s %s %s", f.Seq, f.Type, f.ServiceID, f.Mode)
	if f.Late {
		text += " late"
	}
	switch {
	case p != nil:
		return text + " refused " + p.Error()
	case in.Report != nil:
		text += fmt.Sprintf(" %s revision %d %s", in.Report.ID, in.Report.Revision, in.Report.Kind.Code)
		if in.Report.Cancelled {
			text += " cancelled"
		}
		return text
	case in.State != nil:
		return text + " " + in.State.ReportID + " " + string(in.State.State)
	case in.Chat != nil:
		return text + " " + in.Chat.ReportID + " from " + string(in.Chat.From)
	case in.Media != nil:
		return text + " " + in.Media.ReportID + " " + in.Media.MIME
	case in.Raw != nil:
		return text + " undecodable: " + in.Raw.Problem.Error()
	}
	return text
}

// begin starts the story's answers to a report that arrives for the first time.
func (h *Headquarters) begin(ctx context.Context, f open1.Frame, in stdif.Inbound) {
	if in.Report == nil || h.cfg.Story == nil {
		return
	}
	key := f.ServiceID + "\x00" + in.Report.ID
	h.mu.Lock()
	first := !h.known[key]
	h.known[key] = true
	h.mu.Unlock()
	if !first {
		return
	}
	to := target{service: f.ServiceID, report: in.Report.ID, mode: f.Mode, seq: f.Seq}
	for _, a := range h.cfg.Story.Answers {
		h.wg.Go(func() {
			if wait(ctx, a.After) {
				h.answer(ctx, to, a)
			}
		})
	}
}

// target is the report that an answer is about.
type target struct {
	service, report string
	mode            stdif.Mode
	seq             int64
}

// answer hands one input over, and tries again until the terminal has taken or
// refused it.
func (h *Headquarters) answer(ctx context.Context, to target, a scenario.Answer) {
	if a.Verb == "stalls" {
		h.mu.Lock()
		h.stalled = true
		h.mu.Unlock()
		h.tell(Event{Text: "stalls: acknowledges nothing from now on"})
		return
	}
	in := h.input(to, a)
	for ctx.Err() == nil {
		results, err := h.client.Inputs(ctx, []stdif.Input{in})
		if err == nil && len(results) == 1 {
			h.tell(Event{Text: fmt.Sprintf("%s %s: taken %v", in.Verb, in.ReportID, results[0].Taken), Problem: results[0].Problem})
			return
		}
		var said *open1.StatusError
		if errors.As(err, &said) && said.Status/100 == 4 {
			h.tell(Event{Text: fmt.Sprintf("%s %s: %v", in.Verb, in.ReportID, err), Problem: said.Problem})
			return
		}
		h.tell(Event{Text: fmt.Sprintf("%s %s: %v, tries again", in.Verb, in.ReportID, err)})
		wait(ctx, 2*time.Second)
	}
}

func (h *Headquarters) input(to target, a scenario.Answer) stdif.Input {
	now := time.Now()
	in := stdif.Input{ID: rand.Text(), ServiceID: to.service, ReportID: to.report, Mode: to.mode, At: now}
	step := func(s stdif.AckStep) {
		in.Verb, in.Ack = stdif.VerbAck, &stdif.Ack{ReportID: to.report, Step: s, At: now}
	}
	switch a.Verb {
	case "sees":
		step(stdif.Seen)
	case "refuses":
		step(stdif.Refused)
		code := stdif.CodeMissing
		_, _ = fmt.Sscanf(a.Words["code"], "%d", &code) // what is no number stays the usual code
		in.Ack.Problem = stdif.Problemf(code, "", "refused by the simulated headquarters")
	case "accepts":
		h.mu.Lock()
		h.numbers++
		in.HQNumber = fmt.Sprintf("S-%04d", h.numbers)
		h.mu.Unlock()
		in.Verb = stdif.VerbAccept
	case "says":
		in.Verb = stdif.VerbMessage
		in.Message = &stdif.ChatMessage{ID: in.ID, ReportID: to.report, From: stdif.FromHeadquarters, At: now, Text: a.Text}
	case "dispatches":
		in.Verb, in.Summary = stdif.VerbDispatched, a.Text
	case "releases":
		in.Verb, in.Reason = stdif.VerbRelease, "released"
	default: // closes
		in.Verb, in.Reason = stdif.VerbClose, a.Words["reason"]
		if in.Reason == "" {
			in.Reason = "handled"
		}
	}
	return in
}

// Ask requests data, at any time (データ連携要求, S3-1-3-2).
func (h *Headquarters) Ask(ctx context.Context, q stdif.DataRequest) ([]stdif.Answer, error) {
	return h.client.Request(ctx, q)
}

// Health asks the terminal how it is.
func (h *Headquarters) Health(ctx context.Context) (open1.Health, error) { return h.client.Health(ctx) }

// Have returns which numbers of which spool are kept here.
func (h *Headquarters) Have() (spool string, have open1.Ranges) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.spool, slices.Clone(h.have)
}
