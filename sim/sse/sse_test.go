package sse_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/sim/sse"
)

type got struct{ ID, Name, Data string }

func read(t *testing.T, stream string) ([]got, error) {
	t.Helper()
	var all []got
	err := sse.Read(strings.NewReader(stream), func(e sse.Event) error {
		all = append(all, got{e.ID, e.Name, string(e.Data)})
		return nil
	})
	return all, err
}

func TestReadFollowsTheStandard(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		want         []got
	}{
		{"named with id", "id: 7\nevent: input\ndata: {\"a\":1}\n\n", []got{{"7", "input", `{"a":1}`}}},
		{"id is kept for later events", "id: 7\ndata: a\n\ndata: b\n\n", []got{{"7", "message", "a"}, {"7", "message", "b"}}},
		{"several data lines", "data: a\ndata: b\ndata:\n\n", []got{{"", "message", "a\nb\n"}}},
		{"comments, CRLF, unknown fields", ": hello\r\nretry: 3\r\ndata:x\r\n\r\n", []got{{"", "message", "x"}}},
		{"event without data is not dispatched", "event: beat\n\ndata: x\n\n", []got{{"", "message", "x"}}},
		{"unfinished event is dropped", "data: a\n\ndata: b\n", []got{{"", "message", "a"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, err := read(t, c.stream)
			if !errors.Is(err, io.EOF) {
				t.Fatalf("Read = %v, want EOF", err)
			}
			if d := cmp.Diff(c.want, all); d != "" {
				t.Fatal(d)
			}
		})
	}
}

func TestReadRefusesEndlessEvents(t *testing.T) {
	endless := "data: " + strings.Repeat("x", sse.MaxEvent+2000) + "\n\n"
	if _, err := read(t, endless); !errors.Is(err, sse.ErrTooLarge) {
		t.Fatalf("one long line: %v, want ErrTooLarge", err)
	}
	many := strings.Repeat("data: "+strings.Repeat("x", 1<<16)+"\n", 70)
	if _, err := read(t, many); !errors.Is(err, sse.ErrTooLarge) {
		t.Fatalf("many lines: %v, want ErrTooLarge", err)
	}
}

func FuzzWriteThenRead(f *testing.F) {
	f.Add("1", "input", "{}\n")
	f.Add("", "", "a\r\nb\n\n: c")
	f.Fuzz(func(t *testing.T, id, name, data string) {
		var b bytes.Buffer
		if err := sse.Write(&b, id, name, []byte(data)); err != nil {
			t.Fatal(err)
		}
		n := 0
		err := sse.Read(&b, func(e sse.Event) error {
			n++
			return nil
		})
		if !errors.Is(err, io.EOF) || n != 1 {
			t.Fatalf("wrote one event, read %d, %v", n, err)
		}
	})
}
