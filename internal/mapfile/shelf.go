// Package mapfile keeps the headquarters' own map: one PMTiles file of vector
// tiles, checked before it is taken over, copied under its digest, and named by
// a small note beside it. Consoles work without it; what is here is only ever
// something to look at.
package mapfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// Info is the map that consoles draw.
type Info struct {
	Facts
	SHA256     string    `json:"sha256"`
	Bytes      int64     `json:"bytes"`
	ImportedAt time.Time `json:"importedAt"`
}

// Shelf is the folder of the map inside the data directory.
type Shelf struct{ Dir string }

const (
	note   = "map.json"
	ending = ".pmtiles"
	mode   = 0o600
)

var digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Copied is a checked copy on the shelf that nobody uses yet.
type Copied struct {
	Info
	shelf Shelf
}

// Copy checks a file and puts a durable copy under its digest. It changes
// nothing that a console sees; Use does.
func (s Shelf) Copy(ctx context.Context, path string, now time.Time) (c Copied, err error) {
	in, err := os.Open(path)
	if err != nil {
		return c, fault.New(fault.NotFound, "map.file-missing").Because(err)
	}
	defer in.Close()
	if err := looksLikeOne(in); err != nil {
		return c, fault.New(fault.Invalid, "map.unfit").Because(err)
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return c, fmt.Errorf("map: %w", err)
	}
	out, err := os.CreateTemp(s.Dir, "import-*.tmp")
	if err != nil {
		return c, fmt.Errorf("map: %w", err)
	}
	defer func() {
		if err != nil {
			_ = out.Close()
			_ = os.Remove(out.Name())
		}
	}()
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(stoppable{ctx, in}, mostBytes+1))
	if err != nil {
		return c, fmt.Errorf("map: copy: %w", err)
	}
	facts, err := Check(out, size) // the copy, which nobody can change any more
	if err != nil {
		return c, fault.New(fault.Invalid, "map.unfit").Because(err)
	}
	digest := hex.EncodeToString(sum.Sum(nil))
	if err := errors.Join(out.Chmod(mode), out.Sync(), out.Close()); err != nil {
		return c, fmt.Errorf("map: copy: %w", err)
	}
	if err := os.Rename(out.Name(), s.file(digest)); err != nil {
		return c, fmt.Errorf("map: %w", err)
	}
	return Copied{Info{facts, digest, size, now.UTC()}, s}, nil
}

// looksLikeOne refuses before the copy what would only fill the disk that reports
// are stored on.
func looksLikeOne(f *os.File) error {
	stat, err := f.Stat()
	if err != nil {
		return fmt.Errorf("map file: %w", err)
	}
	if !stat.Mode().IsRegular() {
		return wrong("it is no regular file")
	}
	_, err = readHeader(f, stat.Size())
	return err
}

// stoppable ends a long copy when its context ends.
type stoppable struct {
	ctx context.Context
	io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

// Use makes the copy the map of all consoles from their next look on, and takes
// older ones away. A page that still reads an older one keeps what it has open.
func (c Copied) Use() error {
	b, err := json.MarshalIndent(c.Info, "", "  ")
	if err != nil {
		return fmt.Errorf("map: %w", err)
	}
	out, err := os.CreateTemp(c.shelf.Dir, "import-*.tmp")
	if err != nil {
		return fmt.Errorf("map: %w", err)
	}
	_, err = out.Write(append(b, '\n'))
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(fmt.Errorf("map: %w", err), os.Remove(out.Name()))
	}
	if err := os.Rename(out.Name(), filepath.Join(c.shelf.Dir, note)); err != nil {
		return fmt.Errorf("map: %w", err)
	}
	c.shelf.sweep(c.SHA256)
	return nil
}

// Remove takes the map away; consoles go on with coordinates and addresses.
func (s Shelf) Remove() error {
	if err := os.Remove(filepath.Join(s.Dir, note)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("map: %w", err)
	}
	s.sweep("")
	return nil
}

// sweep removes what no note names any more. What cannot be removed (a file that
// a page has open on some systems) goes with the next import.
func (s Shelf) sweep(keep string) {
	for _, pattern := range []string{"*" + ending, "import-*.tmp"} {
		old, _ := filepath.Glob(filepath.Join(s.Dir, pattern))
		for _, path := range old {
			if path != s.file(keep) {
				_ = os.Remove(path)
			}
		}
	}
}

// Current is the map in use. No map at all is fault.NotFound; a file that is not
// what was imported is fault.Unavailable.
func (s Shelf) Current() (Info, error) {
	var v Info
	b, err := os.ReadFile(filepath.Join(s.Dir, note))
	if errors.Is(err, fs.ErrNotExist) {
		return v, fault.New(fault.NotFound, "map.none")
	}
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil || !digestForm.MatchString(v.SHA256) {
		return v, fault.New(fault.Unavailable, "map.damaged").Because(err)
	}
	stat, err := os.Stat(s.file(v.SHA256))
	if err != nil || stat.Size() != v.Bytes {
		return v, fault.New(fault.Unavailable, "map.damaged").Because(err)
	}
	return v, nil
}

// Open opens the map in use when it is still the one with this digest.
func (s Shelf) Open(digest string) (*os.File, Info, error) {
	v, err := s.Current()
	if err != nil {
		return nil, v, err
	}
	if v.SHA256 != digest {
		return nil, v, fault.New(fault.NotFound, "map.none")
	}
	f, err := os.Open(s.file(digest))
	if err != nil {
		return nil, v, fault.New(fault.Unavailable, "map.damaged").Because(err)
	}
	return f, v, nil
}

// Verify reads the whole map again and compares it with its digest.
func (s Shelf) Verify(ctx context.Context) (Info, error) {
	v, err := s.Current()
	if err != nil {
		return v, err
	}
	f, _, err := s.Open(v.SHA256)
	if err != nil {
		return v, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, stoppable{ctx, f}); err != nil {
		return v, fault.New(fault.Unavailable, "map.damaged").Because(err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != v.SHA256 {
		return v, fault.New(fault.Unavailable, "map.damaged")
	}
	return v, nil
}

func (s Shelf) file(digest string) string { return filepath.Join(s.Dir, digest+ending) }
