package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// ring is the key file: wrapped data keys, numbered in order.
type ring struct {
	Next uint32    `json:"next"`
	Keys []dataKey `json:"keys"`
}

type dataKey struct {
	Number  uint32 `json:"number"`
	Class   string `json:"class"`
	Slot    string `json:"slot"`
	Wrapped []byte `json:"wrapped"` // empty once destroyed
}

func (r ring) find(number uint32) (dataKey, bool) {
	for _, d := range r.Keys {
		if d.Number == number {
			return d, true
		}
	}
	return dataKey{}, false
}

func (r ring) slot(slot string) (dataKey, bool) {
	for _, d := range r.Keys {
		if d.Slot == slot && len(d.Wrapped) > 0 {
			return d, true
		}
	}
	return dataKey{}, false
}

// OpenDir opens the keys in dir and makes them at the first call: master.key
// holds 32 random bytes (mode 0600), ring.json the wrapped data keys. Whoever
// loses master.key loses every sealed value; docs/operations says how to keep it.
func OpenDir(dir string) (*Keeper, error) { return openAt(dir, time.Now) }

func openAt(dir string, now func() time.Time) (*Keeper, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	master, err := masterKey(filepath.Join(dir, "master.key"))
	if err != nil {
		return nil, err
	}
	kek, err := derive(master, "matoi key encryption")
	if err != nil {
		return nil, err
	}
	blind, err := derive(master, "matoi blind index")
	if err != nil {
		return nil, err
	}
	wrap, err := subtle.NewAESGCM(kek)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	file := filepath.Join(dir, "ring.json")
	r, err := loadRing(file)
	if err != nil {
		return nil, err
	}
	return &Keeper{file: file, blind: blind, kek: wrap, now: now, ring: r,
		open: map[uint32]*subtle.AESGCM{}, day: map[string]uint32{}}, nil
}

func derive(master []byte, purpose string) ([]byte, error) {
	k, err := hkdf.Key(sha256.New, master, nil, purpose, keyBytes)
	if err != nil {
		return nil, fmt.Errorf("derive %s: %w", purpose, err)
	}
	return k, nil
}

func masterKey(file string) ([]byte, error) {
	b, err := os.ReadFile(file)
	switch {
	case err == nil && len(b) == keyBytes:
		return b, nil
	case err == nil:
		return nil, fmt.Errorf("keys: %s has %d bytes instead of %d", filepath.Base(file), len(b), keyBytes)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("keys: %w", err)
	}
	b = make([]byte, keyBytes)
	if _, err := rand.Read(b); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	// O_EXCL: of two first starts at once, one makes the key and the other reads it.
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return masterKey(file)
	}
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if _, err := f.Write(b); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return b, syncDir(filepath.Dir(file))
}

func loadRing(file string) (ring, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return ring{Next: 1}, nil
	}
	if err != nil {
		return ring{}, fmt.Errorf("keys: %w", err)
	}
	var r ring
	if err := json.Unmarshal(b, &r); err != nil {
		return ring{}, fmt.Errorf("keys: ring: %w", err)
	}
	return r, nil
}

// save replaces the key file so that it is whole at every instant: a data key
// is on disk before the first value sealed with it can be.
func (r ring) save(file string) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	dir := filepath.Dir(file)
	f, err := os.CreateTemp(dir, "ring-*")
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	defer os.Remove(f.Name()) // gone after the rename; left only by a failure
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
