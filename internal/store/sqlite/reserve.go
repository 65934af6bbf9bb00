package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Reserve is a file that takes up disk space so that it can be given back when
// the disk is full: then the next reports are still stored, and people have
// time to act.
type Reserve struct {
	File string
	Size int64 // bytes

	mu sync.Mutex
}

// Ensure makes the file whole, with real blocks. An error means that there is
// no room for it: the caller reports that, it is not fatal. It takes space only
// where as much again stays free: filling the last of a disk with a reserve, to
// find out that it does not fit, would make the commits of that moment fail.
func (r *Reserve) Ensure() (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Size == 0 {
		return nil
	}
	if st, err := os.Stat(r.File); err == nil && st.Size() == r.Size {
		return nil
	}
	if free, err := freeSpace(filepath.Dir(r.File)); err == nil && free < 2*r.Size {
		return fmt.Errorf("reserve: %d bytes are free, want %d", free, 2*r.Size)
	}
	f, err := os.OpenFile(r.File, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(fmt.Errorf("reserve: %w", err), os.Remove(r.File)) // half a reserve would fill the disk for nothing
		}
	}()
	block := make([]byte, 1<<20)
	for left := r.Size; left > 0; {
		n, err := f.Write(block[:min(left, int64(len(block)))])
		if err != nil {
			return err
		}
		left -= int64(n)
	}
	return f.Sync()
}

// Release gives the space back and reports whether there was any.
func (r *Reserve) Release() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return os.Remove(r.File) == nil
}

// Held reports whether the reserve is there.
func (r *Reserve) Held() bool {
	if r.Size == 0 {
		return true // none is wanted
	}
	st, err := os.Stat(r.File)
	return err == nil && st.Size() == r.Size
}
