package open1

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// Encode writes a frame: the same frame always gives the same bytes, members
// in the order of the type, nothing escaped for HTML. A frame over MaxWire is
// an error: it must not come to exist.
func Encode(f Frame) ([]byte, error) {
	if f.V == "" {
		f.V = Version
	}
	wire, err := Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode frame %d: %w", f.Seq, err)
	}
	for _, x := range f.Extra {
		if wire, err = splice(wire, x); err != nil {
			return nil, fmt.Errorf("encode frame %d: %w", f.Seq, err)
		}
	}
	if len(wire) > MaxWire {
		return nil, stdif.Problemf(stdif.CodeTooLarge, "", "%d bytes, limit %d", len(wire), MaxWire)
	}
	return wire, nil
}

// Marshal writes one value of the profile as JSON without HTML escapes.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// splice puts an unknown member back at the end of an object.
func splice(wire []byte, x stdif.Additional) ([]byte, error) {
	name, err := Marshal(unescape(strings.TrimPrefix(x.Name, "/")))
	if err != nil {
		return nil, err
	}
	wire = append(wire[:len(wire)-1], ',')
	wire = append(append(wire, name...), ':')
	return append(append(wire, x.Value...), '}'), nil
}

// unescape undoes the escapes of a JSON pointer (RFC 6901).
func unescape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

// NewFrame makes an unnumbered frame. A nil body is no body.
func NewFrame(t Type, sentAt time.Time, body any) (Frame, error) {
	f := Frame{V: Version, Type: t, SentAt: sentAt}
	if body == nil {
		return f, nil
	}
	wire, err := Marshal(body)
	if err != nil {
		return Frame{}, fmt.Errorf("encode body of %s: %w", t, err)
	}
	f.Body = wire
	return f, nil
}

// FrameOf makes the frame that carries a message. Whoever numbers frames fills
// in MsgID, Spool, Seq, ServiceID and TerminalID, and Mode where the message
// itself has none.
func FrameOf(in stdif.Inbound, sentAt time.Time) (Frame, error) {
	var (
		t    Type
		body any
	)
	switch {
	case in.Report != nil:
		t, body = TypeReport, in.Report
	case in.State != nil:
		t, body = TypeState, in.State
	case in.Chat != nil:
		t, body = TypeChat, in.Chat
	case in.Media != nil:
		t, body = TypeMedia, in.Media
	case in.Receipt != nil:
		t, body = TypeReceipt, in.Receipt
	case in.Raw != nil:
		t, body = TypeRaw, in.Raw
	default:
		return Frame{}, fmt.Errorf("encode frame: nothing to carry")
	}
	f, err := NewFrame(t, sentAt, body)
	f.Mode = in.Mode
	return f, err
}
