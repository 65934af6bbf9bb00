// Package intaketest is a small honest stand-in for a terminal's intake, for
// the tests of the simulators: it keeps in memory what a terminal keeps on
// disk, answers as docs/open1.md says, and lets a test play headquarters
// (Step, Say, Close). It never says more than it was told: a report stays
// "spooled" until the test advances it.
package intaketest

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/matoi119/matoi/sim/sse"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/cap"
	"github.com/matoi119/matoi/stdif/open1"
)

// Terminal is the stand-in. Its zero value is not ready; use New.
type Terminal struct {
	Credential string
	Origin     string // the one origin whose pages may hand over

	mu      sync.Mutex
	reports map[string]*Kept
	raw     [][]byte
	events  []event
	wake    chan struct{} // closed and replaced at every event
	refuse  int           // status given to everything, 0 = work
	posts   int
	id      string
	offer   *stdif.Offer
}

// Kept is what the terminal holds of one report.
type Kept struct {
	Report   stdif.Report
	Mode     stdif.Mode
	Status   open1.Status
	States   []stdif.ReportState
	Chat     []stdif.ChatMessage
	Media    map[string][]byte
	Receipts []stdif.Receipt
	Live     [][]byte   // every live picture
	Upserted int        // how many revisions were stored
	digests  [][32]byte // of every revision taken
}

type event struct {
	name string
	data []byte
}

// New makes a terminal that knows one service.
func New(credential, origin string) *Terminal {
	return &Terminal{Credential: credential, Origin: origin, reports: map[string]*Kept{}, wake: make(chan struct{}), id: "s"}
}

// Refuse makes every request be answered with status until it is called with 0.
func (t *Terminal) Refuse(status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refuse = status
}

// Posts returns how many requests that hand something over came.
func (t *Terminal) Posts() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.posts
}

// Get returns a copy of what is kept of a report.
func (t *Terminal) Get(report string) (Kept, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, ok := t.reports[report]
	if !ok {
		return Kept{}, false
	}
	c := *k
	c.States, c.Chat, c.Media = slices.Clone(k.States), slices.Clone(k.Chat), maps.Clone(k.Media)
	return c, true
}

// IDs returns the ids of all reports, sorted.
func (t *Terminal) IDs() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.reports))
}

// Raw returns how many undecodable messages were kept.
func (t *Terminal) Raw() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.raw)
}

// Step advances a report as headquarters would and tells the service.
func (t *Terminal) Step(report string, step stdif.AckStep) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.reports[report]
	k.Status.Step, k.Status.Linked, k.Status.Say = step, true, open1.SayFor(step, true)
	t.emit("status", k.Status)
}

// Say sends a dispatcher's message.
func (t *Terminal) Say(report, id, text string) {
	t.input(stdif.Input{ID: id, ReportID: report, Verb: stdif.VerbMessage, Message: &stdif.ChatMessage{
		ID: id, ReportID: report, From: stdif.FromHeadquarters, At: time.Now(), Text: text}})
}

// Close closes a report with a reason.
func (t *Terminal) Close(report, reason string) {
	t.input(stdif.Input{ID: "close-" + report, ReportID: report, Verb: stdif.VerbClose, Reason: reason})
}

func (t *Terminal) input(in stdif.Input) {
	t.mu.Lock()
	defer t.mu.Unlock()
	in.At, in.ServiceID = time.Now(), "svc"
	t.emit("input", in)
}

// emit owns t.mu.
func (t *Terminal) emit(name string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic("intaketest: " + err.Error())
	}
	t.events = append(t.events, event{name, b})
	close(t.wake)
	t.wake = make(chan struct{})
}

// ServeHTTP answers as the services' face of a terminal.
func (t *Terminal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !t.cors(w, r) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+t.Credential {
		problem(w, http.StatusUnauthorized, stdif.Problemf(stdif.CodeUnknownService, "", "unknown credential"), false)
		return
	}
	t.mu.Lock()
	refuse := t.refuse
	if r.Method != http.MethodGet && r.URL.Path != open1.PathIntakeOffer { // an offer hands nothing over
		t.posts++
	}
	t.mu.Unlock()
	if refuse != 0 {
		problem(w, refuse, stdif.Problemf(stdif.CodeStorage, "", "cannot store now"), false)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /intake/reports", t.upsert)
	mux.HandleFunc("GET /intake/reports/{id}", t.status)
	mux.HandleFunc("POST /intake/reports/{id}/state", t.state)
	mux.HandleFunc("POST /intake/reports/{id}/chat", t.chat)
	mux.HandleFunc("PUT /intake/reports/{id}/media/{medium}", t.media)
	mux.HandleFunc("POST /intake/reports/{id}/receipts", t.receipt)
	mux.HandleFunc("PUT /intake/reports/{id}/live", t.live)
	mux.HandleFunc("PUT /intake/offer", t.takeOffer)
	mux.HandleFunc("GET /intake/events", t.stream)
	mux.ServeHTTP(w, r)
}

func (t *Terminal) cors(w http.ResponseWriter, r *http.Request) bool {
	o := r.Header.Get("Origin")
	if o == "" {
		return true
	}
	if o != t.Origin {
		problem(w, http.StatusForbidden, stdif.Problemf(stdif.CodeIdentity, "", "origin is not declared"), false)
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", o)
	w.Header().Add("Vary", "Origin")
	if r.Method != http.MethodOptions {
		return true
	}
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST, PUT")
	w.Header().Set("Access-Control-Allow-Headers", "authorization, content-type, last-event-id, matoi-mode")
	w.WriteHeader(http.StatusNoContent)
	return false
}

func (t *Terminal) upsert(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, stdif.MaxFrame+1))
	if err != nil {
		return // the service went away; nothing was promised
	}
	codec, ok := codecs[strings.Split(r.Header.Get("Content-Type"), ";")[0]]
	switch {
	case len(body) > stdif.MaxFrame:
		t.keepRaw(w, http.StatusRequestEntityTooLarge, body, stdif.Problemf(stdif.CodeTooLarge, "byte 262144", "over the limit"))
		return
	case !ok || r.Header.Get("Content-Encoding") != "":
		t.keepRaw(w, http.StatusUnsupportedMediaType, body, stdif.Problemf(stdif.CodeSyntax, "Content-Type", "no codec for this type"))
		return
	}
	in, warnings, err := codec.Decode(body)
	mode := cmp.Or(in.Mode, stdif.Mode(r.Header.Get("Matoi-Mode")))
	var p *stdif.Problem
	switch {
	case errors.As(err, &p):
	case !mode.Valid():
		p = stdif.Problemf(stdif.CodeMode, "Matoi-Mode", "mode is actual, exercise or test")
	}
	if p != nil {
		t.keepRaw(w, http.StatusUnprocessableEntity, body, p)
		return
	}
	if skew := time.Since(in.Report.EventTime); skew < -stdif.MaxSkew {
		warnings = append(warnings, *stdif.Problemf(stdif.CodeSkew, "/eventTime", "the sender's clock is ahead"))
	}
	t.store(w, *in.Report, mode, sha256.Sum256(body), warnings)
}

// codecs are those of the product: the stand-in judges as a terminal does.
var codecs = map[string]stdif.Codec{
	"application/json": open1.ReportCodec{}, "application/xml": cap.Codec{}, "text/xml": cap.Codec{}, "application/cap+xml": cap.Codec{},
}

func (t *Terminal) keepRaw(w http.ResponseWriter, status int, body []byte, p *stdif.Problem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.raw = append(t.raw, body)
	problem(w, status, p, true)
}

func (t *Terminal) store(w http.ResponseWriter, rep stdif.Report, mode stdif.Mode, digest [32]byte, warnings []stdif.Problem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, known := t.reports[rep.ID]
	switch {
	case known && slices.Contains(k.digests, digest):
		answer(w, http.StatusOK, k.Status)
		return
	case known && rep.Revision <= k.Report.Revision:
		problem(w, http.StatusConflict, stdif.Problemf(stdif.CodeStaleRevision, "/revision", "not newer"), false)
		return
	case known && mode != k.Mode:
		problem(w, http.StatusConflict, stdif.Problemf(stdif.CodeMode, "Matoi-Mode", "a report keeps its mode"), false)
		return
	case !known:
		k = &Kept{Media: map[string][]byte{}}
		t.reports[rep.ID] = k
	}
	k.Report, k.Mode, k.digests = rep, mode, append(k.digests, digest)
	k.Upserted++
	k.Status = open1.Status{ReportID: rep.ID, Revision: rep.Revision, Step: stdif.Spooled, At: time.Now(), Say: open1.SayFor(stdif.Spooled, false), Warnings: warnings}
	answer(w, http.StatusCreated, k.Status)
}

func (t *Terminal) status(w http.ResponseWriter, r *http.Request) {
	t.with(w, r, func(k *Kept) { answer(w, http.StatusOK, k.Status) })
}

func (t *Terminal) state(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, stdif.MaxFrame))
	if err != nil {
		return
	}
	t.with(w, r, func(k *Kept) {
		s, _, p := open1.DecodeState(body, r.PathValue("id"))
		if p != nil {
			problem(w, http.StatusUnprocessableEntity, p, true)
			return
		}
		k.States = append(k.States, s)
		answer(w, http.StatusCreated, k.Status)
	})
}

func (t *Terminal) chat(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, stdif.MaxFrame))
	if err != nil {
		return
	}
	t.with(w, r, func(k *Kept) {
		m, _, p := open1.DecodeChat(body, r.PathValue("id"))
		if p != nil {
			problem(w, http.StatusUnprocessableEntity, p, true)
			return
		}
		if !slices.ContainsFunc(k.Chat, func(o stdif.ChatMessage) bool { return o.ID == m.ID }) {
			k.Chat = append(k.Chat, m)
		}
		answer(w, http.StatusCreated, k.Status)
	})
}

func (t *Terminal) media(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	t.with(w, r, func(k *Kept) {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "image/") {
			problem(w, http.StatusUnsupportedMediaType, stdif.Problemf(stdif.CodeMediaType, "Content-Type", "not an image"), false)
			return
		}
		k.Media[r.PathValue("medium")] = b
		answer(w, http.StatusCreated, k.Status)
	})
}

func (t *Terminal) with(w http.ResponseWriter, r *http.Request, do func(*Kept)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, ok := t.reports[r.PathValue("id")]
	if !ok {
		problem(w, http.StatusNotFound, stdif.Problemf(stdif.CodeUnknownReport, "", "unknown report"), false)
		return
	}
	do(k)
}

func (t *Terminal) stream(w http.ResponseWriter, r *http.Request) {
	next, _ := strconv.Atoi(strings.TrimPrefix(r.Header.Get("Last-Event-ID"), "s"))
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w)
	for {
		t.mu.Lock()
		fresh, wake := slices.Clone(t.events[min(next, len(t.events)):]), t.wake
		t.mu.Unlock()
		for _, e := range fresh {
			next++
			if sse.Write(w, t.id+strconv.Itoa(next), e.name, e.data) != nil {
				return
			}
		}
		if flush.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-wake:
		}
	}
}

func answer(w http.ResponseWriter, code int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic("intaketest: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	w.Write(b) //nolint:errcheck // the service went away; it will ask again
}

func problem(w http.ResponseWriter, code int, p *stdif.Problem, kept bool) {
	b, err := json.Marshal(map[string]any{"status": code, "code": p.Code, "place": p.Place, "detail": p.Detail, "kept": kept})
	if err != nil {
		panic("intaketest: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	w.Write(b) //nolint:errcheck // as above
}
