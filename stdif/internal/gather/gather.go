// Package gather puts the parts of a message together into one report: what the
// readers of the parts found, what they warned of, and what a report has no room
// for, which stays readable.
package gather

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/additional"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// Parts is a report that grows, part by part.
type Parts struct {
	Out      stdif.Report
	Warnings []stdif.Problem
}

// Took adds what a part's own reader says: its warnings at the place of the
// part, its rest under the name of the part.
func (g *Parts) Took(name string, warnings []stdif.Problem, rest []stdif.Additional) {
	for _, w := range warnings {
		if strings.HasPrefix(w.Place, "byte ") {
			w.Place = "/" + w.Place
		}
		w.Place = "/" + strings.ReplaceAll(name, ".", "/") + w.Place
		g.Warnings = append(g.Warnings, w)
	}
	for _, x := range rest {
		if full := name + "." + x.Name; markup.Fits(full, stdif.MaxShort) {
			x.Name = full
		}
		g.Keep(x.Name, x.Value)
	}
}

// AsProblem returns the problem that a reader of a part met.
func AsProblem(err error) *stdif.Problem {
	var p *stdif.Problem
	if errors.As(err, &p) {
		return p
	}
	return stdif.Problemf(stdif.CodeSyntax, "", "cannot be read")
}

// Locations adds places; those for which there is no room stay readable.
func (g *Parts) Locations(all []stdif.Location, name string) {
	for _, l := range all {
		if len(g.Out.Locations) >= stdif.MaxLocations {
			g.Warn(stdif.CodeTooLarge, "/"+strings.ReplaceAll(name, ".", "/"), "more locations than a report has room for: kept among the additional items")
			g.Spare(name+".location", l)
			continue
		}
		g.Out.Locations = append(g.Out.Locations, l)
	}
}

// Spare keeps a second value of what a report has one of.
func (g *Parts) Spare(name string, v any) {
	text, err := json.Marshal(v)
	if err == nil {
		g.Keep(name, string(text))
	}
}

// Proxy takes the first operator who speaks for the caller.
func (g *Parts) Proxy(p *stdif.Proxy, name string) {
	switch {
	case p == nil:
	case g.Out.Proxy == nil:
		g.Out.Proxy = p
	case *g.Out.Proxy != *p:
		g.Spare(name+".proxy", p)
	}
}

// Subscriber takes the first subscriber.
func (g *Parts) Subscriber(s *stdif.SubscriberInfo, name string) {
	switch {
	case s == nil:
	case g.Out.Subscriber == nil:
		g.Out.Subscriber = s
	default:
		g.Spare(name+".subscriber", s)
	}
}

// Contacts adds people to call.
func (g *Parts) Contacts(all []stdif.Contact, name string) {
	for _, c := range all {
		if len(g.Out.Contacts) >= stdif.MaxContacts {
			g.Spare(name+".contact", c)
			continue
		}
		g.Out.Contacts = append(g.Out.Contacts, c)
	}
}

// Say adds words to the report's text, one line for each part that has some.
func (g *Parts) Say(text, name string) {
	if text == "" {
		return
	}
	joined := text
	if g.Out.Text != "" {
		joined = g.Out.Text + "\n" + text
	}
	if !markup.Fits(joined, stdif.MaxText) {
		g.Warn(stdif.CodeTooLarge, "/"+strings.ReplaceAll(name, ".", "/"), "longer than a text can be: stands whole among the additional items")
		g.Keep(name+".text", text)
		return
	}
	g.Out.Text = joined
}

// Warn adds a warning.
func (g *Parts) Warn(code stdif.Code, place, detail string) {
	g.Warnings = append(g.Warnings, stdif.Problem{Code: code, Place: place, Detail: detail})
}

// Keep adds an additional item.
func (g *Parts) Keep(name, value string) {
	g.Out.Additional = append(g.Out.Additional, stdif.Additional{Name: name, Value: value})
}

// KeepText shows what cannot be read, where it is text at all. The raw has it
// in any case.
func (g *Parts) KeepText(name string, wire []byte) {
	if text, _, p := markup.ToUTF8(wire); p == nil {
		g.Keep(name, strings.ReplaceAll(string(text), "\r\n", "\n"))
		return
	}
	g.Keep(name, fmt.Sprintf("%d bytes, in the raw", len(wire)))
}

// Block takes what one block of additional data says.
func (g *Parts) Block(b additional.Block, name string) {
	g.Proxy(b.Proxy, name)
	g.Subscriber(b.Subscriber, name)
	g.Contacts(b.Contacts, name)
	g.Say(b.Text, name)
}
