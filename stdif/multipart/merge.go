package multipart

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/additional"
	"github.com/matoi119/matoi/stdif/cap"
	"github.com/matoi119/matoi/stdif/internal/markup"
	"github.com/matoi119/matoi/stdif/pidf"
	"github.com/matoi119/matoi/stdif/veds"
)

// took adds what a part's own reader says: its warnings at the place of the
// part, its rest under the name of the part.
func (m *message) took(name string, warnings []stdif.Problem, rest []stdif.Additional) {
	for _, w := range warnings {
		if strings.HasPrefix(w.Place, "byte ") {
			w.Place = "/" + w.Place
		}
		w.Place = "/" + strings.ReplaceAll(name, ".", "/") + w.Place
		m.warnings = append(m.warnings, w)
	}
	for _, x := range rest {
		if full := name + "." + x.Name; markup.Fits(full, stdif.MaxShort) {
			x.Name = full
		}
		m.keep(x.Name, x.Value)
	}
}

func asProblem(err error) *stdif.Problem {
	var p *stdif.Problem
	if errors.As(err, &p) {
		return p
	}
	return stdif.Problemf(stdif.CodeSyntax, "", "cannot be read")
}

func (m *message) location(wire []byte, name string) *stdif.Problem {
	d, warnings, err := pidf.Read(wire)
	if err != nil {
		return asProblem(err)
	}
	m.emergency = true
	m.took(name, warnings, d.Additional)
	m.locations(d.Locations, name)
	return nil
}

// locations adds places; those for which there is no room stay readable.
func (m *message) locations(all []stdif.Location, name string) {
	for _, l := range all {
		if len(m.report.Locations) >= stdif.MaxLocations {
			m.warn(stdif.CodeTooLarge, "/"+strings.ReplaceAll(name, ".", "/"), "more locations than a report has room for: kept among the additional items")
			m.spare(name+".location", l)
			continue
		}
		m.report.Locations = append(m.report.Locations, l)
	}
}

// spare keeps a second value of what a report has one of.
func (m *message) spare(name string, v any) {
	text, err := json.Marshal(v)
	if err == nil {
		m.keep(name, string(text))
	}
}

func (m *message) block(wire []byte, name string) *stdif.Problem {
	b, warnings, err := additional.Read(wire)
	if err != nil {
		return asProblem(err)
	}
	m.emergency = m.emergency || b.Name != "Control" // an answer or an order to a vehicle tells of none (RFC 8147, §9)
	m.took(name, warnings, b.Additional)
	m.proxy(b.Proxy, name)
	m.subscriber(b.Subscriber, name)
	m.contacts(b.Contacts, name)
	m.say(b.Text, name)
	return nil
}

func (m *message) proxy(p *stdif.Proxy, name string) {
	switch {
	case p == nil:
	case m.report.Proxy == nil:
		m.report.Proxy = p
	case *m.report.Proxy != *p:
		m.spare(name+".proxy", p)
	}
}

func (m *message) subscriber(s *stdif.SubscriberInfo, name string) {
	switch {
	case s == nil:
	case m.report.Subscriber == nil:
		m.report.Subscriber = s
	default:
		m.spare(name+".subscriber", s)
	}
}

func (m *message) contacts(all []stdif.Contact, name string) {
	for _, c := range all {
		if len(m.report.Contacts) >= stdif.MaxContacts {
			m.spare(name+".contact", c)
			continue
		}
		m.report.Contacts = append(m.report.Contacts, c)
	}
}

// say adds words to the report's text, one line for each part that has some.
func (m *message) say(text, name string) {
	if text == "" {
		return
	}
	joined := text
	if m.report.Text != "" {
		joined = m.report.Text + "\n" + text
	}
	if !markup.Fits(joined, stdif.MaxText) {
		m.warn(stdif.CodeTooLarge, "/"+strings.ReplaceAll(name, ".", "/"), "longer than a text can be: stands whole among the additional items")
		m.keep(name+".text", text)
		return
	}
	m.report.Text = joined
}

// words reads a part of plain text: UTF-8, or the Japanese encoding that it
// declares.
func (m *message) words(wire []byte, charset string) *stdif.Problem {
	text, p := markup.Text(wire, charset)
	if p != nil {
		return p
	}
	if text = strings.TrimSpace(text); text != "" {
		m.emergency = true
		m.say(text, "text")
	}
	return nil
}

func (m *message) crash(wire []byte, name string) *stdif.Problem {
	n, warnings, err := veds.Read(wire)
	if err != nil {
		return asProblem(err)
	}
	m.emergency = true
	r := n.Report
	if m.crashed {
		m.warn(stdif.CodeTooLarge, "/"+strings.ReplaceAll(name, ".", "/"), "a report has room for one crash notification; kept as it came")
		m.keepText(name, wire)
		return nil
	}
	m.crashed = true
	m.took(name, warnings, r.Additional)
	m.partID = cmp.Or(m.partID, r.ID)
	m.when(r, n.SentAt.Unix(), n.SentAt.IsZero())
	if m.sent.IsZero() {
		m.sent = n.SentAt
	}
	if m.report.Kind.Code == stdif.KindOther && m.report.Kind.LocalCode == "" {
		m.report.Kind = r.Kind
	}
	m.report.Vehicle, m.report.Severity = r.Vehicle, r.Severity
	m.locations(r.Locations, name)
	m.proxy(r.Proxy, name)
	m.subscriber(r.Subscriber, name)
	m.contacts(r.Contacts, name)
	m.say(r.Text, name)
	return nil
}

// alert reads a CAP message of a call without a person (RFC 8876).
func (m *message) alert(wire []byte, name string) *stdif.Problem {
	in, warnings, err := cap.Codec{}.Decode(wire)
	if err != nil {
		return asProblem(err)
	}
	m.emergency = true
	r := *in.Report
	m.took(name, warnings, r.Additional)
	if m.mode != "" && m.mode != in.Mode { // never guess whether lives are at stake
		m.fault = stdif.Problemf(stdif.CodeMode, "/"+strings.ReplaceAll(name, ".", "/"), "the alert says another mode than the header or another alert")
	}
	m.mode = in.Mode
	m.partID = cmp.Or(m.partID, r.ID)
	m.when(r, r.Revision, false)
	m.report.Cancelled = m.report.Cancelled || r.Cancelled
	if m.report.Kind.Code == stdif.KindOther {
		local := m.report.Kind.LocalCode
		m.report.Kind = r.Kind
		m.report.Kind.LocalCode = cmp.Or(r.Kind.LocalCode, local)
	}
	m.locations(r.Locations, name)
	m.contacts(r.Contacts, name)
	m.say(r.Text, name)
	for tag, text := range r.Translation {
		m.keep(name+".translation["+tag+"]", text)
	}
	return nil
}

// when takes the first event time, and the newest time of sending of a part.
func (m *message) when(r stdif.Report, sent int64, unsaid bool) {
	if m.report.EventTime.IsZero() {
		m.report.EventTime = r.EventTime
	}
	if !unsaid && m.head.get("Date") == "" {
		m.report.Revision = max(m.report.Revision, sent)
	}
}

// settle decides what only all parts together say.
func (m *message) settle() {
	m.report.ID = m.callID
	if m.report.ID == "" {
		m.report.ID = m.partID
	}
	if id := m.head.get("Call-ID"); m.report.ID == "" && id != "" {
		m.report.ID = markup.SafeID(id)
	}
	if m.crashed { // the position of a notification is that of the car
		for i := range m.report.Locations {
			if l := &m.report.Locations[i]; l.Role == "caller" {
				l.Role = "vehicle"
			}
		}
	}
}

func (m *message) fit() {
	items, joined := markup.Fit(m.report.Additional, "message")
	if m.report.Additional = items; joined {
		m.warn(stdif.CodeTooLarge, "/", "more items than a report has room for: the last ones are joined")
	}
}
