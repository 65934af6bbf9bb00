// Package hubsante holds nothing but tests: a mapping of another nation's fire
// and ambulance wire (Hub Santé, 15-NexSIS) onto the values of this interface.
// It proves that the model carries it, and names what does not fit (decision
// 0007). It is no codec that anybody may use.
package hubsante

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/gather"
	"github.com/matoi119/matoi/stdif/internal/jsontree"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// parse reads either twin into one tree. Lists of one are their item, because
// XML cannot tell them apart; every value is a text.
func parse(name string, wire []byte) (*jsontree.Node, *stdif.Problem) {
	if strings.HasSuffix(name, ".json") {
		tree, p := jsontree.Read(wire, stdif.MaxFrame)
		if p != nil {
			return nil, p
		}
		return flat(tree), nil
	}
	root, _, p := markup.Read(wire)
	if p != nil {
		return nil, p
	}
	return &jsontree.Node{Kind: '{', Members: []jsontree.Member{{Name: root.Name, Value: fromXML(root)}}}, nil
}

func flat(n *jsontree.Node) *jsontree.Node {
	switch n.Kind {
	case '{':
		for i := range n.Members {
			n.Members[i].Value = flat(n.Members[i].Value)
		}
	case '[':
		for i := range n.Items {
			n.Items[i] = flat(n.Items[i])
		}
		if len(n.Items) == 1 {
			return n.Items[0]
		}
	default:
		return text(n.Text)
	}
	return n
}

func text(value string) *jsontree.Node {
	return &jsontree.Node{Kind: '"', Text: strings.TrimSpace(value)}
}

func fromXML(e *markup.Element) *jsontree.Node {
	if len(e.Children) == 0 {
		return text(e.Text)
	}
	n := &jsontree.Node{Kind: '{'}
	at := map[string]int{}
	for _, c := range e.Children {
		child := fromXML(c)
		i, seen := at[c.Name]
		if !seen {
			at[c.Name] = len(n.Members)
			n.Members = append(n.Members, jsontree.Member{Name: c.Name, Value: child})
			continue
		}
		if old := n.Members[i].Value; old.Kind == '[' {
			old.Items = append(old.Items, child)
		} else {
			n.Members[i].Value = &jsontree.Node{Kind: '[', Items: []*jsontree.Node{old, child}}
		}
	}
	return n
}

// reader is one message on its way to a report.
type reader struct {
	gather.Parts

	taken jsontree.Taken
}

// decode maps one message. It takes what a report has a field for; the rest is
// kept under its path, in the order of the paths, so that twins are the same.
func decode(tree *jsontree.Node) stdif.Report {
	r := &reader{taken: jsontree.Taken{}}
	m := tree.Members[0].Value
	r.short(&r.Out.ID, m.Get("caseId"))
	if r.Out.ID == "" {
		r.Out.ID = tree.Members[0].Name
	}
	r.Out.Revision = 1
	r.kind(m, tree.Members[0].Name)
	r.at(m.Get("creation"))
	alert := m.Get("initialAlert")
	r.at(alert.Get("reception"))
	r.place(m.Get("location"), "location")
	r.place(alert.Get("location"), "initialAlert.location")
	r.caller(alert.Get("caller"))
	if taker := alert.Get("callTaker"); taker != nil {
		r.Out.Proxy = new(stdif.Proxy)
		r.short(&r.Out.Proxy.Organisation, taker.Get("organization"))
		r.short(&r.Out.Proxy.Operator, taker.Get("controlRoom"))
	}
	for i, note := range alert.Get("notes").List() {
		r.say(note.Get("freetext"), fmt.Sprintf("notes[%d]", i+1))
	}
	r.say(m.Get("qualification", "victims", "freetext"), "victims")
	r.say(m.Get("freetext"), "freetext")
	r.taken.Rest(tree, "", r.Keep)
	sort.Slice(r.Out.Additional, func(i, k int) bool { return r.Out.Additional[i].Name < r.Out.Additional[k].Name })
	if r.Out.EventTime.IsZero() {
		r.Out.EventTime = time.Unix(1_700_000_000, 0).UTC()
	}
	return r.Out
}

func (r *reader) short(field *string, n *jsontree.Node) {
	if n.Says() != "" && markup.Fits(n.Text, stdif.MaxShort) {
		*field = n.Text
		r.taken.Take(n)
	}
}

func (r *reader) say(n *jsontree.Node, name string) {
	if n.Says() != "" {
		r.Say(n.Text, name)
		r.taken.Take(n)
	}
}

func (r *reader) at(n *jsontree.Node) {
	if at, ok := n.Time(); ok && (r.Out.EventTime.IsZero() || r.Out.EventTime.Equal(at)) {
		r.Out.EventTime = at
		r.taken.Take(n)
	}
}

func (r *reader) kind(m *jsontree.Node, name string) {
	what := m.Get("qualification", "whatsHappen")
	k := &r.Out.Kind
	r.short(&k.LocalCode, what.Get("code"))
	r.short(&k.Label, what.Get("label"))
	switch {
	case strings.Contains(strings.ToLower(k.Label), "incendie"):
		k.Code = stdif.KindFire
	case m.Get("qualification", "healthMotive") != nil || strings.HasPrefix(name, "createCaseHealth"):
		k.Code = stdif.KindEMS
	default:
		k.Code = stdif.KindOther
	}
}

func (r *reader) place(n *jsontree.Node, name string) {
	if n == nil {
		return
	}
	l := stdif.Location{Role: "incident"}
	r.short(&l.Label, n.Get("locLabel"))
	civic := new(stdif.Civic)
	r.short(&civic.City, n.Get("city", "name"))
	r.short(&civic.Note, n.Get("freetext"))
	address := n.Get("detailedAddress")
	number, way := address.Get("number").Says(), address.Get("complete")
	if r.short(&civic.Line, way); number != "" && civic.Line != "" {
		civic.Line = number + " " + civic.Line
		r.taken.Take(address.Get("number"))
	}
	if *civic != (stdif.Civic{}) {
		l.Civic, l.Shape = civic, "civic"
	}
	coord := n.Get("geometry", "point", "coord")
	lat, latOK := markup.Number(coord.Get("lat").Says())
	lon, lonOK := markup.Number(coord.Get("lon").Says())
	if latOK && lonOK && stdif.ValidPosition(lat, lon) {
		l.Shape, l.Lat, l.Lon = "point", &lat, &lon
		r.taken.Take(coord.Get("lat"))
		r.taken.Take(coord.Get("lon"))
		if at, ok := n.Get("geometry", "datetime").Time(); ok {
			l.AcquiredAt = &at
			r.taken.Take(n.Get("geometry", "datetime"))
		}
	}
	if l.Shape != "" {
		r.Locations([]stdif.Location{l}, name)
	}
}

func (r *reader) caller(n *jsontree.Node) {
	if n == nil {
		return
	}
	s := new(stdif.SubscriberInfo)
	r.short(&s.Name, n.Get("detailedName", "complete"))
	r.short(&s.Language, n.Get("language"))
	r.short(&s.Phone, n.Get("callerContact", "detail"))
	if s.Name+s.Phone+s.Language != "" {
		r.Out.Subscriber = s
	}
	back := stdif.Contact{Relation: "callback"}
	if r.short(&back.Phone, n.Get("callbackContact", "detail")); back.Phone != "" {
		r.Out.Contacts = append(r.Out.Contacts, back)
	}
}
