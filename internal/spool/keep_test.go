package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/matoi119/matoi/stdif"
)

func upload(t testing.TB, s *Spool, id string, content []byte) Taken {
	t.Helper()
	out, err := s.Upload(context.Background(), Intake{Service: "net119.example", Inbound: stdif.Inbound{
		Media: &stdif.Media{ID: id, ReportID: "N-1", MIME: "image/jpeg"}}}, bytes.NewReader(content))
	if err != nil || out.Problem != nil {
		t.Fatalf("Upload: %v, %v", err, out.Problem)
	}
	return out
}

func contains(content []byte, word string) bool { return bytes.Contains(content, []byte(word)) }

func eachFile(t testing.TB, dir string, f func(name string, content []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil {
			f(path, b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	return b
}

func TestMedia(t *testing.T) {
	s := start(t)
	taken(t, s, actual(report("N-1", 1)))
	for i, size := range []int{1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3*chunkBytes + 17} {
		id, content := fmt.Sprintf("m%d", i), pattern(size)
		upload(t, s, id, content)
		m, known, err := s.Medium(t.Context(), "net119.example", "N-1", id)
		if err != nil || !known {
			t.Fatalf("Medium: %v %v", known, err)
		}
		whole, err := io.ReadAll(m)
		if err != nil || !bytes.Equal(whole, content) {
			t.Errorf("%d bytes: read %d, equal %v, %v", size, len(whole), bytes.Equal(whole, content), err)
		}
		for _, at := range []int{0, size / 2, size - 1} {
			part := make([]byte, min(100, size-at))
			if _, err := m.ReadAt(part, int64(at)); err != nil || !bytes.Equal(part, content[at:at+len(part)]) {
				t.Errorf("%d bytes: part at %d differs, %v", size, at, err)
			}
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	if out := upload(t, s, "m0", pattern(1)); !out.Repeat {
		t.Errorf("the same medium again = %+v, want a repeat", out)
	}
	if n := len(mediaFiles(t, s)); n != 5 {
		t.Errorf("%d sealed files, want 5: the repeat leaves none", n)
	}
	wantSound(t, s.dir)
}

func mediaFiles(t testing.TB, s *Spool) []os.DirEntry {
	t.Helper()
	files, err := os.ReadDir(s.mediaDir())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestMediaRefused(t *testing.T) {
	s := start(t)
	taken(t, s, actual(report("N-1", 1)))
	try := func(m stdif.Media, content []byte) *stdif.Problem {
		out, err := s.Upload(t.Context(), Intake{Service: "net119.example", Inbound: stdif.Inbound{Media: &m}}, bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		return out.Problem
	}
	for name, c := range map[string]struct {
		m       stdif.Media
		content []byte
		code    stdif.Code
	}{
		"wrong digest":   {stdif.Media{ID: "m", ReportID: "N-1", SHA256: "00"}, pattern(10), stdif.CodeMediaDigest},
		"empty":          {stdif.Media{ID: "m", ReportID: "N-1"}, nil, stdif.CodeMissing},
		"unknown report": {stdif.Media{ID: "m", ReportID: "N-2"}, pattern(10), stdif.CodeUnknownReport},
	} {
		if p := try(c.m, c.content); p == nil || p.Code != c.code {
			t.Errorf("%s: %v, want %d", name, p, c.code)
		}
	}
	for i := range stdif.MaxMedia {
		upload(t, s, fmt.Sprintf("m%d", i), pattern(i+1))
	}
	if p := try(stdif.Media{ID: "more", ReportID: "N-1"}, pattern(99)); p == nil || p.Code != stdif.CodeTooLarge {
		t.Errorf("medium %d: %v, want %d", stdif.MaxMedia+1, p, stdif.CodeTooLarge)
	}
	if n := len(mediaFiles(t, s)); n != stdif.MaxMedia {
		t.Errorf("%d sealed files, want %d: a refusal leaves none", n, stdif.MaxMedia)
	}
	broken := io.MultiReader(bytes.NewReader(pattern(chunkBytes*2)), errReader{})
	if _, err := s.Upload(t.Context(), Intake{Service: "net119.example", Inbound: stdif.Inbound{Media: &stdif.Media{ID: "b", ReportID: "N-1"}}}, broken); err == nil {
		t.Error("an upload that breaks off was taken")
	}
	if n := len(mediaFiles(t, s)); n != stdif.MaxMedia {
		t.Errorf("%d sealed files after a broken upload, want %d", n, stdif.MaxMedia)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("connection lost") }

// A sealed file without a row is what a kill between file and act leaves.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	taken(t, s, actual(report("N-1", 1)))
	upload(t, s, "m1", pattern(10))
	kept := mediaFiles(t, s)[0].Name()
	for name, age := range map[string]time.Duration{"old" + sealSuffix: 2 * orphanAge, "young" + sealSuffix: 0, kept: 2 * orphanAge} {
		file := filepath.Join(s.mediaDir(), name)
		if name != kept {
			if err := os.WriteFile(file, []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chtimes(file, time.Now().Add(-age), time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, nil)
	defer s.Close()
	left := map[string]bool{}
	for _, f := range mediaFiles(t, s) {
		left[f.Name()] = true
	}
	if !left[kept] || !left["young"+sealSuffix] || left["old"+sealSuffix] {
		t.Errorf("left after opening: %v", left)
	}
}

// Everything is kept at least seven days after it was acknowledged, by the time
// that the program saw pass, and purged then (stdif.SpoolKeep).
func TestPurge(t *testing.T) {
	var c clock
	dir := t.TempDir()
	s := open(t, dir, &c)
	day := 24 * time.Hour
	for i := range 4 {
		taken(t, s, actual(report(fmt.Sprintf("N-%d", i), 1)))
	}
	upload(t, s, "m1", pattern(1000)) // of N-1
	finish := func(id string) {
		t.Helper()
		if out, err := s.Finish(t.Context(), Service{ID: "net119.example"}, id, "handled", eventTime); err != nil || out.Problem != nil {
			t.Fatalf("Finish: %v %v", err, out.Problem)
		}
	}
	finish("N-0")
	finish("N-1")
	finish("N-2")
	taken(t, s, actual(report("N-9", 1))) // owns the last number
	finish("N-3")
	taken(t, s, actual(report("N-10", 1)))
	last := s.Through()
	// N-2 stays unacknowledged; N-3 is closed; N-9 stays open.
	acknowledge(t, s, 1, 2)
	acknowledge(t, s, 4, 7)
	acknowledge(t, s, 9, last)
	tend := func() {
		t.Helper()
		if err := s.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	there := func(want ...string) {
		t.Helper()
		rows, err := s.Reports(t.Context(), 100, 100)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, r := range rows {
			got[r.ID] = true
		}
		for _, id := range want {
			if !got[id] {
				t.Errorf("%s is gone", id)
			}
			delete(got, id)
		}
		if len(got) > 0 {
			t.Errorf("still there: %v", got)
		}
	}
	c.pass(7*day - time.Minute)
	tend()
	there("N-0", "N-1", "N-2", "N-3", "N-9", "N-10")
	// What passed counts over a restart; what the clock on the wall says does not.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.µs.Store(0)
	s = open(t, dir, &c)
	defer s.Close()
	tend()
	there("N-0", "N-1", "N-2", "N-3", "N-9", "N-10")
	c.pass(2 * time.Minute)
	tend()
	// N-3's input is the newest: cursors count on its number. N-2 was never told.
	there("N-2", "N-3", "N-9", "N-10")
	if n := len(mediaFiles(t, s)); n != 0 {
		t.Errorf("%d media files are left, want 0", n)
	}
	if out := taken(t, s, actual(report("N-11", 1))); out.Seq != last+1 {
		t.Errorf("next number after a purge = %d, want %d", out.Seq, last+1)
	}
	c.pass(24 * day)
	tend()
	there("N-2", "N-3", "N-11") // N-9 and N-10 were open for thirty days
	wantSound(t, s.dir)
}

// Many acknowledgements become one row when they are old.
func TestJoin(t *testing.T) {
	var c clock
	s := open(t, t.TempDir(), &c)
	defer s.Close()
	for i := range 30 {
		taken(t, s, actual(report(fmt.Sprintf("N-%d", i), 1)))
		acknowledge(t, s, 1, int64(i+1))
	}
	c.pass(8 * 24 * time.Hour)
	if err := s.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := s.read.Acks(t.Context(), HQ)
	if err != nil || len(rows) != 1 || rows[0].FromSeq != 1 || rows[0].ToSeq != 30 {
		t.Fatalf("runs = %+v, %v, want 1-30", rows, err)
	}
	if s.Pending() != 0 {
		t.Errorf("pending = %d", s.Pending())
	}
	wantSound(t, s.dir)
}
