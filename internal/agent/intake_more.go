package agent

import (
	"bufio"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// takeChat takes a line of the caller or the operator. One that cannot be read
// is kept raw with its report: it may be the line that matters.
func (a *Agent) takeChat(w http.ResponseWriter, r *http.Request, v spool.Service) {
	m, err := a.readMessage(w, r)
	if err != nil {
		a.brokenBody(w, r)
		return
	}
	in := spool.Intake{Service: v.ID, Mode: stdif.Mode(r.Header.Get(ModeHeader))}
	if p := m.oversized(); p != nil {
		a.keepRaw(w, r, in, m, p, http.StatusRequestEntityTooLarge)
		return
	}
	line, warnings, p := open1.DecodeChat(m.kept, r.PathValue("report"))
	if p != nil {
		a.keepRaw(w, r, in, m, p, http.StatusUnprocessableEntity)
		return
	}
	in.Inbound, in.Warnings = stdif.Inbound{Chat: &line}, warnings
	a.answer(w, r, in, m)
}

func (a *Agent) takeState(w http.ResponseWriter, r *http.Request, v spool.Service) {
	m, err := a.readMessage(w, r)
	if err != nil {
		a.brokenBody(w, r)
		return
	}
	if p := m.oversized(); p != nil {
		refuse(w, p)
		return
	}
	state, warnings, p := open1.DecodeState(m.kept, r.PathValue("report"))
	if p != nil {
		refuseAs(w, http.StatusUnprocessableEntity, p, false)
		return
	}
	a.answer(w, r, spool.Intake{Service: v.ID, Mode: stdif.Mode(r.Header.Get(ModeHeader)), Inbound: stdif.Inbound{State: &state}, Warnings: warnings}, m)
}

func (a *Agent) answer(w http.ResponseWriter, r *http.Request, in spool.Intake, m message) {
	out, err := a.take(r, in)
	switch {
	case err != nil:
		a.fail(w, r, err)
	case out.Problem != nil:
		a.keepRefused(w, r, in, m, out.Problem)
	default:
		a.answerTaken(w, r, in, out)
	}
}

// DigestHeader may carry the SHA-256 of a medium, in hex.
const DigestHeader = "Matoi-Sha256"

// carried are the media types of the interface: still images and video. Voice
// is not among them (S3-L8).
var carried = map[string]bool{"image/jpeg": true, "image/png": true, "image/webp": true, "video/mp4": true}

// mediumTime is how long no byte of a medium may come.
const mediumTime = 30 * time.Second

// takeMedium takes the bytes of a still image or a video as they are, sealed.
// They are looked at only so far that the type is what it claims to be.
func (a *Agent) takeMedium(w http.ResponseWriter, r *http.Request, v spool.Service) {
	m := stdif.Media{ID: r.PathValue("medium"), ReportID: r.PathValue("report"), Label: r.URL.Query().Get("label"), SHA256: r.Header.Get(DigestHeader)}
	body := bufio.NewReaderSize(&patient{r.Body, http.NewResponseController(w)}, 64<<10)
	head, err := body.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		a.brokenBody(w, r)
		return
	}
	var p *stdif.Problem
	if m.MIME, p = mediaType(r.Header.Get("Content-Type"), head); p == nil {
		p = mediaNames(m)
	}
	if p == nil && r.ContentLength > stdif.MaxMediaBytes {
		p = stdif.Problemf(stdif.CodeTooLarge, "", "a medium has at most %d bytes", stdif.MaxMediaBytes)
	}
	if p != nil {
		refuse(w, p)
		return
	}
	in := spool.Intake{Service: v.ID, Mode: stdif.Mode(r.Header.Get(ModeHeader)), Inbound: stdif.Inbound{Media: &m}}
	out, err := a.spool.Upload(r.Context(), in, body)
	switch {
	case err != nil:
		a.fail(w, r, err)
	case out.Problem != nil:
		refuse(w, out.Problem)
	default:
		a.answerTaken(w, r, in, out)
	}
}

func mediaType(declared string, head []byte) (string, *stdif.Problem) {
	declared, _, err := mime.ParseMediaType(declared)
	sniffed, _, _ := mime.ParseMediaType(http.DetectContentType(head))
	switch {
	case strings.HasPrefix(declared, "audio/") || strings.HasPrefix(sniffed, "audio/"):
		return "", stdif.Problemf(stdif.CodeVoice, "Content-Type", "voice is not carried on this interface")
	case err != nil || !carried[declared]:
		return "", stdif.Problemf(stdif.CodeMediaType, "Content-Type", "image/jpeg, image/png, image/webp or video/mp4")
	case len(head) > 0 && sniffed != declared:
		return "", stdif.Problemf(stdif.CodeMediaType, "byte 0", "the bytes are not of the declared type")
	}
	return declared, nil
}

func mediaNames(m stdif.Media) *stdif.Problem {
	switch {
	case len(m.ID) > stdif.MaxID || !utf8.ValidString(m.ID) || strings.ContainsFunc(m.ID, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return stdif.Problemf(stdif.CodeSyntax, "/id", "an id has at most %d bytes and no control characters", stdif.MaxID)
	case !utf8.ValidString(m.Label):
		return stdif.Problemf(stdif.CodeEncoding, "/label", "not UTF-8")
	case utf8.RuneCountInString(m.Label) > stdif.MaxShort:
		return stdif.Problemf(stdif.CodeTooLarge, "/label", "at most %d characters", stdif.MaxShort)
	}
	return nil
}

// patient gives each read of a large body time of its own.
type patient struct {
	r io.Reader
	c *http.ResponseController
}

func (p *patient) Read(b []byte) (int, error) {
	_ = p.c.SetReadDeadline(time.Now().Add(mediumTime)) // not supported by test recorders
	return p.r.Read(b)
}
