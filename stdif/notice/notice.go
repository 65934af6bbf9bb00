// Package notice reads what older systems send: a dispatch notice in plain
// Japanese, as a sentence, as lines with labels, or as a row of CSV with a head.
//
// What a reader of this code should know:
//
// The words are always kept. Whatever is found, the notice itself is the text
// of the report, as it was written. A field that is not found is empty: no time
// is not now, no place is not here, no kind is "other".
//
// The vocabulary is nobody's standard. A kind is taken as it is written, with a
// common code where a word of it is known (stdif/japanese). 災害 stays 災害.
//
// An end is not a beginning. 鎮火しました and 誤報でした make a report that its
// sender withdraws; a person closes it. A notice that says that nothing happens
// (現在、災害は発生していません) is no report at all: code 309, nothing rings.
// Only a notice that says this and nothing else is read so.
//
// Identity. Where no label gives a number (受付番号 …), the SHA-256 of the bytes
// is the number: each notice stands alone, and a person joins them.
//
// Character set. What the carrier declares (Content-Type; charset=Shift_JIS,
// EUC-JP, ISO-2022-JP, UTF-8, UTF-16), else a byte order mark, else UTF-8. Bytes
// that nobody declared and that are no UTF-8 are read only if exactly one
// Japanese table holds all of them, with a warning (204): a wrong character in
// an address sends an engine to a wrong door. EUC-JP without a declaration
// nearly always fits Shift_JIS as half-width kana too, and is kept raw.
package notice

import (
	"mime"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/finish"
	"github.com/matoi119/matoi/stdif/internal/gather"
	"github.com/matoi119/matoi/stdif/internal/markup"
	"github.com/matoi119/matoi/stdif/japanese"
)

// MediaType is the type under which notices are sent.
const MediaType = "text/plain"

// State is what a notice says of how far things are.
type State string

// The states; "" where it says nothing.
const (
	Ongoing    State = "ongoing"
	Dispatched State = "dispatched"
	Ended      State = "ended"
	FalseAlarm State = "false-alarm"
	None       State = "none" // nothing to report
)

// Notice is what one notice says, in its own words.
type Notice struct {
	Number     string
	Moment     *japanese.Moment
	Place      string // with 付近 and the like
	Kind       string
	Target     string // 目標: a building or a mark to find it by
	Name       string // who reported
	Phone      string
	State      State
	Additional []stdif.Additional // labels and columns that no field takes
}

// Codec reads notices. It satisfies stdif.Codec.
type Codec struct {
	Now func() time.Time // the reader's clock, for dates that a notice leaves out; a notice without a time is refused when nil
}

var (
	_ stdif.Codec    = Codec{}
	_ stdif.Sniffer  = Codec{}
	_ stdif.Declarer = Codec{}
)

// Name returns the name of the format.
func (Codec) Name() string { return "notice" }

// MIME returns the media types that notices are sent under.
func (Codec) MIME() []string { return []string{MediaType, "text/csv"} }

// Sniff recognises words of dispatch in UTF-8 that are not part of another
// format. Other text is read as a notice only where it is declared to be text.
func (Codec) Sniff(head []byte) bool {
	text := strings.TrimLeft(string(head), "\ufeff \t\r\n")
	if text == "" || strings.ContainsAny(text[:1], `{[<"-`) || strings.Contains(strings.ToLower(text), "content-type:") {
		return false
	}
	for _, word := range [...]string{"火災", "救急", "救助", "出動", "災害"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// Decode reads one notice whose encoding nobody declared.
func (c Codec) Decode(wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	return c.DecodeDeclared(MediaType, wire)
}

// DecodeDeclared reads one notice in the encoding that its content type names.
// Its mode is left to the carrier: 訓練 in a sentence is a word of it.
func (c Codec) DecodeDeclared(contentType string, wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	in, warnings, p := c.decode(contentType, wire)
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	return in, warnings, nil
}

func (c Codec) decode(contentType string, wire []byte) (stdif.Inbound, []stdif.Problem, *stdif.Problem) {
	if len(wire) > stdif.MaxFrame {
		return stdif.Inbound{}, nil, stdif.Problemf(stdif.CodeTooLarge, "", "%d bytes, limit %d", len(wire), stdif.MaxFrame)
	}
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, parameters = MediaType, nil
	}
	text, warnings, p := markup.Plain(wire, parameters["charset"])
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" {
		return stdif.Inbound{}, nil, stdif.Problemf(stdif.CodeMissing, "byte 0", "a notice without a word")
	}
	var n Notice
	if kind == "text/csv" {
		if n, p = table(text); p != nil {
			return stdif.Inbound{}, nil, p
		}
	} else {
		n = Read(text)
	}
	if n.State == None {
		return stdif.Inbound{}, nil, stdif.Problemf(stdif.CodeNothing, "byte 0", "the notice says that nothing is to be reported")
	}
	g := gather.Parts{Warnings: warnings}
	c.report(&g, n, text)
	w := append(g.Warnings, finish.Open(&g.Out, time.Time{}, wire, c.Now)...)
	return finish.Report(&g.Out, "", kind, wire, w)
}

// report turns what was found into a report around the words.
func (c Codec) report(g *gather.Parts, n Notice, text string) {
	r := &g.Out
	r.Kind = stdif.IncidentType{Code: japanese.Kind(n.Kind), Label: n.Kind}
	g.Say(text, "notice")
	if n.Number != "" {
		r.ID = markup.SafeID(n.Number)
	}
	if n.Moment != nil {
		c.when(g, *n.Moment)
	}
	if n.Place != "" && markup.Fits(n.Place, stdif.MaxShort) {
		civic := japanese.SplitPlace(n.Place)
		r.Locations = []stdif.Location{{Role: "incident", Shape: "civic", Civic: &civic}}
		if markup.Fits(n.Target, stdif.MaxShort) {
			r.Locations[0].Label = n.Target
		}
	}
	if n.Name+n.Phone != "" && markup.Fits(n.Name+n.Phone, stdif.MaxShort) {
		r.Subscriber = &stdif.SubscriberInfo{Name: n.Name, Phone: n.Phone}
	}
	if n.State != "" {
		g.Keep("notice.state", string(n.State))
	}
	r.Cancelled = n.State == Ended || n.State == FalseAlarm
	r.Additional = append(r.Additional, n.Additional...)
	items, _ := markup.Fit(r.Additional, "notice")
	r.Additional = items
}

// when gives the time of the event where the notice's time of day means one.
func (c Codec) when(g *gather.Parts, m japanese.Moment) {
	if c.Now == nil && (m.Year < 0 || m.Month < 0 || m.Day < 0) {
		return
	}
	reader := time.Time{}
	if c.Now != nil {
		reader = c.Now()
	}
	at, whole, ok := m.Resolve(reader)
	if !ok {
		g.Warn(stdif.CodeTime, "/eventTime", "the time in the notice is none that was; it stands in the text")
		return
	}
	if g.Out.EventTime = at; !whole {
		g.Warn(stdif.CodeTime, "/eventTime", "the notice does not say the whole date: the latest such time before it was read is taken")
	}
}
