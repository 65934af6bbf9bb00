package multipart

import (
	"cmp"
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/additional"
	"github.com/matoi119/matoi/stdif/cap"
	"github.com/matoi119/matoi/stdif/internal/gather"
	"github.com/matoi119/matoi/stdif/internal/markup"
	"github.com/matoi119/matoi/stdif/pidf"
	"github.com/matoi119/matoi/stdif/veds"
)

func (m *message) location(wire []byte, name string) *stdif.Problem {
	d, warnings, err := pidf.Read(wire)
	if err != nil {
		return gather.AsProblem(err)
	}
	m.emergency = true
	m.Took(name, warnings, d.Additional)
	m.Locations(d.Locations, name)
	for _, b := range d.Provided {
		m.Block(b, name)
	}
	return nil
}

func (m *message) block(wire []byte, name string) *stdif.Problem {
	b, warnings, err := additional.Read(wire)
	if err != nil {
		return gather.AsProblem(err)
	}
	m.emergency = m.emergency || b.Name != "Control" // an answer or an order to a vehicle tells of none (RFC 8147, §9)
	m.Took(name, warnings, b.Additional)
	m.Block(b, name)
	return nil
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
		m.Say(text, "text")
	}
	return nil
}

func (m *message) crash(wire []byte, name string) *stdif.Problem {
	n, warnings, err := veds.Read(wire)
	if err != nil {
		return gather.AsProblem(err)
	}
	m.emergency = true
	r := n.Report
	if m.crashed {
		m.Warn(stdif.CodeTooLarge, "/"+strings.ReplaceAll(name, ".", "/"), "a report has room for one crash notification; kept as it came")
		m.KeepText(name, wire)
		return nil
	}
	m.crashed = true
	m.Took(name, warnings, r.Additional)
	m.partID = cmp.Or(m.partID, r.ID)
	m.when(r, n.SentAt.Unix(), n.SentAt.IsZero())
	if m.sent.IsZero() {
		m.sent = n.SentAt
	}
	if m.Out.Kind.Code == stdif.KindOther && m.Out.Kind.LocalCode == "" {
		m.Out.Kind = r.Kind
	}
	m.Out.Vehicle, m.Out.Severity = r.Vehicle, r.Severity
	m.Locations(r.Locations, name)
	m.Proxy(r.Proxy, name)
	m.Subscriber(r.Subscriber, name)
	m.Contacts(r.Contacts, name)
	m.Say(r.Text, name)
	return nil
}

// alert reads a CAP message of a call without a person (RFC 8876).
func (m *message) alert(wire []byte, name string) *stdif.Problem {
	in, warnings, err := cap.Codec{}.Decode(wire)
	if err != nil {
		return gather.AsProblem(err)
	}
	m.emergency = true
	r := *in.Report
	m.Took(name, warnings, r.Additional)
	if m.mode != "" && m.mode != in.Mode { // never guess whether lives are at stake
		m.fault = stdif.Problemf(stdif.CodeMode, "/"+strings.ReplaceAll(name, ".", "/"), "the alert says another mode than the header or another alert")
	}
	m.mode = in.Mode
	m.partID = cmp.Or(m.partID, r.ID)
	m.when(r, r.Revision, false)
	m.Out.Cancelled = m.Out.Cancelled || r.Cancelled
	if m.Out.Kind.Code == stdif.KindOther {
		local := m.Out.Kind.LocalCode
		m.Out.Kind = r.Kind
		m.Out.Kind.LocalCode = cmp.Or(r.Kind.LocalCode, local)
	}
	m.Locations(r.Locations, name)
	m.Contacts(r.Contacts, name)
	m.Say(r.Text, name)
	for tag, text := range r.Translation {
		m.Keep(name+".translation["+tag+"]", text)
	}
	return nil
}

// when takes the first event time, and the newest time of sending of a part.
func (m *message) when(r stdif.Report, sent int64, unsaid bool) {
	if m.Out.EventTime.IsZero() {
		m.Out.EventTime = r.EventTime
	}
	if !unsaid && m.head.get("Date") == "" {
		m.Out.Revision = max(m.Out.Revision, sent)
	}
}

// settle decides what only all parts together say.
func (m *message) settle() {
	m.Out.ID = m.callID
	if m.Out.ID == "" {
		m.Out.ID = m.partID
	}
	if id := m.head.get("Call-ID"); m.Out.ID == "" && id != "" {
		m.Out.ID = markup.SafeID(id)
	}
	if m.crashed { // the position of a notification is that of the car
		for i := range m.Out.Locations {
			if l := &m.Out.Locations[i]; l.Role == "caller" {
				l.Role = "vehicle"
			}
		}
	}
}

func (m *message) fit() {
	items, joined := markup.Fit(m.Out.Additional, "message")
	if m.Out.Additional = items; joined {
		m.Warn(stdif.CodeTooLarge, "/", "more items than a report has room for: the last ones are joined")
	}
}
