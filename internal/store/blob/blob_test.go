package blob

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/matoi119/matoi/internal/seal"
)

func open(t testing.TB) *Store {
	t.Helper()
	dir := t.TempDir()
	keys, err := seal.OpenDir(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(filepath.Join(dir, "media"), "279999", keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = r.Read(b)
	return b
}

// Whatever part is asked for, it is the same part of the plain bytes.
func TestRangesReadLikePlainBytes(t *testing.T) {
	s := open(t)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(0, 400_000), rapid.SampledFrom([]int{0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes})).Draw(t, "size")
		plain := noise(size)
		info, err := s.Put("a.shown", bytes.NewReader(plain))
		if err != nil || info.Bytes != int64(size) || info.SHA256 != sha256.Sum256(plain) {
			t.Fatalf("Put = %+v, %v", info, err)
		}
		b, err := s.Reader("a.shown")
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if b.Info != info {
			t.Fatalf("Reader says %+v, Put said %+v", b.Info, info)
		}
		for range 8 {
			from := rapid.IntRange(0, size).Draw(t, "from")
			want := plain[from:rapid.IntRange(from, size).Draw(t, "to")]
			got := make([]byte, len(want))
			if _, err := b.Seek(int64(from), io.SeekStart); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(b, got); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("bytes %d+%d of %d differ: %v", from, len(want), size, err)
			}
		}
	})
}

// A writer that is killed leaves whole chunks; the next goes on behind them, and
// the digest is that of the whole.
func TestResumesWhereItStopped(t *testing.T) {
	s := open(t)
	plain := noise(10*chunkBytes + 1234)
	for at := 0; at < len(plain); {
		p, err := s.Resume("m.original")
		if err != nil {
			t.Fatal(err)
		}
		if p.Size() > int64(at) || int64(at)-p.Size() >= chunkBytes {
			t.Fatalf("after %d bytes it goes on at %d", at, p.Size())
		}
		from := p.Size()
		at = min(len(plain), int(from)+chunkBytes+rand.IntN(2*chunkBytes))
		if _, err := p.Write(plain[from:at]); err != nil {
			t.Fatal(err)
		}
		if at == len(plain) {
			if info, err := p.Finish(); err != nil || info.SHA256 != sha256.Sum256(plain) {
				t.Fatalf("Finish = %+v, %v", info, err)
			}
			break
		}
		if _, err := s.Reader("m.original"); err == nil {
			t.Fatal("a file that is not finished can be read")
		}
		p.file.Close() // killed: what was buffered is gone
	}
	b, err := s.Reader("m.original")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if got, err := io.ReadAll(b); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("read %d bytes, %v", len(got), err)
	}
}

// Every changed byte, every cut and every exchange is noticed.
func TestDamageIsNoticed(t *testing.T) {
	s := open(t)
	plain := noise(2*chunkBytes + 77)
	for _, name := range []string{"a", "b"} {
		if _, err := s.Put(name, bytes.NewReader(plain)); err != nil {
			t.Fatal(err)
		}
	}
	file, _ := s.path("a", wholeSuffix)
	sealed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := s.path("b", wholeSuffix)
	swapped, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	read := func(b []byte) error {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := s.Reader("a")
		if err != nil {
			return err
		}
		defer r.Close()
		got, err := io.ReadAll(r)
		if err == nil && !bytes.Equal(got, plain) {
			t.Fatal("other bytes were read without an error")
		}
		return err
	}
	for at := 0; at < len(sealed); at += 1 + rand.IntN(900) {
		bad := bytes.Clone(sealed)
		bad[at] ^= 1
		if read(bad) == nil {
			t.Fatalf("byte %d changed and nobody noticed", at)
		}
		if read(sealed[:at]) == nil {
			t.Fatalf("cut at %d and nobody noticed", at)
		}
	}
	moved := append(append(bytes.Clone(sealed[sealedChunk:2*sealedChunk]), sealed[:sealedChunk]...), sealed[2*sealedChunk:]...)
	if read(moved) == nil || read(swapped) == nil {
		t.Error("chunks of another place, or of another file, open")
	}
	if read(sealed) != nil {
		t.Error("the file itself does not open")
	}
}

// Nothing of a picture stands on the disk in clear, finished or not.
func TestNothingInClear(t *testing.T) {
	s := open(t)
	canary := []byte("GPSLatitude 35.6812 例示")
	plain := bytes.Repeat(canary, 10_000)
	if _, err := s.Put("a.original", bytes.NewReader(plain)); err != nil {
		t.Fatal(err)
	}
	p, err := s.Resume("b.original")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(s.dir, "*"))
	if len(files) != 2 {
		t.Fatalf("files: %v", files)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil || bytes.Contains(b, canary) || len(b) < 100_000 {
			t.Errorf("%s: %d bytes, %v", filepath.Base(f), len(b), err)
		}
	}
}

func TestSweepLeavesWhatIsNamedOrYoung(t *testing.T) {
	s := open(t)
	for _, name := range []string{"kept.original", "orphan.original"} {
		if _, err := s.Put(name, bytes.NewReader(noise(100))); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.Resume("left.original")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	named := func(name string) bool { return name == "kept.original" }
	if n, err := s.Sweep(named, time.Hour, time.Now()); n != 0 || err != nil {
		t.Errorf("young files: %d swept, %v", n, err)
	}
	if n, err := s.Sweep(named, time.Hour, time.Now().Add(2*time.Hour)); n != 2 || err != nil {
		t.Errorf("orphans: %d swept, %v", n, err)
	}
	if _, err := s.Reader("kept.original"); err != nil {
		t.Errorf("a named file was swept: %v", err)
	}
	if _, err := s.Reader("orphan.original"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an orphan is still there: %v", err)
	}
	for _, bad := range []string{"", "../x", "a/b", ".hidden", "A"} {
		if _, err := s.Put(bad, bytes.NewReader(nil)); err == nil {
			t.Errorf("%q was taken as a name", bad)
		}
	}
}
