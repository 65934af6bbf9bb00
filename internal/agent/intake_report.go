package agent

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// ModeHeader says the mode of a report whose format does not.
const ModeHeader = "Matoi-Mode"

const (
	maxRead  = 16 << 20 // bytes that are read, and digested, of an oversized message
	keptHead = 64 << 10 // bytes of it that are kept
)

// message is what came in one request, read whole.
type message struct {
	kept []byte
	size int64
	sum  [sha256.Size]byte
	more bool // there was more than maxRead
}

// readMessage reads a request's body within its time. Of a message over the
// limit the beginning is kept and the rest is counted and digested: the marker
// that goes to the headquarters says exactly what came.
func (a *Agent) readMessage(w http.ResponseWriter, r *http.Request) (m message, err error) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(a.c.BodyTime)) // not supported by test recorders
	defer func() {
		if err == nil { // else what still comes must not be waited for
			_ = c.SetReadDeadline(time.Time{})
		}
	}()
	m.kept, err = io.ReadAll(io.LimitReader(r.Body, stdif.MaxFrame+1))
	if err != nil {
		return m, err
	}
	m.size = int64(len(m.kept))
	if m.size <= stdif.MaxFrame {
		return m, nil
	}
	h := sha256.New()
	h.Write(m.kept)
	rest, err := io.Copy(h, io.LimitReader(r.Body, maxRead-m.size))
	if err != nil {
		return m, err
	}
	m.size += rest
	m.more = m.size == maxRead
	m.kept, m.sum = m.kept[:keptHead], [sha256.Size]byte(h.Sum(nil))
	return m, nil
}

// oversized describes a message that was not kept whole.
func (m message) oversized() *stdif.Problem {
	if m.size <= stdif.MaxFrame {
		return nil
	}
	size := fmt.Sprintf("%d bytes", m.size)
	if m.more {
		size = "at least " + size
	}
	return stdif.Problemf(stdif.CodeTooLarge, fmt.Sprintf("byte %d", stdif.MaxFrame), "%s, limit %d; SHA-256 of them %s; the first %d are kept",
		size, stdif.MaxFrame, hex.EncodeToString(m.sum[:]), len(m.kept))
}

// takeReport takes one message in any known format. What cannot be read is
// kept raw, goes to the headquarters and rings there: never dropped (§5.7).
func (a *Agent) takeReport(w http.ResponseWriter, r *http.Request, v spool.Service) {
	m, err := a.readMessage(w, r)
	if err != nil {
		a.brokenBody(w, r)
		return
	}
	in, p, status := a.decode(r, v, m)
	switch {
	case p == nil:
		a.answer(w, r, in, m)
	case p.Code == stdif.CodeNothing: // understood to the last word: there is nothing to keep and nobody to wake
		refuse(w, p)
	default:
		a.keepRaw(w, r, in, m, p, status)
	}
}

// keepRefused keeps what contradicts what was taken before: a service that never
// counts its revisions up, or uses a number twice, may be telling something new
// (wrong revision: a code, and nothing is lost). Bytes of another mode stand
// alone: an actual call must not hide under the number of a test.
func (a *Agent) keepRefused(w http.ResponseWriter, r *http.Request, in spool.Intake, m message, p *stdif.Problem) {
	switch {
	case p.Code == stdif.CodeStaleRevision && in.Inbound.Report != nil:
		a.keep(w, r, in, m, p, in.Inbound.Report.ID)
	case p.Code == stdif.CodeStaleRevision && in.Inbound.Chat != nil:
		a.keep(w, r, in, m, p, in.Inbound.Chat.ReportID)
	case p.Code == stdif.CodeMode:
		a.keep(w, r, in, m, p, "")
	default:
		refuse(w, p)
	}
}

// decode reads a message into an Intake. With a problem the Intake holds only
// who sent it and in which mode.
func (a *Agent) decode(r *http.Request, v spool.Service, m message) (spool.Intake, *stdif.Problem, int) {
	in := spool.Intake{Service: v.ID, Mode: stdif.Mode(r.Header.Get(ModeHeader))}
	if p := m.oversized(); p != nil {
		return in, p, http.StatusRequestEntityTooLarge
	}
	codec, ok := stdif.Choose(a.c.Codecs, r.Header.Get("Content-Type"), m.kept)
	if !ok || r.Header.Get("Content-Encoding") != "" {
		return in, stdif.Problemf(stdif.CodeSyntax, "Content-Type", "no format of this terminal"), http.StatusUnsupportedMediaType
	}
	inbound, warnings, err := stdif.DecodeAs(codec, r.Header.Get("Content-Type"), m.kept)
	if err != nil {
		return in, asProblem(err), http.StatusUnprocessableEntity
	}
	switch {
	case inbound.Mode != "" && in.Mode != "" && inbound.Mode != in.Mode:
		return in, stdif.Problemf(stdif.CodeMode, ModeHeader, "the message says another mode than the header"), http.StatusUnprocessableEntity
	case inbound.Media != nil:
		return in, stdif.Problemf(stdif.CodeMissing, "", "a medium comes with its bytes, by PUT"), http.StatusUnprocessableEntity
	}
	mode := cmp.Or(inbound.Mode, in.Mode)
	if inbound.Report != nil && !mode.Valid() {
		return in, stdif.Problemf(stdif.CodeMode, ModeHeader, "a report says whether it is actual, exercise or test"), http.StatusUnprocessableEntity
	}
	in.Mode, in.Inbound, in.Warnings = mode, inbound, warnings
	if rep := inbound.Report; rep != nil && time.Until(rep.EventTime) > stdif.MaxSkew {
		in.Warnings = append(in.Warnings, *stdif.Problemf(stdif.CodeSkew, "/eventTime", "the sender's clock is ahead of the terminal's"))
	}
	return in, nil, 0
}

func asProblem(err error) *stdif.Problem {
	var p *stdif.Problem
	if errors.As(err, &p) {
		return p
	}
	return stdif.Problemf(stdif.CodeSyntax, "", "cannot be read")
}

// keepRaw spools the bytes that nobody could read and says so.
func (a *Agent) keepRaw(w http.ResponseWriter, r *http.Request, in spool.Intake, m message, p *stdif.Problem, status int) {
	number := r.PathValue("report")
	if number == "" && m.oversized() == nil {
		number = a.numberOf(r, m.kept)
	}
	if a.raw(w, r, in, m, p, number) {
		refuseAs(w, status, p, true)
	}
}

func (a *Agent) keep(w http.ResponseWriter, r *http.Request, in spool.Intake, m message, p *stdif.Problem, number string) {
	if a.raw(w, r, in, m, p, number) {
		refuseAs(w, statusOf(p), p, true)
	}
}

// raw makes the bytes durable as they are, or answers that it could not.
func (a *Agent) raw(w http.ResponseWriter, r *http.Request, in spool.Intake, m message, p *stdif.Problem, number string) bool {
	if !in.Mode.Valid() {
		in.Mode = ""
	}
	in.Inbound = stdif.Inbound{Raw: &stdif.Undecodable{Raw: stdif.Raw{MIME: stdif.Excerpt(r.Header.Get("Content-Type"), 100), Bytes: m.kept},
		Problem: *p, ReportID: number}}
	_, err := a.take(r, in)
	if err != nil {
		a.fail(w, r, err)
	}
	return err == nil
}

// numberOf finds the service's number in a message that could not be decoded.
func (a *Agent) numberOf(r *http.Request, kept []byte) string {
	codec, ok := stdif.Choose(a.c.Codecs, r.Header.Get("Content-Type"), kept)
	if namer, can := codec.(stdif.Namer); ok && can {
		return namer.ReportID(kept)
	}
	return ""
}

// brokenBody answers a request whose body did not come whole in time. Nothing
// was promised; the service sends it again.
func (a *Agent) brokenBody(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	refuseAs(w, http.StatusRequestTimeout, stdif.Problemf(stdif.CodeSyntax, "", "the message did not come whole; send it again"), false)
}

// take spools a message. When the spool cannot write, what came is held for
// the page, so that somebody sees it ring although nothing is durable.
func (a *Agent) take(r *http.Request, in spool.Intake) (spool.Taken, error) {
	out, err := a.spool.Take(r.Context(), in)
	switch {
	case fault.Of(err) == fault.Unavailable && r.Context().Err() == nil:
		a.unsaved.add(in)
		a.hub.changed()
	case err == nil && a.unsaved.some():
		a.unsaved.saved(in)
		a.hub.changed()
	}
	return out, err
}

// answerTaken says how far the report has come: 201 for something new, 200 for
// a repeat.
func (a *Agent) answerTaken(w http.ResponseWriter, r *http.Request, in spool.Intake, out spool.Taken) {
	status := http.StatusCreated
	if out.Repeat {
		status = http.StatusOK
	}
	if rep := in.Inbound.Report; out.New && rep != nil { // nothing else can be known of it yet
		up, _ := a.link.state()
		reply(w, status, open1.Status{ReportID: out.ReportID, Revision: rep.Revision, Step: stdif.Spooled, At: time.Now().UTC(),
			Linked: up, Say: open1.SayFor(stdif.Spooled, up), Warnings: in.Warnings})
		return
	}
	rep, known, err := a.spool.Report(r.Context(), in.Service, out.ReportID)
	if err != nil || !known {
		a.fail(w, r, cmp.Or(err, error(stdif.Problemf(stdif.CodeUnknownReport, "", "the report is not here any more"))))
		return
	}
	reply(w, status, a.statusOf(rep))
}

// statusOf is what a service may know and say about its report.
func (a *Agent) statusOf(rep spool.Report) open1.Status {
	up, _ := a.link.state()
	return open1.Status{ReportID: rep.ID, Revision: rep.Revision, Step: rep.Step, At: rep.StepAt, Linked: up, HQNumber: rep.HQNumber,
		Claimed: rep.Claimed, Closed: rep.Closed, Say: open1.SayFor(rep.Step, up), Problem: rep.Problem, Warnings: rep.Warnings}
}

// known finds the report of a path, or answers.
func (a *Agent) known(w http.ResponseWriter, r *http.Request, service string) (spool.Report, bool) {
	rep, known, err := a.spool.Report(r.Context(), service, r.PathValue("report"))
	switch {
	case err != nil:
		a.fail(w, r, err)
	case !known:
		refuse(w, stdif.Problemf(stdif.CodeUnknownReport, "", "no report with this number was taken here"))
	}
	return rep, err == nil && known
}

func (a *Agent) reportStatus(w http.ResponseWriter, r *http.Request, v spool.Service) {
	if rep, ok := a.known(w, r, v.ID); ok {
		reply(w, http.StatusOK, a.statusOf(rep))
	}
}

func (a *Agent) reportChat(w http.ResponseWriter, r *http.Request, v spool.Service) {
	rep, ok := a.known(w, r, v.ID)
	if !ok {
		return
	}
	lines, err := a.spool.Chat(r.Context(), rep)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	reply(w, http.StatusOK, lines)
}
