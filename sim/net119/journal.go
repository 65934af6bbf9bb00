package net119

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/matoi119/matoi/sim/intake"
)

// record is one line of the journal; exactly one field is set, but a call and
// the items it causes are written together.
type record struct {
	Session *session     `json:"session,omitempty"`
	Item    *intake.Item `json:"item,omitempty"`
	Done    int64        `json:"done,omitempty"`   // number of an item that was answered
	Cursor  string       `json:"cursor,omitempty"` // last event heard from the terminal
}

// journal keeps the cloud's state over a restart: one line per change, synced
// before the caller is answered. A torn last line is what a crash leaves and
// is dropped: nobody was told that it was kept.
type journal struct{ f *os.File }

// openJournal replays dir's journal into each and rewrites it compactly with
// what keep returns afterwards. Without a directory nothing is kept.
func openJournal(dir string, each func(record), keep func() []record) (*journal, error) {
	if dir == "" {
		return &journal{}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the service's directory: %w", err)
	}
	path := filepath.Join(dir, "net119.jsonl")
	if err := replay(path, each); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("rewrite the service's journal: %w", err)
	}
	j := &journal{f}
	if err := errors.Join(j.write(keep()...), os.Rename(path+".new", path), syncDir(dir)); err != nil {
		return nil, errors.Join(fmt.Errorf("rewrite the service's journal: %w", err), f.Close())
	}
	return j, nil
}

func replay(path string, each func(record)) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the service's journal: %w", err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return nil // the end, or a line that was never finished
		}
		var rec record
		if err := json.Unmarshal(line, &rec); err != nil {
			return fmt.Errorf("line %d of the service's journal: %w", n, err)
		}
		each(rec)
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (j *journal) write(recs ...record) error {
	if j.f == nil {
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, r := range recs {
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("encode journal: %w", err)
		}
	}
	if _, err := j.f.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return j.f.Sync()
}

func (j *journal) close() error {
	if j.f == nil {
		return nil
	}
	return j.f.Close()
}
