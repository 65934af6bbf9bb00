package spool

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
)

// Sealed media files are a run of chunks of chunkBytes plain bytes, each sealed
// by itself with its number, the file's name and whether it is the last as
// associated data: a chunk that is exchanged, left out or cut off does not
// open, and any part can be read without the rest (Range requests).
const (
	chunkBytes = 64 << 10
	sealSuffix = ".sealed"
	orphanAge  = time.Hour
)

// sealedFile is a media file that waits for its row.
type sealedFile struct {
	name  string
	sum   []byte // SHA-256 of the sealed bytes
	plain [sha256.Size]byte
	bytes int64
}

func (s *Spool) mediaDir() string { return filepath.Join(s.dir, "media") }

// Upload reads a medium, seals it to a file, makes the file durable and then
// takes it like any message. in.Inbound.Media names it; its size and digest are
// set here. A digest that was given and differs is refused with 602.
func (s *Spool) Upload(ctx context.Context, in Intake, r io.Reader) (Taken, error) {
	m := *in.Inbound.Media
	f, err := s.sealFile(r, stdif.MaxMediaBytes)
	if err != nil {
		return Taken{}, err
	}
	keep := false
	defer func() {
		if !keep {
			s.discard(f.name)
		}
	}()
	sum := hex.EncodeToString(f.plain[:])
	switch {
	case f.bytes > stdif.MaxMediaBytes:
		return Taken{Problem: stdif.Problemf(stdif.CodeTooLarge, "", "a medium has at most %d bytes", stdif.MaxMediaBytes)}, nil
	case f.bytes == 0:
		return Taken{Problem: stdif.Problemf(stdif.CodeMissing, "", "the medium is empty")}, nil
	case m.SHA256 != "" && !strings.EqualFold(m.SHA256, sum):
		return Taken{Problem: stdif.Problemf(stdif.CodeMediaDigest, "", "the digest is of other bytes")}, nil
	}
	m.Bytes, m.SHA256 = f.bytes, sum
	in.Inbound.Media, in.file = &m, f
	out, err := s.Take(ctx, in)
	keep = err == nil && out.Problem == nil && !out.Repeat
	if err != nil && ctx.Err() != nil {
		keep = true // it may have been committed after all; an orphan is swept later
	}
	return out, err
}

func (s *Spool) discard(name string) {
	if err := os.Remove(filepath.Join(s.mediaDir(), name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		s.log.Warn("a sealed file cannot be removed", "file", name, "error", err)
	}
}

// sealFile seals up to limit+1 bytes of r into a new file, durable with its name.
func (s *Spool) sealFile(r io.Reader, limit int64) (f sealedFile, err error) {
	name := make([]byte, 16)
	if _, err := rand.Read(name); err != nil {
		return f, fmt.Errorf("name medium: %w", err)
	}
	f.name = hex.EncodeToString(name) + sealSuffix
	file, err := os.OpenFile(filepath.Join(s.mediaDir(), f.name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return f, s.storageFault(err)
	}
	defer func() {
		if err != nil {
			s.discard(f.name)
		}
	}()
	if err = s.sealChunks(&f, file, io.LimitReader(r, limit+1)); err == nil {
		err = s.storageFault(file.Sync())
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return f, err
	}
	return f, s.storageFault(syncDir(s.mediaDir()))
}

func (s *Spool) sealChunks(f *sealedFile, w io.Writer, r io.Reader) error {
	plain, sealed := sha256.New(), sha256.New()
	// One chunk is read ahead, to know which is the last.
	this, next := make([]byte, chunkBytes), make([]byte, chunkBytes)
	n, err := io.ReadFull(r, this)
	for i := int64(0); n > 0 && err == nil || i == 0 || n > 0; i++ {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("read medium: %w", err)
		}
		ahead, aheadErr := 0, io.EOF
		if err == nil {
			ahead, aheadErr = io.ReadFull(r, next)
		}
		plain.Write(this[:n])
		f.bytes += int64(n)
		box, sealErr := s.keys.Seal(seal.Media, this[:n], chunkPlace(f.name, i, ahead == 0))
		if sealErr != nil {
			return sealErr
		}
		sealed.Write(box)
		if _, err := w.Write(box); err != nil {
			return s.storageFault(err)
		}
		if ahead == 0 {
			if aheadErr != nil && !errors.Is(aheadErr, io.EOF) {
				return fmt.Errorf("read medium: %w", aheadErr)
			}
			break
		}
		this, next, n, err = next, this, ahead, aheadErr
	}
	f.sum = sealed.Sum(nil)
	f.plain = [sha256.Size]byte(plain.Sum(nil))
	return nil
}

func chunkPlace(file string, i int64, last bool) []byte {
	return fmt.Appendf(nil, "spool_media/%s/%s/%d/%t", HQ, file, i, last)
}

// roomForMedium says why a report takes no more media.
func (s *Spool) roomForMedium(ctx context.Context, q *query.Queries, d draft) (*stdif.Problem, error) {
	rows, err := q.MediaOfReport(ctx, query.MediaOfReportParams{Hq: HQ, Service: d.Service, ReportID: d.reportID})
	if err != nil || len(rows) < stdif.MaxMedia {
		return nil, err
	}
	return stdif.Problemf(stdif.CodeTooLarge, "", "a report has at most %d media", stdif.MaxMedia), nil
}

func (s *Spool) putMedium(ctx context.Context, tx *writer.Tx, d draft, now int64) error {
	m := d.Inbound.Media
	return tx.Put(ctx, tableMedia, query.SpoolMedia{Hq: HQ, Service: d.Service, ReportID: d.reportID, Medium: m.ID, File: d.file.name,
		Mime: m.MIME, Bytes: m.Bytes, Seal: d.file.sum, Digest: s.keys.Blind("spool_media.digest", m.SHA256), At: now})
}

// Medium is an open medium. It reads and seeks in the plain bytes.
type Medium struct {
	*io.SectionReader
	MIME string
	At   time.Time
	file *os.File
}

// Close closes the sealed file.
func (m *Medium) Close() error { return m.file.Close() }

// Medium opens a medium of a report, and reports whether it is known.
func (s *Spool) Medium(ctx context.Context, service, report, medium string) (*Medium, bool, error) {
	row, known, err := found(s.read.Medium(ctx, query.MediumParams{Hq: HQ, Service: service, ReportID: report, Medium: medium}))
	if err != nil || !known {
		return nil, false, err
	}
	f, err := os.Open(filepath.Join(s.mediaDir(), row.File))
	if err != nil {
		return nil, false, fmt.Errorf("open medium: %w", err)
	}
	c := &chunks{s: s, file: f, name: row.File, size: row.Bytes}
	return &Medium{SectionReader: io.NewSectionReader(c, 0, row.Bytes), MIME: row.Mime, At: micro(row.At), file: f}, true, nil
}

// chunks opens the chunks of a sealed file as they are read.
type chunks struct {
	s    *Spool
	file *os.File
	name string
	size int64
}

// overhead is what sealing adds to each chunk: version, key number, nonce, tag.
const overhead = 1 + 4 + 12 + 16

// ReadAt implements io.ReaderAt over the plain bytes.
func (c *chunks) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && off < c.size {
		i := off / chunkBytes
		plain, err := c.chunk(i)
		if err != nil {
			return n, err
		}
		m := copy(p[n:], plain[off-i*chunkBytes:])
		n, off = n+m, off+int64(m)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (c *chunks) chunk(i int64) ([]byte, error) {
	last := (c.size - 1) / chunkBytes
	size := int64(chunkBytes)
	if i == last {
		size = c.size - last*chunkBytes
	}
	box := make([]byte, size+overhead)
	if _, err := c.file.ReadAt(box, i*(chunkBytes+overhead)); err != nil {
		return nil, fmt.Errorf("read medium: %w", err)
	}
	plain, err := c.s.keys.Open(seal.Media, box, chunkPlace(c.name, i, i == last))
	if err == nil && int64(len(plain)) != size {
		err = seal.ErrSealed
	}
	return plain, err
}

// sweep removes sealed files that no row names: their upload ended before the
// act. Young ones are left, because another process may be at work on them.
func (s *Spool) sweep(ctx context.Context) error {
	rows, err := s.read.MediaFiles(ctx, HQ)
	if err != nil {
		return fmt.Errorf("read media: %w", err)
	}
	named := make(map[string]bool, len(rows))
	for _, r := range rows {
		named[r.File] = true
	}
	files, err := os.ReadDir(s.mediaDir())
	if err != nil {
		return fmt.Errorf("read media: %w", err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || named[f.Name()] || time.Since(info.ModTime()).Abs() < orphanAge {
			continue
		}
		s.discard(f.Name())
	}
	return nil
}

// checkMedia compares every sealed file with what its row says of it.
func checkMedia(dir string, rows []query.SpoolMedia, report func(file, what string)) {
	for _, r := range rows {
		f, err := os.Open(filepath.Join(dir, "media", r.File))
		if err != nil {
			report(r.File, "cannot be read")
			continue
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		switch err = errors.Join(err, f.Close()); {
		case err != nil:
			report(r.File, "cannot be read")
		case !bytes.Equal(h.Sum(nil), r.Seal):
			report(r.File, "differs from what was sealed")
		}
	}
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
