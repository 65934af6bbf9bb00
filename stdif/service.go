package stdif

import (
	"fmt"
	"slices"
	"time"
)

// Offer is what a service says it can do at a terminal. It says so itself, over
// the intake, each time it starts; a console offers nothing that is not in it.
// A service that never said anything takes BasicVerbs and nothing more.
type Offer struct {
	Takes    []Verb `json:"takes,omitempty"`    // verbs that it takes and that not every service does
	Receipts bool   `json:"receipts,omitempty"` // it says when a caller's screen showed a line
	Live     bool   `json:"live,omitempty"`     // it can show a live picture
	Clips    []Clip `json:"clips,omitempty"`    // first-aid clips that VerbGuide may name

	Additional []Additional `json:"additional,omitempty"` // what no field above takes
}

// Clip is one short film that a service can show to a caller.
type Clip struct {
	ID       string `json:"id"`
	Label    string `json:"label"`
	Language string `json:"language,omitempty"` // BCP 47
	Seconds  int    `json:"seconds,omitempty"`
}

// MaxClips bounds what a console has to list.
const MaxClips = 64

// offered are the verbs that a service takes only where it says so; what the
// other verbs say, every service that takes input can live with.
var offered = []Verb{VerbMedia, VerbGuide, VerbCallBack}

// Accepts reports whether a service that takes input takes this verb. The zero
// Offer is that of a service which never said anything.
func (o Offer) Accepts(v Verb) bool {
	return !slices.Contains(offered, v) || slices.Contains(o.Takes, v)
}

// Clip returns the clip of that id.
func (o Offer) Clip(id string) (Clip, bool) {
	i := slices.IndexFunc(o.Clips, func(c Clip) bool { return c.ID == id })
	if i < 0 {
		return Clip{}, false
	}
	return o.Clips[i], true
}

// Equal reports whether two offers say the same.
func (o Offer) Equal(other Offer) bool {
	return slices.Equal(o.Takes, other.Takes) && o.Receipts == other.Receipts && o.Live == other.Live &&
		slices.Equal(o.Clips, other.Clips) && slices.Equal(o.Additional, other.Additional)
}

// Normalize cleans the labels of an offer.
func (o *Offer) Normalize() []Problem {
	c := new(cleaner)
	for i := range o.Clips {
		c.text(fmt.Sprintf("/clips/%d/label", i), &o.Clips[i].Label)
	}
	c.additional(o.Additional)
	return c.changed
}

// Validate returns the first fault for which the offer is refused.
func (o Offer) Validate() *Problem { return o.check().fault }

// Warnings returns what is wrong with an offer that is taken all the same.
func (o Offer) Warnings() []Problem { return o.check().warnings }

func (o Offer) check() *finding {
	f := new(finding)
	f.list("/takes", len(o.Takes), MaxListed)
	for i, v := range o.Takes {
		f.among(fmt.Sprintf("/takes/%d", i), string(v), verbs()...)
	}
	f.list("/clips", len(o.Clips), MaxClips)
	for i, c := range o.Clips {
		f.id(fmt.Sprintf("/clips/%d/id", i), c.ID)
		if c.Label == "" {
			f.refuse(CodeMissing, fmt.Sprintf("/clips/%d/label", i), whyMissing)
		}
		f.short(fmt.Sprintf("/clips/%d/label", i), c.Label)
		f.short(fmt.Sprintf("/clips/%d/language", i), c.Language)
	}
	f.additional("/additional", o.Additional)
	return f
}

// MediaRequest asks a service for a picture or a video of somebody (VerbMedia):
// the service sends a link to that telephone. The report that the service then
// hands over names the request in Report.RequestID.
type MediaRequest struct {
	ID      string `json:"id"`
	Phone   string `json:"phone,omitempty"` // whom to send the link; absent: the caller of the report
	Purpose string `json:"purpose,omitempty"`
	Text    string `json:"text,omitempty"` // a line of the dispatcher to the caller
}

// Purposes of a MediaRequest.
const (
	PurposePosition = "position" // to find the caller
	PurposeScene    = "scene"    // to see the place
	PurposePatient  = "patient"  // to see a person
)

// Guide asks a service to show one of its clips to the caller (VerbGuide).
type Guide struct {
	ID   string `json:"id"`
	Clip string `json:"clip"` // id in the service's Offer
}

// CallBack asks a service to reach a caller whose session is lost, by the means
// that the caller registered: mail, notification (VerbCallBack).
type CallBack struct {
	ID   string `json:"id"`
	Text string `json:"text,omitempty"`
}

// ReceiptState is how far something of the headquarters has come to the caller.
type ReceiptState string

// The states of a receipt, in order.
const (
	ReceiptDelivered ReceiptState = "delivered" // it is on the caller's screen, or in the caller's mailbox
	ReceiptRead      ReceiptState = "read"      // the caller opened it
	ReceiptPlayed    ReceiptState = "played"    // a clip ran to its end
	ReceiptFailed    ReceiptState = "failed"    // it cannot be delivered
)

// Receipt says how far a line, a clip or a call-back of the headquarters has
// come to the caller.
type Receipt struct {
	ReportID string       `json:"reportId"`
	ID       string       `json:"id"` // of the line, the guide or the call-back
	State    ReceiptState `json:"state"`
	At       time.Time    `json:"at"`

	Additional []Additional `json:"additional,omitempty"` // what no field above takes
}

// Normalize cleans a receipt.
func (r *Receipt) Normalize() []Problem {
	c := new(cleaner)
	c.additional(r.Additional)
	return c.changed
}

// Validate returns the first fault for which the receipt is refused.
func (r Receipt) Validate() *Problem { return r.check().fault }

// Warnings returns what is wrong with a receipt that is taken all the same.
func (r Receipt) Warnings() []Problem { return r.check().warnings }

func (r Receipt) check() *finding {
	f := new(finding)
	f.id("/reportId", r.ReportID)
	f.id("/id", r.ID)
	if r.State == "" {
		f.refuse(CodeMissing, "/state", whyMissing)
	}
	f.among("/state", string(r.State), string(ReceiptDelivered), string(ReceiptRead), string(ReceiptPlayed), string(ReceiptFailed))
	f.when("/at", r.At)
	f.additional("/additional", r.Additional)
	return f
}

// Limits of a live picture: one JPEG after another, the newest counts, nothing
// is kept.
const (
	MaxLiveFrame = 512 << 10        // bytes of one picture
	LiveEvery    = time.Second / 10 // the fastest rate
	LiveStale    = 10 * time.Second // after which a picture that was not followed is no longer live
)
