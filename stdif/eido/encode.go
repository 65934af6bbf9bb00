package eido

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/additional"
	"github.com/matoi119/matoi/stdif/pidf"
)

// MaxDocument is the size of a document that is written or read: a report with
// its raw bytes and what a headquarters added, each string escaped once more.
const MaxDocument = 4 * stdif.MaxEncoded

// Encode writes a view as one document; the same view always gives the same
// bytes. The package comment says which value goes where. A view that would be
// over MaxDocument is an error: nothing is left out of it in silence.
func Encode(v View) ([]byte, error) {
	w := newWriter(v)
	w.agencies()
	w.incident()
	w.call()
	w.people()
	w.places()
	w.words()
	w.media()
	w.links()
	whole, err := w.seal()
	if err != nil {
		return nil, fmt.Errorf("encode EIDO of report %s: %w", v.ReportID, err)
	}
	if len(whole) > MaxDocument {
		return nil, stdif.Problemf(stdif.CodeTooLarge, "", "%d bytes, limit %d", len(whole), MaxDocument)
	}
	return whole, nil
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// writer is one view on its way to a document.
type writer struct {
	view    View
	agency  string
	callID  string
	doc     document
	updated string
}

func newWriter(v View) *writer {
	w := &writer{view: v, agency: cmp.Or(v.Headquarters.ID, "invalid")}
	at := v.UpdatedAt
	if at.IsZero() {
		at = v.Report.EventTime
	}
	w.updated = stamp(at)
	report := url.PathEscape(cmp.Or(v.ReportID, v.Report.ID))
	w.callID = "urn:emergency:uid:callid:" + report + ":" + w.agency
	w.doc.prologue = w.prologue("")
	w.doc.ID = w.incidentID()
	w.doc.Version, w.doc.Issuer = "1.0", w.agency
	return w
}

func (w *writer) incidentID() string {
	id := url.PathEscape(cmp.Or(w.view.Incident, w.view.ReportID, w.view.Report.ID))
	return "urn:emergency:uid:incidentid:" + id + ":" + w.agency
}

func stamp(at time.Time) string { return at.Format(time.RFC3339Nano) }

// prologue begins a component. Its id is that of the call and a name: unique
// wherever the call is.
func (w *writer) prologue(name string) prologue {
	p := prologue{ID: w.callID, UpdatedAt: w.updated}
	if name != "" {
		p.ID += ";" + name
	}
	if w.view.Headquarters.ID != "" {
		p.ByAgency = &ref{w.agency}
	}
	if w.view.Agent != nil {
		p.ByAgent = &ref{w.view.Agent.ID}
	}
	return p
}

func (w *writer) agencies() {
	all := w.view.Agencies
	if own := w.view.Headquarters; own.ID != "" {
		own.Role = cmp.Or(own.Role, CallReceiving)
		all = append([]Agency{own}, all...)
	}
	for i, a := range all {
		p := w.prologue("")
		p.ID = cmp.Or(a.ID, w.callID+fmt.Sprintf(";agency%d", i))
		w.doc.Agencies = append(w.doc.Agencies, agency{prologue: p, Roles: []string{cmp.Or(a.Role, "Informational")}, Kinds: []string{"fire"},
			Card: card(a.Name, "org"), Owns: i == 0 && w.view.Headquarters.ID != ""})
	}
	if a := w.view.Agent; a != nil {
		p := w.prologue("")
		p.ID = a.ID
		w.doc.Agents = []agent{{prologue: p, Roles: []string{"Call Taking"}, Agency: ref{w.agency}, Console: a.Console, Card: card(a.Name, "fn")}}
	}
}

// card is the least card with a name (RFC 7095).
func card(name, property string) string {
	if name == "" {
		return ""
	}
	value, err := marshal(name)
	if err != nil {
		return ""
	}
	return `["vcard",[["version",{},"text","4.0"],["` + property + `",{},"text",` + string(value) + `]]]`
}

// common are the words for the four kinds. The registry of incident types was
// not at hand; the sender's own label and code stand beside them.
var common = map[string]string{stdif.KindFire: "Fire", stdif.KindEMS: "Medical", stdif.KindRescue: "Rescue", stdif.KindOther: "Other"}

// marks stand before the words of a report that is not actual: a reader who
// knows nothing of modes must not send anybody.
var marks = map[stdif.Mode]string{stdif.Exercise: "【訓練 EXERCISE】", stdif.Test: "【試験 TEST】"}

var statuses = map[State]string{Presented: "Active", Escalated: "Active", Accepted: "Active", InDialog: "Active", Closed: "Closed", Reopened: "ReOpened"}

func (w *writer) incident() {
	v, kind := w.view, w.view.Report.Kind
	in := &incident{prologue: w.prologue("incident"), TypeCode: kind.LocalCode, TypeText: marks[v.Mode] + cmp.Or(kind.Label, kind.Code),
		TypeCommon: cmp.Or(common[kind.Code], "Other"), Internal: cmp.Or(v.Number, v.ReportID)}
	if status := statuses[v.State]; status != "" {
		in.Status = append(in.Status, status)
	}
	if v.Report.Cancelled {
		in.Status = append(in.Status, "Cancelled")
	}
	if v.State != "" {
		in.StatusText = []string{string(v.State)}
	}
	for i, d := range v.Dispositions {
		p := w.prologue(fmt.Sprintf("disposition%d", i+1))
		if d.At != nil {
			p.UpdatedAt = stamp(*d.At)
		}
		in.Dispositions = append(in.Dispositions, disposition{prologue: p, Common: d.Code, Text: d.Text})
	}
	w.doc.Incident = in
}

var callStates = map[State]string{Accepted: "callAnswered", InDialog: "callAnswered", Closed: "callEnd"}

func (w *writer) call() {
	v := w.view
	c := call{prologue: w.prologue(""), State: cmp.Or(callStates[v.State], "callBegin"), Primary: "emergency", Direction: "incoming",
		Local: string(v.Mode), Queue: v.ServiceID, StartedAt: stamp(v.Report.EventTime)}
	if v.Mode != "" && v.Mode != stdif.Actual {
		c.Primary = "nonEmergency"
	}
	if v.AnsweredAt != nil {
		c.AnsweredAt = stamp(*v.AnsweredAt)
	}
	if v.Agent != nil {
		c.Agents = []ref{{v.Agent.ID}}
	}
	w.doc.Calls = []call{c}
}

// people writes who calls and who speaks for the caller, as the blocks that RFC
// 7852 has for them, and the numbers to call back.
func (w *writer) people() {
	v, c := w.view, &w.doc.Calls[0]
	var numbers []string
	if s := v.Report.Subscriber; s != nil {
		p := person{prologue: w.prologue("person1"), Roles: []string{"Caller"}, Calls: []string{w.callID}}
		if id := w.block("subscriber", additional.EncodeSubscriber(s, w.agency), "EmergencyCallData.SubscriberInfo"); id != nil {
			p.Additional = []ref{*id}
		}
		if s.Phone != "" {
			numbers = append(numbers, "tel:"+s.Phone)
		}
		w.doc.Persons = []person{p}
		c.Persons = []ref{{p.ID}}
	}
	if p := v.Report.Proxy; p != nil {
		if id := w.block("proxy", additional.EncodeProxy(p, w.agency), "EmergencyCallData.ProviderInfo"); id != nil {
			c.Additional = append(c.Additional, *id)
		}
		if p.Callback != "" {
			numbers = append(numbers, "tel:"+p.Callback)
		}
	}
	if len(numbers) > 0 {
		back := callback{prologue: w.prologue("callback1"), URIs: numbers}
		w.doc.Callbacks = []callback{back}
		c.Callback = &ref{back.ID}
	}
}

func (w *writer) block(name, value, purpose string) *ref {
	if value == "" {
		return nil
	}
	a := additionalData{prologue: w.prologue(name), Value: value, Purpose: purpose}
	w.doc.Additional = append(w.doc.Additional, a)
	return &ref{a.ID}
}

// kinds are the types of place that the registry and this interface share; the
// others are written as this interface names them.
var kinds = map[string]string{"caller": "Caller", "incident": "Incident", "vehicle": "Vehicle"}

func (w *writer) places() {
	for i, l := range w.view.Report.Locations {
		out := location{prologue: w.prologue(fmt.Sprintf("location%d", i+1)), Kind: cmp.Or(kinds[l.Role], l.Role, "Caller"),
			Value: pidf.Encode(l, w.callID), Text: l.Label}
		if l.AcquiredAt != nil {
			out.UpdatedAt = stamp(*l.AcquiredAt)
		}
		if out.Value == "" {
			out.Text = stdif.OneLine(l)
		}
		w.doc.Locations = append(w.doc.Locations, out)
		w.doc.Calls[0].Locations = append(w.doc.Calls[0].Locations, ref{out.ID})
	}
}

// words writes what people said: the caller's text as a comment (RFC 7852), and
// as notes the chat, the notes of the headquarters, and, line by line, what no
// component has room for. Notes are read as HTML5 by some: they are escaped.
func (w *writer) words() {
	c := &w.doc.Calls[0]
	if id := w.block("comment", additional.EncodeComment(w.view.Report.Text, w.agency), "EmergencyCallData.Comment"); id != nil {
		c.Additional = append(c.Additional, *id)
	}
	add := func(name, at, text string, by *ref) {
		n := note{prologue: w.prologue(name), Text: html.EscapeString(text), Agent: by}
		n.UpdatedAt = cmp.Or(at, n.UpdatedAt)
		w.doc.Notes = append(w.doc.Notes, n)
		c.Notes = append(c.Notes, ref{n.ID})
	}
	if mark := marks[w.view.Mode]; mark != "" {
		add("mode", "", mark, nil)
	}
	if rest := w.rest(); rest != "" {
		add("rest", "", rest, nil)
	}
	for i, l := range w.view.Chat {
		add(fmt.Sprintf("chat%d", i+1), stamp(l.At), "["+string(l.From)+"] "+l.Text, nil)
	}
	for i, n := range w.view.Notes {
		var by *ref
		if n.By != "" {
			by = &ref{n.By}
		}
		add(fmt.Sprintf("note%d", i+1), stamp(n.At), n.Text, by)
	}
}

func (w *writer) media() {
	seen := map[string]bool{}
	add := func(m stdif.Media, uri string) {
		p := w.prologue("media;" + url.PathEscape(m.ID))
		w.doc.Media = append(w.doc.Media, media{prologue: p, URI: uri, Type: m.MIME, Label: m.Label})
		seen[m.ID] = true
	}
	for _, m := range w.view.Media {
		add(m.Media, m.URL)
	}
	for _, m := range w.view.Report.Media {
		if !seen[m.ID] {
			add(m, "")
		}
	}
}

func (w *writer) links() {
	for i, l := range w.view.Links {
		id := l.Incident
		if !strings.HasPrefix(id, "urn:") {
			id = "urn:emergency:uid:incidentid:" + url.PathEscape(id) + ":" + w.agency
		}
		w.doc.Links = append(w.doc.Links, link{prologue: w.prologue(fmt.Sprintf("link%d", i+1)), Incident: id, Direction: "RELATED", Reason: l.Reason})
	}
}
