package blob

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/matoi119/matoi/internal/seal"
)

const (
	journalSuffix = ".journal"
	// MaxEntry is how many plain bytes one entry of a journal holds.
	MaxEntry = 64 << 20

	entryHead = 4
	entryKey  = 1 << 31 // of the head: whoever seeks may begin here
	entryEnd  = 1 << 30 // of the head: nothing follows
)

// Journal is a sealed file that grows while time passes: entries of any length,
// each sealed by itself with the file's name, its number and its kind as
// associated data. Every entry that was written can be read although the writer
// is killed; the last one of a file that was ended says how many there are, so
// that one that was cut off, or has not ended, is told from a whole one.
//
// One goroutine owns a Journal.
type Journal struct {
	s     *Store
	name  string
	file  *os.File
	count int64
	bytes int64
}

func (s *Store) entryPlace(name string, i int64, kind uint32) []byte {
	return fmt.Appendf(nil, "%s/journal/%s/%d/%d", s.place, name, i, kind>>30)
}

// Begin makes a new journal. A name is used once.
func (s *Store) Begin(name string) (*Journal, error) {
	path, err := s.path(name, journalSuffix)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("begin journal: %w", err)
	}
	if err := syncDir(s.dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Journal{s: s, name: name, file: f}, nil
}

// Append writes one entry; key marks a place where reading can begin. After an
// error the journal can only be closed: what is behind the last whole entry is
// not read by anybody.
func (j *Journal) Append(plain []byte, key bool) error {
	var kind uint32
	if key {
		kind = entryKey
	}
	return j.append(plain, kind)
}

func (j *Journal) append(plain []byte, kind uint32) error {
	if len(plain) > MaxEntry {
		return fmt.Errorf("journal: an entry of %d bytes", len(plain))
	}
	box, err := j.s.keys.Seal(seal.Media, plain, j.s.entryPlace(j.name, j.count, kind))
	if err != nil {
		return err
	}
	head := binary.BigEndian.AppendUint32(make([]byte, 0, entryHead+len(box)), uint32(len(box))|kind) //nolint:gosec // below MaxEntry
	if _, err := j.file.Write(append(head, box...)); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	j.count++
	j.bytes += int64(entryHead + len(box))
	return nil
}

// Bytes is how long the file is.
func (j *Journal) Bytes() int64 { return j.bytes }

// Sync makes what was appended survive a loss of power; a killed program loses
// nothing without it.
func (j *Journal) Sync() error {
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// End says that nothing follows, makes all of it durable and closes the file.
func (j *Journal) End() error {
	count := binary.BigEndian.AppendUint64(nil, uint64(j.count))
	return errors.Join(j.append(count, entryEnd), j.Sync(), j.file.Close())
}

// Close leaves the journal without an end.
func (j *Journal) Close() error { return j.file.Close() }

// JournalSize is how long the file of a journal is; 0 when there is none.
func (s *Store) JournalSize(name string) (int64, error) {
	path, err := s.path(name, journalSuffix)
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read journal: %w", err)
	}
	return info.Size(), nil
}

// JournalReader reads the entries of a journal in their order. It may run while
// the journal is written.
type JournalReader struct {
	s    *Store
	name string
	file *os.File
	r    *bufio.Reader
	next int64
}

// ReadJournal opens a journal, ended or not.
func (s *Store) ReadJournal(name string) (*JournalReader, error) {
	path, err := s.path(name, journalSuffix)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return &JournalReader{s: s, name: name, file: f, r: bufio.NewReaderSize(f, 256<<10)}, nil
}

// Close closes the file.
func (r *JournalReader) Close() error { return r.file.Close() }

// Next returns the next entry. io.EOF: the journal was ended here, and nothing
// is missing. ErrTorn: the file stops without an end; all before it was good.
// Anything else: the entry does not open.
func (r *JournalReader) Next() (plain []byte, key bool, err error) {
	kind, size, err := r.head()
	if err != nil {
		return nil, false, err
	}
	box := make([]byte, size)
	if _, err := io.ReadFull(r.r, box); err != nil {
		return nil, false, torn(err)
	}
	plain, err = r.s.keys.Open(seal.Media, box, r.s.entryPlace(r.name, r.next, kind))
	if err != nil {
		return nil, false, fmt.Errorf("journal: entry %d: %w", r.next, err)
	}
	if kind == entryEnd {
		if len(plain) != 8 || binary.BigEndian.Uint64(plain) != uint64(r.next) {
			return nil, false, ErrTorn
		}
		return nil, false, io.EOF
	}
	r.next++
	return plain, kind == entryKey, nil
}

func (r *JournalReader) head() (kind uint32, size int, err error) {
	var b [entryHead]byte
	if _, err := io.ReadFull(r.r, b[:]); err != nil {
		return 0, 0, torn(err)
	}
	head := binary.BigEndian.Uint32(b[:])
	kind, size = head&(entryKey|entryEnd), int(head&^(entryKey|entryEnd))
	if size < overhead || size > MaxEntry+overhead || kind == entryKey|entryEnd {
		return 0, 0, ErrTorn
	}
	return kind, size, nil
}

func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTorn
	}
	return fmt.Errorf("read journal: %w", err)
}

// Mark is an entry of a journal at which reading can begin.
type Mark struct {
	entry, offset int64
}

// Marks lists the key entries without opening any; whoever jumps to one still
// finds every exchanged or moved entry.
func (r *JournalReader) Marks() ([]Mark, error) {
	var out []Mark
	if err := r.Jump(Mark{}); err != nil {
		return nil, err
	}
	for at := (Mark{}); ; at.entry++ {
		kind, size, err := r.head()
		if errors.Is(err, ErrTorn) || kind == entryEnd {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if kind == entryKey {
			out = append(out, at)
		}
		if _, err := r.r.Discard(size); err != nil {
			return out, nil // the last one is not whole
		}
		at.offset += int64(entryHead + size)
	}
}

// Jump makes Next go on at a mark; the zero Mark is the beginning.
func (r *JournalReader) Jump(to Mark) error {
	if _, err := r.file.Seek(to.offset, io.SeekStart); err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	r.r.Reset(r.file)
	r.next = to.entry
	return nil
}
