// Package additional reads the blocks of additional data about a call (RFC
// 7852): who provided it, over which service, from which device, for which
// subscriber, and a comment. They come as parts of a multipart body beside the
// call, or inside a location document; alone they are no report.
//
// What a reader of this code should know:
//
// A provider is not always a proxy. ProviderInfo names whoever adds data, mostly
// the telephone company. Only where its type says that a person speaks for the
// caller (telematics, relay, translation) does it become stdif.Proxy (代理通報);
// otherwise it is a contact, so that a board never says that an operator called
// when none did.
//
// Namespaces decide. A block under another namespace than that of RFC 7852 is
// flagged and stays whole among the additional items: what looks like the name
// of a subscriber may be something else there.
//
// Nothing is fetched. A block by reference is a URI, kept as text (RFC 7852, §6
// lets a receiver fetch; a terminal that calls addresses out of a message could
// be told to call anybody).
package additional

import (
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// MIME types of the blocks: this, the name of the block, and "+xml".
const mediaPrefix = "application/emergencycalldata."

const (
	nsBlock    = "urn:ietf:params:xml:ns:EmergencyCallData:"
	rootPrefix = "EmergencyCallData."
	nsCard     = "urn:ietf:params:xml:ns:vcard-4.0"
)

// Block is what one block says.
type Block struct {
	Name       string // ProviderInfo, ServiceInfo, DeviceInfo, SubscriberInfo, Comment or another one
	Proxy      *stdif.Proxy
	Contacts   []stdif.Contact
	Subscriber *stdif.SubscriberInfo
	Text       string             // the comment
	Additional []stdif.Additional // everything that no field took, under its path
}

// Carries reports whether a media type is that of a block of additional data,
// and is read here. VEDS and CAP travel under the same prefix and are formats of
// their own.
func Carries(mediaType string) bool {
	kind, _, _ := strings.Cut(mediaType, ";")
	name, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(kind)), mediaPrefix)
	return ok && name != "veds+xml" && name != "cap+xml"
}

// Read reads one block. With a problem nothing was read.
func Read(wire []byte) (Block, []stdif.Problem, error) {
	root, warnings, p := markup.Read(wire)
	if p != nil {
		return Block{}, nil, p
	}
	b, more, p := ReadElement(root)
	if p != nil {
		return Block{}, nil, p
	}
	return b, append(warnings, more...), nil
}

// ReadElement reads a block that stands inside another document: in the
// provided-by of a location (RFC 7852, §5).
func ReadElement(root *markup.Element) (Block, []stdif.Problem, *stdif.Problem) {
	name, ok := strings.CutPrefix(root.Name, rootPrefix)
	if !ok {
		return Block{}, nil, stdif.Problemf(stdif.CodeSyntax, "/", "not a block of additional data (EmergencyCallData)")
	}
	r := &reader{block: Block{Name: name}, taken: markup.Taken{}}
	if !markup.Fits(name, stdif.MaxID) {
		r.block.Name = ""
	}
	r.read(root, name)
	r.taken.Rest(root, root.Name, func(path, value string) {
		r.block.Additional = append(r.block.Additional, stdif.Additional{Name: path, Value: value})
	})
	items, joined := markup.Fit(r.block.Additional, rootPrefix+r.block.Name)
	if r.block.Additional = items; joined {
		r.warn(stdif.CodeTooLarge, "/", "more items than a report has room for: the last ones are joined")
	}
	return r.block, r.warnings, nil
}

type reader struct {
	block    Block
	warnings []stdif.Problem
	taken    markup.Taken
}

func (r *reader) warn(code stdif.Code, place, detail string) {
	r.warnings = append(r.warnings, stdif.Problem{Code: code, Place: place, Detail: detail})
}

func (r *reader) read(root *markup.Element, name string) {
	place := "/" + rootPrefix + r.block.Name
	if root.Space != nsBlock+name {
		r.warn(stdif.CodeVersion, place, "the namespace is not that of RFC 7852: kept as it came")
		return
	}
	switch name {
	case "ProviderInfo":
		r.provider(root)
	case "SubscriberInfo":
		r.subscriber(root, place)
	case "Comment":
		r.comment(root, place)
	case "ServiceInfo", "DeviceInfo", "Control", "eCall.MSD":
	default:
		r.warn(stdif.CodeUnknownValue, place, "a block that is not known here: kept as it came")
	}
}

// speaksFor are the types of provider (IANA, Provider Type) with a person
// between the caller and the fire service.
var speaksFor = map[string]bool{
	"telematics provider": true, "relay provider": true, "language translation provider": true, "emergency modality translation": true,
}

func (r *reader) provider(root *markup.Element) {
	name, kind, uri := root.Child("DataProviderString"), root.Child("TypeOfProvider"), root.Child("ContactURI")
	phone, isPhone := telephone(uri.Says())
	organisation := name.Says()
	if !markup.Fits(organisation, stdif.MaxShort) || !markup.Fits(kind.Says(), stdif.MaxShort) || organisation == "" && !isPhone {
		return
	}
	if speaksFor[strings.ToLower(kind.Says())] {
		r.block.Proxy = &stdif.Proxy{Organisation: organisation, Callback: phone}
		if fn := root.Child("DataProviderContact").Child("vcard", "fn", "text"); fn.Says() != "" && markup.Fits(fn.Text, stdif.MaxShort) {
			r.block.Proxy.Operator = fn.Text
			r.taken.Take(fn)
		}
	} else {
		r.block.Contacts = []stdif.Contact{{Name: organisation, Relation: kind.Says(), Phone: phone}}
		r.taken.Take(kind)
	}
	r.taken.Take(name)
	if isPhone {
		r.taken.Take(uri)
	}
}

func (r *reader) subscriber(root *markup.Element, place string) {
	card := root.Child("SubscriberData", "vcard")
	if card == nil || card.Space != nsCard {
		r.warn(stdif.CodeMissing, place+"/SubscriberData", "no card of a subscriber in it: kept as it came")
		return
	}
	s := new(stdif.SubscriberInfo)
	r.card(card, s)
	if !empty(s) {
		r.block.Subscriber = s
	}
}

func (r *reader) comment(root *markup.Element, place string) {
	for _, e := range root.Named("Comment") {
		joined := e.Text
		if r.block.Text != "" {
			joined = r.block.Text + "\n" + e.Text
		}
		if !markup.Fits(joined, stdif.MaxText) {
			r.warn(stdif.CodeTooLarge, place+"/Comment", "longer than a text can be: stands whole among the additional items")
			continue
		}
		r.block.Text = joined
		if e.Attr("lang") == "" {
			r.taken.Take(e)
		}
	}
}

// telephone returns the number of a tel: or the user part of a sip: address
// that is one (RFC 3261, §19.1.6: user=phone).
func telephone(uri string) (string, bool) {
	uri = strings.TrimSpace(uri)
	if number, ok := strings.CutPrefix(uri, "tel:"); ok && number != "" && markup.Fits(number, stdif.MaxShort) {
		return number, true
	}
	return "", false
}
