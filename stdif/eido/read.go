package eido

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	strict "github.com/go-json-experiment/json"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/additional"
	"github.com/matoi119/matoi/stdif/internal/gather"
	"github.com/matoi119/matoi/stdif/internal/jsontree"
	"github.com/matoi119/matoi/stdif/internal/markup"
	"github.com/matoi119/matoi/stdif/japanese"
	"github.com/matoi119/matoi/stdif/pidf"
	"github.com/matoi119/matoi/stdif/veds"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Document is what one document says.
type Document struct {
	// View is, when Whole, what Encode was given. Otherwise it holds what the
	// components say: report, mode and time.
	View   View
	Whole  bool
	Number string // id of the call, else of the incident
}

// Read reads one document. With a problem nothing was read; warnings are about
// what was.
func Read(wire []byte) (Document, []stdif.Problem, error) {
	tree, p := jsontree.Read(wire, MaxDocument)
	if p != nil {
		return Document{}, nil, p
	}
	if !isEIDO(tree) {
		return Document{}, nil, stdif.Problemf(stdif.CodeSyntax, "/", "not an EIDO: no member of one at its top")
	}
	r := &reader{tree: tree, taken: jsontree.Taken{}}
	for i, c := range tree.Get(listName).List() {
		if c.Get("urlPurpose").Says() != purpose {
			continue
		}
		if v, ok := whole(wire, i, c); ok {
			return Document{View: v, Whole: true, Number: number(tree)}, nil, nil
		}
		r.Warn(stdif.CodeUnknownValue, fmt.Sprintf("/%s[%d]", listName, i+1),
			"the document was changed after a headquarters wrote it: its components are read, what was written before stands whole among the additional items")
	}
	if r.components(); len(r.tree.Get("callComponent").List())+len(r.tree.Get("incidentComponent").List()) == 0 {
		return Document{}, nil, stdif.Problemf(stdif.CodeMissing, "/callComponent", "neither a call nor an incident is in it")
	}
	return Document{View: View{Report: r.Out, Mode: r.mode, UpdatedAt: r.sent}, Number: number(tree)}, r.Warnings, nil
}

func isEIDO(tree *jsontree.Node) bool {
	if !tree.IsObject() {
		return false
	}
	for _, m := range tree.Members {
		switch m.Name {
		case "eidoVersion", "issuingElementIdentification":
			return true
		}
		if strings.HasSuffix(m.Name, "Component") {
			return true
		}
	}
	return false
}

func number(tree *jsontree.Node) string {
	for _, c := range tree.Get("callComponent").List() {
		if id := c.Get("$id").Says(); id != "" {
			return markup.SafeID(id)
		}
	}
	if id := tree.Get("$id").Says(); id != "" {
		return markup.SafeID(id)
	}
	return ""
}

// whole reads the view that rides along, if the rest of the document is what it
// was when the view was put in.
func whole(wire []byte, i int, component *jsontree.Node) (View, bool) {
	var e extension
	if strict.Unmarshal([]byte(component.Get("additionalDataByValue").Says()), &e, strict.RejectUnknownMembers(true)) != nil {
		return View{}, false
	}
	var members map[string]json.RawMessage
	var list []json.RawMessage
	if json.Unmarshal(trimMark(wire), &members) != nil || json.Unmarshal(members[listName], &list) != nil || i >= len(list) {
		return View{}, false
	}
	if list = append(list[:i], list[i+1:]...); len(list) == 0 {
		delete(members, listName)
	} else if rest, err := json.Marshal(list); err == nil {
		members[listName] = rest
	}
	bare, err := marshal(members)
	if err != nil {
		return View{}, false
	}
	digest, err := stdif.Digest(bare)
	return e.View, err == nil && digest == e.Digest
}

func trimMark(wire []byte) []byte { return []byte(strings.TrimPrefix(string(wire), "\ufeff")) }

// each calls keep for everything that a headquarters added to a report.
func (v View) each(keep func(name, value string)) {
	wire, err := marshal(v)
	if err != nil {
		return
	}
	tree, p := jsontree.Read(wire, len(wire))
	if p != nil {
		return
	}
	taken := jsontree.Taken{}
	taken.Take(tree.Get("report"))
	taken.Take(tree.Get("mode"))
	taken.Rest(tree, "eido", keep)
}

// reader is one document whose components are read.
type reader struct {
	gather.Parts

	tree  *jsontree.Node
	taken jsontree.Taken
	mode  stdif.Mode
	sent  time.Time
}

func (r *reader) components() {
	r.Out.Kind.Code = stdif.KindOther
	r.Out.ID = number(r.tree)
	updated := r.tree.Get("lastUpdateTimeStamp")
	if updated == nil {
		updated = r.tree.Get("lastUpdateTimestamp") // as one library in use spells it
	}
	if at, ok := updated.Time(); ok {
		r.sent, r.Out.Revision = at, at.UnixMilli()
		r.taken.Take(updated)
	} else if updated != nil {
		r.Warn(stdif.CodeTime, "/lastUpdateTimeStamp", "a time without offset, or not a time; kept as it came")
	}
	r.incident()
	r.calls()
	for i, c := range r.tree.Get("locationComponent").List() {
		r.location(c, fmt.Sprintf("locationComponent[%d]", i+1))
	}
	for i, c := range r.tree.Get(listName).List() {
		r.block(c, fmt.Sprintf("%s[%d]", listName, i+1))
	}
	r.callbacks()
	r.notes()
	r.taken.Rest(r.tree, "", r.Keep)
}

// words are the beginnings of words by which a common type of incident is known.
var words = []struct{ word, kind string }{
	{"fire", stdif.KindFire}, {"smoke", stdif.KindFire}, {"medical", stdif.KindEMS}, {"ems", stdif.KindEMS}, {"rescue", stdif.KindRescue},
	{"extrication", stdif.KindRescue},
}

func (r *reader) incident() {
	in := first(r.tree.Get("incidentComponent"))
	code, text, registry := in.Get("incidentTypeInternalCode"), in.Get("incidentTypeInternalText"), in.Get("incidentTypeCommonRegistryText")
	k := &r.Out.Kind
	for _, word := range strings.FieldsFunc(strings.ToLower(registry.Says()), func(c rune) bool { return c < 'a' || c > 'z' }) {
		for _, known := range words {
			if k.Code == stdif.KindOther && word == known.word {
				k.Code = known.kind
			}
		}
	}
	r.short(&k.LocalCode, code)
	r.short(&k.Label, text)
	if k.Label == "" {
		r.short(&k.Label, registry)
	}
	for _, s := range in.Get("incidentStatusCommonRegistryText").List() {
		r.Out.Cancelled = r.Out.Cancelled || s.Says() == "Cancelled"
	}
}

func first(n *jsontree.Node) *jsontree.Node {
	if all := n.List(); len(all) > 0 {
		return all[0]
	}
	return nil
}

func (r *reader) short(field *string, n *jsontree.Node) {
	if text := n.Says(); text != "" && markup.Fits(text, stdif.MaxShort) {
		*field = text
		r.taken.Take(n)
	}
}

func (r *reader) calls() {
	calls := r.tree.Get("callComponent").List()
	if len(calls) > 1 {
		r.Warn(stdif.CodeUnknownValue, "/callComponent[2]", "several calls in one document: the number is that of the first, the others stand among the additional items")
	}
	c := first(r.tree.Get("callComponent"))
	if id := c.Get("$id"); id.Says() != "" && id.Says() == r.Out.ID {
		r.taken.Take(id)
	}
	if start := c.Get("callStartTimestamp"); start != nil {
		if at, ok := start.Time(); ok {
			r.Out.EventTime = at
			r.taken.Take(start)
		} else {
			r.Warn(stdif.CodeTime, "/callComponent[1]/callStartTimestamp", "a time without offset, or not a time; kept as it came")
		}
	}
	if m := stdif.Mode(c.Get("localCallType").Says()); m.Valid() {
		r.mode = m
		r.taken.Take(c.Get("localCallType"))
	} else if strings.EqualFold(c.Get("standardPrimaryCallType").Says(), "test") {
		r.mode = stdif.Test
	}
}

// undeclared takes an XML declaration off: the text of a JSON string is Unicode
// whatever the document inside says of its encoding.
func undeclared(text string) []byte {
	text = strings.TrimLeft(text, " \t\r\n\ufeff")
	if strings.HasPrefix(text, "<?xml") {
		if i := strings.Index(text, "?>"); i > 0 {
			text = text[i+2:]
		}
	}
	return []byte(text)
}

// roles are the types of place that this interface has a role for. The place by
// which a call was routed is where its caller is thought to be.
var roles = map[string]string{"caller": "caller", "routinglocation": "caller", "incident": "incident", "vehicle": "vehicle"}

func (r *reader) location(c *jsontree.Node, name string) {
	kind, label := c.Get("locationTypeDescriptionRegistryText"), c.Get("locationDescriptionText")
	role := roles[strings.ToLower(kind.Says())]
	if role == "" && markup.Fits(kind.Says(), stdif.MaxShort) {
		role = kind.Says()
	}
	if strings.ToLower(kind.Says()) == role {
		r.taken.Take(kind)
	}
	if c.Get("locationByReferenceUrl") != nil {
		r.Warn(stdif.CodeLocation, "/"+name+"/locationByReferenceUrl", "a place by reference is kept and never fetched")
	}
	var places []stdif.Location
	if value := c.Get("locationByValue"); value.Says() != "" {
		d, warnings, err := pidf.Read(undeclared(value.Text))
		if err != nil {
			p := gather.AsProblem(err)
			r.Warn(p.Code, "/"+name+"/locationByValue", p.Detail+"; kept as it came")
		} else {
			r.taken.Take(value)
			r.Took(name, warnings, d.Additional)
			places = d.Locations
			for _, b := range d.Provided {
				r.Block(b, name)
			}
		}
	}
	if text := label.Says(); text != "" && markup.Fits(text, stdif.MaxShort) {
		if r.taken.Take(label); len(places) == 0 {
			places = []stdif.Location{{Shape: "civic", Civic: &stdif.Civic{Note: text}}}
		} else {
			for i := range places {
				places[i].Label = text
			}
		}
	}
	for i := range places {
		places[i].Role = cmp.Or(role, "caller")
	}
	r.Locations(places, name)
}

// block reads additional data by value: RFC 7852 or a crash notification.
func (r *reader) block(c *jsontree.Node, name string) {
	value := c.Get("additionalDataByValue")
	wire := undeclared(value.Says())
	if !strings.HasPrefix(string(wire), "<") {
		return
	}
	b, warnings, err := additional.Read(wire)
	if err == nil {
		r.taken.Take(value)
		r.Took(name, warnings, b.Additional)
		r.Block(b, name)
		return
	}
	n, warnings, crash := veds.Read(wire)
	if crash != nil {
		p := gather.AsProblem(err)
		r.Warn(p.Code, "/"+name+"/additionalDataByValue", p.Detail+"; kept as it came")
		return
	}
	if r.Out.Vehicle != nil || r.Out.Severity != nil {
		r.Warn(stdif.CodeTooLarge, "/"+name, "a report has room for one crash notification; kept as it came")
		return
	}
	r.taken.Take(value)
	r.Took(name, warnings, n.Report.Additional)
	r.Out.Vehicle, r.Out.Severity = n.Report.Vehicle, n.Report.Severity
	r.Locations(n.Report.Locations, name)
	r.Proxy(n.Report.Proxy, name)
	r.Subscriber(n.Report.Subscriber, name)
	r.Contacts(n.Report.Contacts, name)
	r.Say(n.Report.Text, name)
}

// callbacks adds the numbers that nobody else of the report has.
func (r *reader) callbacks() {
	for i, c := range r.tree.Get("callbackComponent").List() {
		for _, uri := range c.Get("callBackInformationUri").List() {
			phone, isPhone := strings.CutPrefix(uri.Says(), "tel:")
			if !isPhone || !markup.Fits(phone, stdif.MaxShort) || r.hasNumber(phone) {
				continue
			}
			r.taken.Take(uri)
			r.Contacts([]stdif.Contact{{Relation: "callback", Phone: phone}}, fmt.Sprintf("callbackComponent[%d]", i+1))
		}
	}
}

func (r *reader) hasNumber(phone string) bool {
	same := func(other string) bool {
		return other == phone || other != "" && japanese.Phone(other) != "" && japanese.Phone(other) == japanese.Phone(phone)
	}
	if s := r.Out.Subscriber; s != nil && same(s.Phone) {
		return true
	}
	if p := r.Out.Proxy; p != nil && same(p.Callback) {
		return true
	}
	return slices.ContainsFunc(r.Out.Contacts, func(c stdif.Contact) bool { return same(c.Phone) })
}

// notes become lines of the text. They are shown as they came: what HTML there
// is in them is never interpreted.
func (r *reader) notes() {
	for i, c := range r.tree.Get("notesComponent").List() {
		text := c.Get("notesActionComments")
		if text.Says() == "" {
			continue
		}
		r.Say(text.Text, fmt.Sprintf("notesComponent[%d]", i+1))
		r.taken.Take(text)
	}
}
