package stdif

import "slices"

// Sniffer is what a codec may add: it recognises its own format by the first
// bytes of a message. It must be cheap and reads nothing but head.
type Sniffer interface {
	Sniff(head []byte) bool
}

// Namer is what a codec may add: it finds the service's number of a report in a
// message that it could not decode. It guesses nothing; "" means not found.
type Namer interface {
	ReportID(message []byte) string
}

// Declarer is what a codec may add whose messages do not say their own character
// set, or not always: it reads one as its carrier declares it.
type Declarer interface {
	DecodeDeclared(contentType string, message []byte) (Inbound, []Problem, error)
}

// DecodeAs reads a message with what its carrier declares about it.
func DecodeAs(c Codec, contentType string, message []byte) (Inbound, []Problem, error) {
	if d, can := c.(Declarer); can {
		return d.DecodeDeclared(contentType, message)
	}
	return c.Decode(message)
}

// Choose picks the codec for a message from those that a program was put
// together with; the list is the registry. The declared media type comes first,
// but a codec that can tell (Sniffer) must recognise the message: a report
// under a wrong label is still a report, and is read by whoever knows its form.
// ok is false when nobody does; the message is then kept raw.
func Choose(codecs []Codec, contentType string, message []byte) (_ Codec, ok bool) {
	kind := mediaType(contentType)
	head := message[:min(len(message), 4096)]
	var named Codec
	for _, c := range codecs {
		if !slices.Contains(c.MIME(), kind) {
			continue
		}
		if s, can := c.(Sniffer); !can || s.Sniff(head) {
			return c, true
		}
		if named == nil {
			named = c
		}
	}
	for _, c := range codecs {
		if s, can := c.(Sniffer); can && s.Sniff(head) {
			return c, true
		}
	}
	return named, named != nil // its refusal names the place, which is more than nothing
}
