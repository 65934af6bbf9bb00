package open1

import (
	"bytes"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/matoi119/matoi/stdif"
)

// MaxWire is the size of one encoded frame. It is larger than stdif.MaxFrame,
// the size of a message as a service hands it in, because a frame may carry
// those bytes in base64 beside what was read from them.
const MaxWire = stdif.MaxEncoded

const (
	whyMissing = "required item is missing"
	whyEmpty   = "body is missing"
)

// Decode reads an envelope. It is strict where leniency would let two readers
// understand different things: UTF-8, no duplicate member names at any depth
// (RFC 7493), nothing after the value, member names by exact case, times with
// offset. Members that it does not know are kept in Frame.Extra.
//
// With a Problem the frame holds what could be read before the fault, for one
// purpose: to say in an acknowledgement which frame was refused.
func Decode(wire []byte) (Frame, *stdif.Problem) {
	if p := scan(wire, MaxWire); p != nil {
		return Frame{}, p
	}
	f, extra, p := read[Frame](trimMark(wire))
	if p != nil {
		return f, p
	}
	f.Extra = extra
	return f, f.check()
}

// check looks for what every frame needs, and what a numbered one needs.
func (f *Frame) check() *stdif.Problem {
	switch {
	case f.V == "":
		return stdif.Problemf(stdif.CodeMissing, "/v", whyMissing)
	case f.V != Version:
		return stdif.Problemf(stdif.CodeVersion, "/v", "only %s is spoken here", Version)
	case f.Type == "":
		return stdif.Problemf(stdif.CodeMissing, "/type", whyMissing)
	case f.SentAt.IsZero():
		return stdif.Problemf(stdif.CodeMissing, "/sentAt", whyMissing)
	case len(f.Warnings) > stdif.MaxAdditional:
		return stdif.Problemf(stdif.CodeTooLarge, "/warnings", "too many warnings")
	case len(f.Extra) > stdif.MaxAdditional:
		return stdif.Problemf(stdif.CodeTooLarge, "", "too many members of the envelope")
	}
	for _, id := range [...]struct{ place, id string }{
		{"/msgId", f.MsgID}, {"/spool", f.Spool}, {"/serviceId", f.ServiceID}, {"/terminalId", f.TerminalID},
	} {
		if len(id.id) > stdif.MaxID {
			return stdif.Problemf(stdif.CodeTooLarge, id.place, "id is over the limit")
		}
	}
	if !f.Type.numbered() {
		return nil
	}
	switch {
	case f.Seq < 1 || f.Seq > maxSeq:
		return stdif.Problemf(stdif.CodeMissing, "/seq", "a numbered frame counts from 1")
	case f.Spool == "":
		return stdif.Problemf(stdif.CodeMissing, "/spool", whyMissing)
	case f.ServiceID == "":
		return stdif.Problemf(stdif.CodeMissing, "/serviceId", whyMissing)
	case !f.Mode.Valid():
		return stdif.Problemf(stdif.CodeMode, "/mode", "mode is actual, exercise or test")
	}
	return nil
}

// numbered reports whether frames of the type are kept in a spool and counted.
func (t Type) numbered() bool {
	switch t {
	case TypeReport, TypeState, TypeChat, TypeMedia, TypeRaw, TypeReceipt:
		return true
	}
	return false
}

// DecodeBody reads the body of a numbered frame. Either all of it was read,
// with warnings, or there is a Problem and the Inbound is empty. Places are
// JSON pointers into the body.
func DecodeBody(f Frame) (stdif.Inbound, []stdif.Problem, *stdif.Problem) {
	in, warnings, p := decodeBody(f)
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	in.Mode = f.Mode
	for _, w := range f.Warnings {
		w.Place, w.Detail = short(w.Place), short(w.Detail)
		if !slices.ContainsFunc(warnings, func(x stdif.Problem) bool { return x.Code == w.Code && x.Place == w.Place }) {
			warnings = append(warnings, w)
		}
	}
	return in, warnings, nil
}

func decodeBody(f Frame) (in stdif.Inbound, warnings []stdif.Problem, p *stdif.Problem) {
	if len(f.Body) == 0 && f.Type.numbered() {
		return in, nil, stdif.Problemf(stdif.CodeMissing, "", whyEmpty)
	}
	switch f.Type {
	case TypeReport:
		in.Report, warnings, p = finish[stdif.Report](f.Body, f.outer())
	case TypeState:
		in.State, warnings, p = finish[stdif.ReportState](f.Body, f.outer())
	case TypeChat:
		in.Chat, warnings, p = finish[stdif.ChatMessage](f.Body, f.outer())
	case TypeMedia:
		in.Media, warnings, p = finish[stdif.Media](f.Body, f.outer())
	case TypeReceipt:
		in.Receipt, warnings, p = finish[stdif.Receipt](f.Body, f.outer())
	case TypeRaw:
		in.Raw, warnings, p = finish[stdif.Undecodable](f.Body, f.outer())
	default:
		p = stdif.Problemf(stdif.CodeSyntax, "", "no report travels in a frame of this type")
	}
	return in, warnings, p
}

// outer returns the unknown members of the envelope under names that cannot be
// mistaken for places in the body.
func (f *Frame) outer() []stdif.Additional {
	out := make([]stdif.Additional, 0, len(f.Extra))
	for _, x := range f.Extra {
		out = append(out, stdif.Additional{Name: "frame:" + x.Name, Value: x.Value})
	}
	return out
}

// DecodeReport reads a bare report, as a service hands it in.
func DecodeReport(message []byte) (stdif.Report, []stdif.Problem, *stdif.Problem) {
	return bare[stdif.Report](message, nil)
}

// DecodeState reads a bare statement about the report with this id. The body
// may leave the id out; another id than this one is refused.
func DecodeState(message []byte, reportID string) (stdif.ReportState, []stdif.Problem, *stdif.Problem) {
	return bare(message, func(s *stdif.ReportState) *stdif.Problem { return sameReport(&s.ReportID, reportID) })
}

// DecodeChat reads a bare chat line of the report with this id; see DecodeState.
func DecodeChat(message []byte, reportID string) (stdif.ChatMessage, []stdif.Problem, *stdif.Problem) {
	return bare(message, func(c *stdif.ChatMessage) *stdif.Problem { return sameReport(&c.ReportID, reportID) })
}

// DecodeReceipt reads a bare receipt about something that was said to the
// caller of the report with this id; see DecodeState.
func DecodeReceipt(message []byte, reportID string) (stdif.Receipt, []stdif.Problem, *stdif.Problem) {
	return bare(message, func(r *stdif.Receipt) *stdif.Problem { return sameReport(&r.ReportID, reportID) })
}

// DecodeOffer reads what a service says that it can do.
func DecodeOffer(message []byte) (stdif.Offer, []stdif.Problem, *stdif.Problem) {
	return bare[stdif.Offer](message, nil)
}

func sameReport(id *string, want string) *stdif.Problem {
	if *id == "" {
		*id = want
	}
	if *id != want {
		return stdif.Problemf(stdif.CodeUnknownReport, "/reportId", "id of the body and id of the address differ")
	}
	return nil
}

// InputRead is one input of a list, with what is to be said about it.
type InputRead struct {
	Input    stdif.Input
	Warnings []stdif.Problem
	Problem  *stdif.Problem // the input is refused; the others are not
}

// DecodeInputs reads a list of inputs. A list that is no JSON is refused as a
// whole; an input in it that cannot be read is refused alone.
func DecodeInputs(message []byte) ([]InputRead, *stdif.Problem) {
	if p := scan(message, MaxWire); p != nil {
		return nil, p
	}
	list, p := values(trimMark(message))
	if p != nil {
		return nil, p
	}
	out := make([]InputRead, len(list))
	for i, one := range list {
		in, warnings, p := finish[stdif.Input](one, nil)
		out[i] = InputRead{Warnings: warnings, Problem: p}
		if p != nil { // enough of it to answer by its id
			id, _, _ := read[stdif.Input](one)
			out[i].Input.ID = id.ID
			continue
		}
		out[i].Input = *in
	}
	return out, nil
}

// ReadHello reads the body of a hello.
func (f Frame) ReadHello() (Hello, *stdif.Problem) {
	h, _, p := body[Hello](f, TypeHello)
	if p == nil && h.Headquarters == "" {
		p = stdif.Problemf(stdif.CodeMissing, "/headquarters", whyMissing)
	}
	if p == nil {
		h.Have, p = checkRanges("/have", h.Have)
	}
	return h, p
}

// ReadAck reads the body of an acknowledgement.
func (f Frame) ReadAck() (AckFrame, *stdif.Problem) {
	a, _, p := body[AckFrame](f, TypeAck)
	if p == nil && a.Spool == "" {
		p = stdif.Problemf(stdif.CodeMissing, "/spool", whyMissing)
	}
	if p == nil {
		a.Have, p = checkRanges("/have", a.Have)
	}
	return a, p
}

// ReadSnapshot reads the body of snapshot.begin or snapshot.end.
func (f Frame) ReadSnapshot() (Snapshot, *stdif.Problem) {
	want := TypeSnapshotBegin
	if f.Type == TypeSnapshotEnd {
		want = TypeSnapshotEnd
	}
	s, _, p := body[Snapshot](f, want)
	if p == nil && (s.Through < 0 || s.Missing < 0) {
		p = stdif.Problemf(stdif.CodeSyntax, "/through", "a count is not negative")
	}
	return s, p
}

func body[T any](f Frame, want Type) (v T, _ []stdif.Additional, _ *stdif.Problem) {
	if f.Type != want {
		return v, nil, stdif.Problemf(stdif.CodeSyntax, "/type", "a frame of another type")
	}
	if len(f.Body) == 0 {
		return v, nil, stdif.Problemf(stdif.CodeMissing, "/body", whyEmpty)
	}
	return read[T](f.Body)
}

func checkRanges(place string, have []Range) ([]Range, *stdif.Problem) {
	for _, r := range have {
		if r.From < 1 || r.To < r.From || r.To > maxSeq {
			return nil, stdif.Problemf(stdif.CodeSyntax, place, "a range is from at least 1 up to at least from")
		}
	}
	return Ranges(have).Normalize(), nil
}

// scan refuses what no reader should even begin with: too large, not UTF-8, or
// nested deeper than any message of this profile.
func scan(wire []byte, limit int) *stdif.Problem {
	if len(wire) > limit {
		return stdif.Problemf(stdif.CodeTooLarge, "", "%d bytes, limit %d", len(wire), limit)
	}
	if !utf8.Valid(wire) {
		return stdif.Problemf(stdif.CodeEncoding, "byte "+itoa(firstInvalid(wire)), "not UTF-8")
	}
	if at := tooDeep(wire); at >= 0 {
		return stdif.Problemf(stdif.CodeSyntax, "byte "+itoa(at), "nested deeper than %d", stdif.MaxDepth)
	}
	return nil
}

func firstInvalid(wire []byte) int {
	for i := 0; i < len(wire); {
		r, size := utf8.DecodeRune(wire[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(wire)
}

// tooDeep returns the place of the first bracket below stdif.MaxDepth, or -1.
// It knows strings and nothing else: whether this is JSON the reader decides.
func tooDeep(wire []byte) int {
	if bytes.Count(wire, []byte("{"))+bytes.Count(wire, []byte("[")) <= stdif.MaxDepth {
		return -1 // as nearly always
	}
	depth, quoted := 0, false
	for i := 0; i < len(wire); i++ {
		switch c := wire[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > stdif.MaxDepth {
				return i
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return -1
}

// trimMark drops a byte order mark, which some writers put before UTF-8.
func trimMark(wire []byte) []byte { return bytes.TrimPrefix(wire, []byte("\ufeff")) }

// SkewOf measures the clock of whoever sent the frame; see stdif.Skew.
func (f Frame) SkewOf(received time.Time) (time.Duration, *stdif.Problem) {
	return stdif.Skew(f.SentAt, received)
}
