package multipart

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"github.com/matoi119/matoi/stdif"
)

// The parser is our own and not the standard library's, because that one brings
// the network package with it, which a codec must not be able to reach.

type field struct{ name, value string }

type header []field

func (h header) get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

func (h header) all(name string) (out []string) {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			out = append(out, f.value)
		}
	}
	return out
}

// opening separates the headers of the whole from its body. at is where the
// body begins.
func opening(wire []byte) (_ header, body []byte, at int, _ *stdif.Problem) {
	start := len(wire) - len(bytes.TrimLeft(wire, "\r\n"))
	if bytes.HasPrefix(wire[start:], []byte("--")) {
		return nil, wire[start:], start, nil
	}
	line, _, _ := bytes.Cut(wire[start:], []byte("\n"))
	if !bytes.Contains(line, []byte(":")) && !bytes.Contains(line, []byte("SIP/2.0")) { // words for readers without MIME (RFC 2046, §5.1.1)
		if i := bytes.Index(wire[start:], []byte("\n--")); i >= 0 {
			return nil, wire[start+i+1:], start + i + 1, nil
		}
	}
	head, body, p := parseHeader(wire[start:], start, true)
	return head, body, len(wire) - len(body), p
}

// parseHeader reads header lines up to the blank line behind them. A line that
// begins with a blank continues the one before (RFC 5322, §2.2.3).
func parseHeader(text []byte, at int, first bool) (head header, body []byte, _ *stdif.Problem) {
	begin := len(text)
	fault := func(detail string) (header, []byte, *stdif.Problem) {
		return nil, nil, stdif.Problemf(stdif.CodeSyntax, fmt.Sprintf("byte %d", at+begin-len(text)), "%s", detail)
	}
	for {
		line, rest, found := bytes.Cut(text, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		switch {
		case len(line) == 0 && found:
			return head, rest, nil
		case !found:
			return fault("no blank line behind the header")
		case begin-len(rest) > maxHeaderBytes || len(head) > MaxHeaders:
			return fault("header over the limit")
		case !utf8.Valid(line):
			return nil, nil, stdif.Problemf(stdif.CodeEncoding, fmt.Sprintf("byte %d", at+begin-len(text)), "a header line is not UTF-8")
		}
		name, value, colon := strings.Cut(string(line), ":")
		switch {
		case (line[0] == ' ' || line[0] == '\t') && len(head) > 0:
			head[len(head)-1].value += " " + strings.TrimSpace(string(line))
		case first && len(head) == 0 && (strings.HasSuffix(string(line), "SIP/2.0") || strings.HasPrefix(string(line), "SIP/2.0 ")):
			head = append(head, field{"Request-Line", string(line)})
		case !colon || !token(strings.TrimSpace(name)):
			return fault("not a header line")
		default:
			head = append(head, field{strings.TrimSpace(name), strings.TrimSpace(value)})
		}
		text = rest
	}
}

func token(name string) bool {
	return name != "" && len(name) <= stdif.MaxID && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) })
}

// part is one part as it was sent.
type part struct {
	header
	body []byte
	err  *stdif.Problem // its header cannot be read
}

// split cuts a body at its delimiters (RFC 2046, §5.1.1). Text before the first
// and behind the closing one is no part and is not read.
func split(body []byte, boundary string, at int) ([]part, *stdif.Problem) {
	if boundary == "" {
		line, _, _ := bytes.Cut(body, []byte("\n"))
		b, ok := bytes.CutPrefix(bytes.TrimRight(line, " \t\r"), []byte("--"))
		if !ok || len(b) == 0 {
			return nil, stdif.Problemf(stdif.CodeSyntax, fmt.Sprintf("byte %d", at), "no boundary is named and no delimiter begins the body")
		}
		boundary = string(b)
	}
	if len(boundary) > 70 {
		return nil, stdif.Problemf(stdif.CodeSyntax, fmt.Sprintf("byte %d", at), "a boundary has at most 70 characters")
	}
	delimiter, begin := []byte("--"+boundary), -1
	var parts []part
	for from := 0; from < len(body); {
		end := bytes.IndexByte(body[from:], '\n')
		next := from + end + 1
		if end < 0 {
			next = len(body)
		}
		rest, ok := bytes.CutPrefix(bytes.TrimRight(body[from:next], " \t\r\n"), delimiter)
		if ok && (len(rest) == 0 || string(rest) == "--") {
			if begin >= 0 {
				parts = append(parts, newPart(body[begin:from], at+begin))
			}
			if begin = next; len(rest) > 0 {
				return counted(parts, at+from)
			}
			if len(parts) >= MaxParts {
				return nil, stdif.Problemf(stdif.CodeTooLarge, fmt.Sprintf("byte %d", at+from), "more than %d parts", MaxParts)
			}
		}
		from = next
	}
	return nil, stdif.Problemf(stdif.CodeSyntax, fmt.Sprintf("byte %d", at+len(body)), "no closing delimiter: the body was cut")
}

func counted(parts []part, at int) ([]part, *stdif.Problem) {
	if len(parts) == 0 {
		return nil, stdif.Problemf(stdif.CodeSyntax, fmt.Sprintf("byte %d", at), "a body without a part")
	}
	return parts, nil
}

// newPart reads one part. The line end before a delimiter belongs to it.
func newPart(text []byte, at int) part {
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(text) == 0 || text[0] == '\n' || bytes.HasPrefix(text, []byte("\r\n")) { // no header: text (RFC 2046, §5.1)
		return part{body: bytes.TrimLeft(text, "\r\n")}
	}
	head, body, p := parseHeader(append(bytes.Clone(text), '\n'), at, false)
	if p != nil {
		return part{body: text, err: p}
	}
	return part{header: head, body: bytes.TrimSuffix(body, []byte("\n"))}
}

// content undoes the transfer encoding. The result is never larger than what
// came.
func (p part) content() ([]byte, *stdif.Problem) {
	var r io.Reader
	switch strings.ToLower(p.get("Content-Transfer-Encoding")) {
	case "", "7bit", "8bit", "binary":
		return p.body, nil
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(p.body))
	case "quoted-printable":
		r = quotedprintable.NewReader(bytes.NewReader(p.body))
	default:
		return nil, stdif.Problemf(stdif.CodeEncoding, "/Content-Transfer-Encoding", "a transfer encoding that is not read here")
	}
	out, err := io.ReadAll(r)
	if err != nil {
		return nil, stdif.Problemf(stdif.CodeSyntax, "/Content-Transfer-Encoding", "the part is not what its transfer encoding says")
	}
	return out, nil
}
