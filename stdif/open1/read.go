package open1

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/matoi119/matoi/stdif"
)

// known makes the reader stop at a member that the Go value does not hold.
// Duplicate names, invalid UTF-8 and another case of a name it refuses by itself.
var known = json.RejectUnknownMembers(true)

// read reads one JSON value whole. Nearly every message has no unknown member
// and is read in one pass; only where one shows up the message is walked again
// to collect them.
func read[T any](wire []byte) (v T, extra []stdif.Additional, _ *stdif.Problem) {
	err := json.Unmarshal(wire, &v, known)
	if errors.Is(err, json.ErrUnknownName) {
		var again T
		if err = json.Unmarshal(wire, &again); err == nil {
			extra, err = unknown(wire, reflect.TypeFor[T]())
		}
		v = again
	}
	if err != nil {
		return v, nil, problem(err)
	}
	return v, extra, nil
}

// message is what a body can be: read, cleaned and checked the same way.
type message[T any] interface {
	*T
	Normalize() []stdif.Problem
	Validate() *stdif.Problem
}

// finish reads a body, keeps what it does not know, cleans and checks it.
func finish[T any, P message[T]](wire []byte, outer []stdif.Additional) (*T, []stdif.Problem, *stdif.Problem) {
	return finishWith[T, P](wire, outer, nil)
}

func bare[T any, P message[T]](wire []byte, fill func(*T) *stdif.Problem) (v T, _ []stdif.Problem, _ *stdif.Problem) {
	if p := scan(wire, stdif.MaxFrame); p != nil {
		return v, nil, p
	}
	got, warnings, p := finishWith[T, P](trimMark(wire), nil, fill)
	if p != nil {
		return v, nil, p
	}
	return *got, warnings, nil
}

func finishWith[T any, P message[T]](wire []byte, outer []stdif.Additional, fill func(*T) *stdif.Problem) (*T, []stdif.Problem, *stdif.Problem) {
	v, extra, p := read[T](wire)
	if p != nil {
		return nil, nil, p
	}
	if fill != nil {
		if p := fill(&v); p != nil {
			return nil, nil, p
		}
	}
	if list := additional(&v); list != nil {
		*list = append(append(*list, extra...), outer...)
	}
	warnings := P(&v).Normalize()
	if r, ok := any(&v).(*stdif.Report); ok {
		keepRaw(r, wire, warnings)
	}
	if p := P(&v).Validate(); p != nil {
		return nil, nil, p
	}
	if r, ok := any(&v).(*stdif.Report); ok && len(wire) > 64<<10 {
		if p := (stdif.Inbound{Report: r}).Oversized(); p != nil {
			return nil, nil, p
		}
	}
	if w, ok := any(P(&v)).(interface{ Warnings() []stdif.Problem }); ok {
		warnings = append(warnings, w.Warnings()...)
	}
	return &v, warnings, nil
}

// keepRaw keeps the bytes of a report that is not shown exactly as it came. A
// report that already carries the bytes of another format keeps those.
func keepRaw(r *stdif.Report, wire []byte, changed []stdif.Problem) {
	if len(changed) > 0 && r.Raw == nil && len(wire) <= stdif.MaxFrame {
		r.Raw = &stdif.Raw{MIME: "application/json", Bytes: bytes.Clone(wire)}
	}
}

// additional returns where a message keeps what no field takes.
func additional(v any) *[]stdif.Additional {
	switch m := v.(type) {
	case *stdif.Report:
		return &m.Additional
	case *stdif.ReportState:
		return &m.Additional
	case *stdif.ChatMessage:
		return &m.Additional
	case *stdif.Media:
		return &m.Additional
	case *stdif.Undecodable:
		return &m.Additional
	case *stdif.Input:
		return &m.Additional
	case *stdif.Receipt:
		return &m.Additional
	case *stdif.Offer:
		return &m.Additional
	}
	return nil
}

// unknown walks a message beside the Go type it was read into and collects
// every member that the type does not hold: its JSON pointer and its value as
// compact JSON, numbers and escapes as they were written.
func unknown(wire []byte, t reflect.Type) ([]stdif.Additional, error) {
	w := walker{dec: jsontext.NewDecoder(bytes.NewReader(wire))}
	err := w.value(t)
	return w.found, err
}

type walker struct {
	dec   *jsontext.Decoder
	found []stdif.Additional
}

func (w *walker) value(t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch kind := w.dec.PeekKind(); {
	case kind == '{' && t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]():
		return w.object(t)
	case kind == '[' && t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return w.array(t.Elem())
	}
	return w.dec.SkipValue()
}

func (w *walker) array(elem reflect.Type) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	for w.dec.PeekKind() != ']' {
		if err := w.value(elem); err != nil {
			return err
		}
	}
	_, err := w.dec.ReadToken()
	return err
}

func (w *walker) object(t reflect.Type) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	for w.dec.PeekKind() != '}' {
		name, err := w.dec.ReadToken()
		if err != nil {
			return err
		}
		if f, ok := member(t, name.String()); ok {
			if err := w.value(f); err != nil {
				return err
			}
			continue
		}
		value, err := w.dec.ReadValue()
		if err != nil {
			return err
		}
		value = value.Clone()
		if err := value.Compact(); err != nil {
			return err
		}
		w.found = append(w.found, stdif.Additional{Name: string(w.dec.StackPointer()), Value: string(value)})
	}
	_, err := w.dec.ReadToken()
	return err
}

// member returns the type of the field that a member name is read into.
func member(t reflect.Type, name string) (reflect.Type, bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name && tag != "-" {
			return f.Type, true
		}
	}
	return nil, false
}

// values splits an array into its values.
func values(wire []byte) (out []jsontext.Value, _ *stdif.Problem) {
	if err := json.Unmarshal(wire, &out); err != nil {
		return nil, problem(err)
	}
	return out, nil
}

// problem turns a reader's error into a code and a place. The reader's own
// words are not used: they quote what was sent.
func problem(err error) *stdif.Problem {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		place := short(string(semantic.JSONPointer))
		if place == "" { // the whole message: a pointer to it is empty (RFC 6901), a place is not
			place = "byte " + itoa(int(semantic.ByteOffset))
		}
		if semantic.GoType == reflect.TypeFor[time.Time]() {
			return stdif.Problemf(stdif.CodeTime, place, "a time is RFC 3339 with offset, for example 2026-04-01T09:12:03+09:00")
		}
		return stdif.Problemf(stdif.CodeSyntax, place, "not the kind of value that belongs here")
	}
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		place := ""
		if errors.As(err, &syntactic) {
			place = short(string(syntactic.JSONPointer))
		}
		return stdif.Problemf(stdif.CodeSyntax, place, "the same member twice (RFC 7493)")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return stdif.Problemf(stdif.CodeSyntax, at(err), "the message is cut off")
	}
	return stdif.Problemf(stdif.CodeSyntax, at(err), "not JSON (RFC 8259)")
}

func at(err error) string {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return "byte " + itoa(int(syntactic.ByteOffset))
	}
	return ""
}

// short keeps a place printable: member names are the sender's own.
func short(place string) string { return stdif.Excerpt(place, 200) }

func itoa(n int) string { return strconv.Itoa(n) }
