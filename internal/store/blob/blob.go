// Package blob keeps the bytes of media on disk, sealed. A file is a run of
// chunks, each sealed by itself with the file's name and its number as
// associated data, and a trailer that says how long the whole is: a chunk that
// was exchanged, moved or left out does not open, a file that was cut off has no
// trailer, and any part can be read without the rest (Range requests).
//
// A file that is still being written has a name of its own (…part) and consists
// of whole sealed chunks only. Whoever goes on with it after a kill finds what
// was durable and writes on behind it. Why not one streaming seal per file, see
// docs/decisions/0008.
package blob

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/seal"
)

const (
	chunkBytes = 64 << 10
	// overhead is what sealing adds: version, key number, nonce, tag.
	overhead    = 1 + 4 + 12 + 16
	trailer     = 8 + sha256.Size
	sealedChunk = chunkBytes + overhead

	wholeSuffix = ".sealed"
	partSuffix  = ".part"
	maxName     = 80

	syncEvery = 16 // chunks: at most a megabyte is fetched again after a kill
)

// Keys is what blobs need of the headquarters' keys.
type Keys interface {
	Seal(class string, plain, place []byte) ([]byte, error)
	Open(class string, sealed, place []byte) ([]byte, error)
}

// Store is a directory of sealed files. It is safe for concurrent use; two
// writers of one name are the caller's mistake.
type Store struct {
	dir   string
	place string // binds files to this headquarters
	keys  Keys
}

// Open opens or makes the directory of one headquarters.
func Open(dir, hq string, keys Keys) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	return &Store{dir: dir, place: hq, keys: keys}, nil
}

// Info says what a finished file holds.
type Info struct {
	Bytes  int64
	SHA256 [sha256.Size]byte // of the plain bytes
}

// ErrTorn means that a file is not whole: cut off, or never finished.
var ErrTorn = errors.New("blob: the file is not whole")

func (s *Store) path(name, suffix string) (string, error) {
	if name == "" || len(name) > maxName || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || name[0] == '.' {
		return "", fmt.Errorf("blob: %q is no name", name)
	}
	return filepath.Join(s.dir, name+suffix), nil
}

func (s *Store) chunkPlace(name string, i int64) []byte {
	return fmt.Appendf(nil, "%s/media/%s/%d", s.place, name, i)
}

func (s *Store) trailerPlace(name string) []byte {
	return fmt.Appendf(nil, "%s/media/%s/end", s.place, name)
}

// Put stores all of r under a name. It is durable when Put returns.
func (s *Store) Put(name string, r io.Reader) (Info, error) {
	if err := s.Remove(name); err != nil {
		return Info{}, err
	}
	p, err := s.Resume(name)
	if err != nil {
		return Info{}, err
	}
	if _, err := io.Copy(p, r); err != nil {
		return Info{}, errors.Join(fmt.Errorf("store medium: %w", err), p.Close(), s.Remove(name))
	}
	return p.Finish()
}

// Remove destroys a file, finished or not. One that is not there is no error.
func (s *Store) Remove(name string) error {
	for _, suffix := range []string{wholeSuffix, partSuffix, journalSuffix} {
		file, err := s.path(name, suffix)
		if err != nil {
			return err
		}
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove medium: %w", err)
		}
	}
	return syncDir(s.dir)
}

// Sweep removes the files that nobody names and that have not been written for
// some time: what a kill left between the bytes and the act that speaks of them.
func (s *Store) Sweep(named func(name string) bool, older time.Duration, now time.Time) (removed int, err error) {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return 0, fmt.Errorf("sweep media: %w", err)
	}
	for _, f := range files {
		name, whole := strings.CutSuffix(f.Name(), wholeSuffix)
		name, part := strings.CutSuffix(name, partSuffix)
		name, journal := strings.CutSuffix(name, journalSuffix)
		info, err := f.Info()
		if err != nil || !whole && !part && !journal || named(name) || now.Sub(info.ModTime()) < older {
			continue
		}
		if err := s.Remove(name); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// Blob is an open file. It reads and seeks in the plain bytes.
type Blob struct {
	*io.SectionReader
	Info
	file *os.File
}

// Close closes the file.
func (b *Blob) Close() error { return b.file.Close() }

// Reader opens a finished file.
func (s *Store) Reader(name string) (_ *Blob, err error) {
	path, err := s.path(name, wholeSuffix)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open medium: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	info, err := s.end(f, name)
	if err != nil {
		return nil, err
	}
	c := &chunks{s: s, file: f, name: name, size: info.Bytes, at: -1}
	return &Blob{SectionReader: io.NewSectionReader(c, 0, info.Bytes), Info: info, file: f}, nil
}

// end reads the trailer and holds it against the length of the file.
func (s *Store) end(f *os.File, name string) (Info, error) {
	var info Info
	stat, err := f.Stat()
	if err != nil {
		return info, fmt.Errorf("open medium: %w", err)
	}
	at := stat.Size() - trailer - overhead
	if at < 0 {
		return info, ErrTorn
	}
	box := make([]byte, trailer+overhead)
	if _, err := f.ReadAt(box, at); err != nil {
		return info, fmt.Errorf("open medium: %w", err)
	}
	plain, err := s.keys.Open(seal.Media, box, s.trailerPlace(name))
	if err != nil {
		return info, fmt.Errorf("open medium: %w", err)
	}
	if len(plain) != trailer {
		return info, ErrTorn
	}
	info.Bytes = int64(binary.BigEndian.Uint64(plain))
	copy(info.SHA256[:], plain[8:])
	if info.Bytes+chunksOf(info.Bytes)*overhead != at {
		return info, ErrTorn
	}
	return info, nil
}

func chunksOf(size int64) int64 { return (size + chunkBytes - 1) / chunkBytes }

// chunks opens the chunks of a file as they are read, and remembers the last:
// readers come in small steps.
type chunks struct {
	s    *Store
	file *os.File
	name string
	size int64

	at    int64
	plain []byte
}

// ReadAt implements io.ReaderAt over the plain bytes. One reader at a time.
func (c *chunks) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && off < c.size {
		i := off / chunkBytes
		if i != c.at {
			if c.plain, err = c.s.chunk(c.file, c.name, i, min(chunkBytes, c.size-i*chunkBytes)); err != nil {
				c.at = -1
				return n, err
			}
			c.at = i
		}
		m := copy(p[n:], c.plain[off-i*chunkBytes:])
		n, off = n+m, off+int64(m)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (s *Store) chunk(f *os.File, name string, i, size int64) ([]byte, error) {
	box := make([]byte, size+overhead)
	if _, err := f.ReadAt(box, i*sealedChunk); err != nil {
		return nil, fmt.Errorf("read medium: %w", err)
	}
	plain, err := s.keys.Open(seal.Media, box, s.chunkPlace(name, i))
	if err == nil && int64(len(plain)) != size {
		err = seal.ErrSealed
	}
	return plain, err
}

// Holds reports whether a stream has exactly the bytes of a finished file.
func (b *Blob) Holds(sum []byte) bool { return bytes.Equal(b.SHA256[:], sum) }

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("media: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
