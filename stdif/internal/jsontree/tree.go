// Package jsontree reads the JSON of codecs whose members nobody can list
// beforehand: one strict way to read, one tree, one way to keep what a codec did
// not take. It is to JSON what stdif/internal/markup is to XML.
package jsontree

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/matoi119/matoi/stdif"
)

// Node is one value of a document that was read whole.
type Node struct {
	Kind    byte // '{', '[', '"', '0', 't', 'f', 'n' as in jsontext
	Text    string
	Members []Member
	Items   []*Node
}

// Member is one member of an object, in the order of the document.
type Member struct {
	Name  string
	Value *Node
}

// Read reads a document of at most limit bytes. It refuses what two readers
// could understand differently: a member twice (RFC 7493), bytes that are not
// UTF-8, something after the value; and what is nested deeper than any message.
func Read(wire []byte, limit int) (*Node, *stdif.Problem) {
	if len(wire) > limit {
		return nil, stdif.Problemf(stdif.CodeTooLarge, "", "%d bytes, limit %d", len(wire), limit)
	}
	if !utf8.Valid(wire) {
		at := 0
		for at < len(wire) {
			r, size := utf8.DecodeRune(wire[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
		return nil, stdif.Problemf(stdif.CodeEncoding, "byte "+strconv.Itoa(at), "not UTF-8")
	}
	d := jsontext.NewDecoder(bytes.NewReader(bytes.TrimPrefix(wire, []byte("\ufeff"))))
	n, err := read(d, 0)
	if err == nil {
		if _, err = d.ReadToken(); errors.Is(err, io.EOF) {
			return n, nil
		}
	}
	return nil, problem(d, err)
}

var errDeep = errors.New("deep")

func problem(d *jsontext.Decoder, err error) *stdif.Problem {
	place := "byte " + strconv.FormatInt(d.InputOffset(), 10)
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		place = "byte " + strconv.FormatInt(syntactic.ByteOffset, 10)
	}
	switch {
	case errors.Is(err, errDeep):
		return stdif.Problemf(stdif.CodeSyntax, place, "nested deeper than %d", stdif.MaxDepth)
	case errors.Is(err, jsontext.ErrDuplicateName):
		return stdif.Problemf(stdif.CodeSyntax, place, "the same member twice (RFC 7493)")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return stdif.Problemf(stdif.CodeSyntax, place, "the message is cut off")
	}
	return stdif.Problemf(stdif.CodeSyntax, place, "not JSON (RFC 8259)")
}

func read(d *jsontext.Decoder, depth int) (*Node, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	n := &Node{Kind: byte(token.Kind())}
	switch n.Kind {
	case '{', '[':
		if depth >= stdif.MaxDepth {
			return nil, errDeep
		}
	case '"':
		n.Text = token.String()
		return n, nil
	case '0':
		n.Text = token.String() // as it was written
		return n, nil
	default:
		n.Text = token.String()
		return n, nil
	}
	for {
		switch d.PeekKind() {
		case '}', ']':
			_, err := d.ReadToken()
			return n, err
		}
		name := ""
		if n.Kind == '{' {
			token, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			name = token.String()
		}
		value, err := read(d, depth+1)
		if err != nil {
			return nil, err
		}
		if n.Kind == '{' {
			n.Members = append(n.Members, Member{name, value})
		} else {
			n.Items = append(n.Items, value)
		}
	}
}

// Get follows member names; nil where they lead nowhere.
func (n *Node) Get(path ...string) *Node {
	for _, name := range path {
		n = n.member(name)
	}
	return n
}

func (n *Node) member(name string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Members {
		if n.Members[i].Name == name {
			return n.Members[i].Value
		}
	}
	return nil
}

// List returns the items of an array; an object that stands where an array
// should is a list of one, as many writers of generated code send it.
func (n *Node) List() []*Node {
	switch {
	case n == nil || n.Kind == 'n':
		return nil
	case n.Kind == '[':
		return n.Items
	}
	return []*Node{n}
}

// Says returns a text, "" for anything else.
func (n *Node) Says() string {
	if n == nil || n.Kind != '"' {
		return ""
	}
	return n.Text
}

// IsObject reports whether the value is an object.
func (n *Node) IsObject() bool { return n != nil && n.Kind == '{' }

// Number reads a number that JSON can hold again.
func (n *Node) Number() (float64, bool) {
	if n == nil || n.Kind != '0' {
		return 0, false
	}
	v, err := strconv.ParseFloat(n.Text, 64)
	return v, err == nil && v-v == 0
}

// Time reads a time with offset, after 1970.
func (n *Node) Time() (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(n.Says()))
	return at, err == nil && at.Unix() >= 1 && at.Year() <= 9999
}

// Taken marks the values that a field of ours has taken; see markup.Taken.
type Taken map[*Node]bool

// Take marks a value with everything below it.
func (t Taken) Take(n *Node) {
	if n != nil {
		t[n] = true
	}
}

// maxPath keeps the paths of a document made to be deep from growing for each
// of its leaves.
const maxPath = stdif.MaxShort * 3 / 4

// Rest calls keep for every leaf below n that was not taken, with its path:
// names joined by dots, items of arrays counted from 1 as XPath counts.
func (t Taken) Rest(n *Node, path string, keep func(path, value string)) {
	if n == nil || t[n] {
		return
	}
	switch {
	case len(n.Members) > 0:
		for _, m := range n.Members {
			t.Rest(m.Value, under(path, m.Name), keep)
		}
	case len(n.Items) > 0:
		for i, item := range n.Items {
			t.Rest(item, path+"["+strconv.Itoa(i+1)+"]", keep)
		}
	case n.Kind == '{':
		keep(path, "{}")
	case n.Kind == '[':
		keep(path, "[]")
	default:
		keep(path, n.Text)
	}
}

func under(path, name string) string {
	if path == "" && len(name) < maxPath && name != "" {
		return name
	}
	if len(path)+len(name) >= maxPath {
		return strings.TrimSuffix(path, "…") + "…"
	}
	return path + "." + name
}
