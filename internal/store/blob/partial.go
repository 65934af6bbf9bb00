package blob

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/matoi119/matoi/internal/seal"
)

// Partial is a file that is being written. One goroutine owns it.
type Partial struct {
	s        *Store
	name     string
	file     *os.File
	sum      hash.Hash
	chunks   int64 // sealed and written
	unsynced int
	buffer   []byte // plain bytes of the chunk that is not full yet
}

// Resume opens what is there of a file, or begins it. Chunks that do not open,
// and all behind them, are dropped: they are fetched again.
func (s *Store) Resume(name string) (_ *Partial, err error) {
	path, err := s.path(name, partSuffix)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("begin medium: %w", err)
	}
	p := &Partial{s: s, name: name, file: f, sum: sha256.New(), buffer: make([]byte, 0, chunkBytes)}
	if err := p.recover(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return p, nil
}

// recover reads the whole chunks that are there, so that the digest goes on
// where it was, and cuts the rest off.
func (p *Partial) recover() error {
	stat, err := p.file.Stat()
	if err != nil {
		return fmt.Errorf("resume medium: %w", err)
	}
	for p.chunks < stat.Size()/sealedChunk {
		plain, err := p.s.chunk(p.file, p.name, p.chunks, chunkBytes)
		if errors.Is(err, seal.ErrSealed) {
			break
		}
		if err != nil {
			return err
		}
		p.sum.Write(plain)
		p.chunks++
	}
	if err := p.file.Truncate(p.chunks * sealedChunk); err != nil {
		return fmt.Errorf("resume medium: %w", err)
	}
	if _, err := p.file.Seek(0, io.SeekEnd); err != nil {
		return fmt.Errorf("resume medium: %w", err)
	}
	return nil
}

// Size is how many plain bytes are there: where to go on.
func (p *Partial) Size() int64 { return p.chunks*chunkBytes + int64(len(p.buffer)) }

// Write takes the next plain bytes.
func (p *Partial) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		m := min(len(b), chunkBytes-len(p.buffer))
		p.buffer = append(p.buffer, b[:m]...)
		n, b = n+m, b[m:]
		if len(p.buffer) == chunkBytes {
			if err := p.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// flush seals what is buffered as the next chunk.
func (p *Partial) flush() error {
	box, err := p.s.keys.Seal(seal.Media, p.buffer, p.s.chunkPlace(p.name, p.chunks))
	if err != nil {
		return err
	}
	if _, err := p.file.Write(box); err != nil {
		return fmt.Errorf("store medium: %w", err)
	}
	p.sum.Write(p.buffer)
	p.buffer = p.buffer[:0]
	p.chunks++
	if p.unsynced++; p.unsynced >= syncEvery {
		p.unsynced = 0
		if err := p.file.Sync(); err != nil {
			return fmt.Errorf("store medium: %w", err)
		}
	}
	return nil
}

// Close leaves the file to be resumed later; what does not fill a chunk is
// dropped.
func (p *Partial) Close() error { return errors.Join(p.file.Sync(), p.file.Close()) }

// Finish seals the last chunk and the trailer, and gives the file its name. It
// is durable when Finish returns.
func (p *Partial) Finish() (Info, error) {
	info := Info{Bytes: p.Size()}
	if err := p.finish(&info); err != nil {
		return info, errors.Join(err, p.file.Close())
	}
	if err := p.file.Close(); err != nil {
		return info, fmt.Errorf("store medium: %w", err)
	}
	part, err := p.s.path(p.name, partSuffix)
	if err != nil {
		return info, err
	}
	whole, err := p.s.path(p.name, wholeSuffix)
	if err != nil {
		return info, err
	}
	if err := os.Rename(part, whole); err != nil {
		return info, fmt.Errorf("store medium: %w", err)
	}
	return info, syncDir(p.s.dir)
}

func (p *Partial) finish(info *Info) error {
	if len(p.buffer) > 0 {
		if err := p.flush(); err != nil {
			return err
		}
	}
	p.sum.Sum(info.SHA256[:0])
	end := binary.BigEndian.AppendUint64(make([]byte, 0, trailer), uint64(info.Bytes))
	box, err := p.s.keys.Seal(seal.Media, append(end, info.SHA256[:]...), p.s.trailerPlace(p.name))
	if err != nil {
		return err
	}
	if _, err := p.file.Write(box); err != nil {
		return fmt.Errorf("store medium: %w", err)
	}
	if err := p.file.Sync(); err != nil {
		return fmt.Errorf("store medium: %w", err)
	}
	return nil
}
