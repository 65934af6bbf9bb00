package rfb

import (
	"bytes"
	"compress/zlib"
	"io"
	"strings"
	"unicode/utf8"
)

// Formats and actions of the extended clipboard.
const (
	ClipText    uint32 = 1 << 0 // UTF-8, lines end with CR LF, a NUL at the end
	clipFormats uint32 = 0xFFFF
	clipKnown          = ClipText

	ClipCaps    uint32 = 1 << 24
	ClipRequest uint32 = 1 << 25
	ClipPeek    uint32 = 1 << 26
	ClipNotify  uint32 = 1 << 27
	ClipProvide uint32 = 1 << 28
)

// Clipboard is a message of the extended clipboard, of either side: it rides in
// a CutText whose length is negative.
type Clipboard struct {
	Flags uint32   // an action and the formats that it speaks of
	Sizes []uint32 // with ClipCaps: the largest size of each format that is sent unasked
	Text  string   // with ClipProvide and ClipText: UTF-8, lines end with LF
}

// Append implements ClientMessage.
func (m *Clipboard) Append(b []byte) []byte { return m.appendAs(b, typeClientCutText) }

// AppendServer implements ServerMessage.
func (m *Clipboard) AppendServer(b []byte) []byte { return m.appendAs(b, typeServerCutText) }

func (m *Clipboard) appendAs(b []byte, kind byte) []byte {
	body := be.AppendUint32(nil, m.Flags)
	switch {
	case m.Flags&ClipCaps != 0:
		for _, s := range m.Sizes {
			body = be.AppendUint32(body, s)
		}
	case m.Flags&ClipProvide != 0 && m.Flags&ClipText != 0:
		body = append(body, deflated(m.Text)...)
	}
	b = append(b, kind, 0, 0, 0)
	b = be.AppendUint32(b, uint32(-int32(len(body)))) //nolint:gosec // two's complement, as the extension has it
	return append(b, body...)
}

func deflated(text string) []byte {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n") + "\x00"
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, _ = z.Write(be.AppendUint32(nil, uint32(len(text)))) //nolint:gosec // callers keep to MaxClipboard
	_, _ = z.Write([]byte(text))
	_ = z.Close() // a buffer takes everything
	return out.Bytes()
}

// clipboardReader reads the extension; it keeps its buffer.
type clipboardReader struct {
	body []byte
	m    Clipboard
}

// read takes n bytes, the size that the negative length said. Formats that are
// not text are passed over: pictures and files have no place on this wire.
func (c *clipboardReader) read(r *reader, n int64) *Clipboard {
	if n < 4 || n > MaxCutText {
		r.fail(broken("extended clipboard", "%d bytes, 4 to %d", n, MaxCutText))
		return nil
	}
	c.body = r.bytes(c.body, int(n))
	if r.err != nil {
		return nil
	}
	c.m = Clipboard{Flags: be.Uint32(c.body)}
	rest := c.body[4:]
	switch {
	case c.m.Flags&ClipCaps != 0:
		for ; len(rest) >= 4 && len(c.m.Sizes) < 16; rest = rest[4:] {
			c.m.Sizes = append(c.m.Sizes, be.Uint32(rest))
		}
	case c.m.Flags&ClipProvide != 0:
		text, err := inflated(rest, c.m.Flags)
		if err != nil {
			r.fail(err)
			return nil
		}
		c.m.Text = text
	}
	return &c.m
}

func inflated(body []byte, flags uint32) (string, error) {
	if flags&ClipText == 0 {
		return "", nil
	}
	const where = "extended clipboard"
	z, err := zlib.NewReader(bytes.NewReader(body))
	if err != nil {
		return "", broken(where, "cannot be inflated")
	}
	defer z.Close() //nolint:errcheck // it only read
	var head [4]byte
	if _, err := io.ReadFull(z, head[:]); err != nil {
		return "", broken(where, "ends before its size")
	}
	size := be.Uint32(head[:])
	if size > MaxClipboard {
		return "", broken(where, "%d bytes of text, at most %d", size, MaxClipboard)
	}
	text, err := io.ReadAll(io.LimitReader(z, int64(size)))
	if err != nil || len(text) != int(size) {
		return "", broken(where, "ends within its text")
	}
	text = bytes.TrimRight(text, "\x00")
	if !utf8.Valid(text) {
		return "", broken(where, "text is not UTF-8")
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n"), nil
}
