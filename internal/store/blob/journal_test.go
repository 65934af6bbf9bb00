package blob

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

func entries(t *testing.T, s *Store, name string) (all [][]byte, err error) {
	t.Helper()
	r, err := s.ReadJournal(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // opened for reading
	for {
		plain, _, err := r.Next()
		if err != nil {
			return all, err
		}
		all = append(all, plain)
	}
}

// Whatever a killed writer leaves, every entry that was written whole is read,
// and it is said whether the end is there. No changed byte is read as another.
func TestJournalCutAnywhere(t *testing.T) {
	s := open(t)
	j, err := s.Begin("r1")
	if err != nil {
		t.Fatal(err)
	}
	var want [][]byte
	ends := []int64{0}
	for i, n := range []int{0, 1, 100, 7000, 3} {
		plain := noise(n)
		if err := j.Append(plain, i%2 == 0); err != nil {
			t.Fatal(err)
		}
		want, ends = append(want, plain), append(ends, j.Bytes())
	}
	if err := j.End(); err != nil {
		t.Fatal(err)
	}
	file, _ := s.path("r1", journalSuffix)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(whole); cut += 1 + cut/40 {
		if err := os.WriteFile(file, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		n := 0
		for n+1 < len(ends) && ends[n+1] <= int64(cut) {
			n++
		}
		got, err := entries(t, s, "r1")
		if len(got) != n || !errors.Is(err, ErrTorn) {
			t.Fatalf("cut at %d of %d: %d entries and %v, want %d", cut, len(whole), len(got), err, n)
		}
	}
	for at := 0; at < len(whole); at += 13 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x40
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := entries(t, s, "r1")
		if errors.Is(err, io.EOF) {
			t.Fatalf("byte %d was changed and nobody noticed", at)
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("byte %d was changed, and entry %d reads otherwise", at, i)
			}
		}
	}
	if err := os.WriteFile(file, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := entries(t, s, "r1"); len(got) != len(want) || !errors.Is(err, io.EOF) {
		t.Errorf("the whole file: %d entries, %v", len(got), err)
	}
}

func TestJournalMarks(t *testing.T) {
	s := open(t)
	j, err := s.Begin("r1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range byte(10) {
		if err := j.Append([]byte{i}, i%3 == 0); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.ReadJournal("r1") // it is still being written
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // opened for reading
	marks, err := r.Marks()
	if err != nil || len(marks) != 4 {
		t.Fatalf("marks = %v, %v", marks, err)
	}
	for i := len(marks) - 1; i >= 0; i-- {
		if err := r.Jump(marks[i]); err != nil {
			t.Fatal(err)
		}
		if plain, key, err := r.Next(); err != nil || !key || plain[0] != byte(3*i) {
			t.Errorf("at mark %d: %v, key %t, %v", i, plain, key, err)
		}
	}
	if _, err := s.Begin("r1"); err == nil {
		t.Error("a journal was begun over another one")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(func(string) bool { return false }, time.Hour, time.Now().Add(2*time.Hour)); n != 1 || err != nil {
		t.Errorf("a journal that nobody names: %d swept, %v", n, err)
	}
	if n, err := s.JournalSize("r1"); n != 0 || err != nil {
		t.Errorf("size of nothing = %d, %v", n, err)
	}
}
