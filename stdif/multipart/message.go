package multipart

import (
	"fmt"
	"mime"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/additional"
	"github.com/matoi119/matoi/stdif/cap"
	"github.com/matoi119/matoi/stdif/internal/gather"
	"github.com/matoi119/matoi/stdif/internal/markup"
	"github.com/matoi119/matoi/stdif/pidf"
	"github.com/matoi119/matoi/stdif/veds"
)

// message is one body on its way to a report.
type message struct {
	gather.Parts

	head      header
	mode      stdif.Mode
	sent      time.Time // as a part or the header says
	callID    string
	partID    string // number in a part
	emergency bool   // something tells of one
	crashed   bool
	fault     *stdif.Problem // refuses the whole
}

// newMessage reads the headers of the call. All of them stay among the
// additional items: who called whom, over which servers.
func newMessage(head header) *message {
	m := &message{head: head}
	m.Out.Kind.Code = stdif.KindOther
	for _, f := range head {
		if !strings.EqualFold(f.name, "Content-Type") {
			m.Keep("header."+f.name, f.value)
		}
	}
	for _, value := range head.all("Call-Info") {
		uri, purpose := callInfo(value)
		switch {
		case !strings.EqualFold(purpose, "emergency-CallId"):
		case uri == "":
			m.Warn(stdif.CodeMissing, "/header/Call-Info", "an emergency call identifier that is empty")
		case m.callID == "":
			m.callID, m.emergency = markup.SafeID(uri), true
		}
	}
	for _, name := range [...]string{"Request-Line", "To", "Service"} {
		if m.service(head.get(name)) {
			break
		}
	}
	if date := head.get("Date"); date != "" {
		at, ok := mailTime(date)
		if !ok {
			m.Warn(stdif.CodeTime, "/header/Date", "a time without offset, or not a time; kept as it came")
		}
		m.sent = at
	}
	return m
}

// callInfo reads "<uri>;purpose=word" (RFC 3261, §20.9).
func callInfo(value string) (uri, purpose string) {
	uri, rest, ok := strings.Cut(strings.TrimPrefix(value, "<"), ">")
	if !ok || !strings.HasPrefix(value, "<") {
		return "", ""
	}
	for _, parameter := range strings.Split(rest, ";") {
		if name, text, _ := strings.Cut(parameter, "="); strings.EqualFold(strings.TrimSpace(name), "purpose") {
			purpose = strings.TrimSpace(text)
		}
	}
	return uri, purpose
}

// services are the sub-services of RFC 5031 that have a common code.
var services = map[string]string{
	"fire": stdif.KindFire, "ambulance": stdif.KindEMS, "mountain": stdif.KindRescue, "marine": stdif.KindRescue,
}

// service reads a service URN out of a header: urn:service:sos.fire.
func (m *message) service(value string) bool {
	_, rest, ok := strings.Cut(value, "urn:service:")
	if !ok {
		return false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return !(r == '.' || r == '-' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9') })
	if end >= 0 {
		rest = rest[:end]
	}
	urn, test := strings.CutPrefix(rest, "test.") // RFC 6881, §17: a test call
	name, sub, _ := strings.Cut(urn, ".")
	if name != "sos" || !markup.Fits(rest, stdif.MaxID) {
		return false
	}
	m.emergency = true
	if test {
		m.mode = stdif.Test
	}
	m.Out.Kind.LocalCode = "urn:service:" + rest
	if code := services[sub]; code != "" {
		m.Out.Kind.Code = code
	}
	return true
}

func mailTime(text string) (time.Time, bool) {
	for _, form := range [...]string{time.RFC1123Z, time.RFC1123, "Mon, _2 Jan 2006 15:04:05 -0700"} {
		at, err := time.Parse(form, text)
		if err == nil && (form != time.RFC1123 || strings.HasSuffix(text, "GMT") || strings.HasSuffix(text, "UTC")) && at.Unix() > 0 {
			return at, true
		}
	}
	return time.Time{}, false
}

// parts reads each part by its type.
func (m *message) parts(parts []part, above string, depth int) {
	for i, p := range parts {
		name := fmt.Sprintf("%spart[%d]", above, i+1)
		m.part(p, name, depth)
	}
}

func (m *message) part(p part, name string, depth int) {
	place := "/" + strings.ReplaceAll(name, ".", "/")
	for _, f := range p.header {
		if !strings.EqualFold(f.name, "Content-Transfer-Encoding") {
			m.Keep(name+"."+f.name, f.value)
		}
	}
	wire, fault := p.content()
	if p.err != nil {
		fault = p.err
	}
	kind, parameters, err := mime.ParseMediaType(p.get("Content-Type"))
	if err != nil {
		kind = strings.ToLower(strings.TrimSpace(p.get("Content-Type")))
	}
	if fault == nil {
		fault = m.read(kind, parameters, wire, name, depth)
	}
	if fault == nil {
		return
	}
	if strings.HasPrefix(fault.Place, "byte ") {
		fault.Place = "/" + fault.Place
	}
	m.Warn(fault.Code, place+strings.TrimSuffix(fault.Place, "/"), fault.Detail+"; kept as it came")
	if wire == nil {
		wire = p.body
	}
	m.KeepText(name, wire)
}

// read hands a part to whoever reads its type.
func (m *message) read(kind string, parameters map[string]string, wire []byte, name string, depth int) *stdif.Problem {
	switch {
	case kind == pidf.MediaType:
		return m.location(wire, name)
	case kind == veds.MediaType:
		return m.crash(wire, name)
	case kind == cap.MediaType || kind == "application/emergencycalldata.cap+xml":
		return m.alert(wire, name)
	case additional.Carries(kind):
		return m.block(wire, name)
	case strings.HasPrefix(kind, "multipart/"):
		if depth >= MaxNesting {
			return stdif.Problemf(stdif.CodeTooLarge, "", "nested deeper than %d", MaxNesting)
		}
		parts, p := split(wire, parameters["boundary"], 0)
		if p == nil {
			m.parts(parts, name+".", depth+1)
		}
		return p
	case kind == "" || kind == "text/plain":
		return m.words(wire, parameters["charset"])
	case kind == "application/sdp":
		m.KeepText(name, wire)
		return nil
	case strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "video/"):
		return stdif.Problemf(stdif.CodeMediaType, "", "a picture inside a body stands in the raw only: send it as a medium of the report")
	case stdif.IsVoice(kind):
		return stdif.Problemf(stdif.CodeVoice, "", "voice is not carried on this interface")
	}
	return stdif.Problemf(stdif.CodeUnknownValue, "", "a type of part that is not read here")
}
