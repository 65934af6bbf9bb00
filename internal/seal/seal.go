// Package seal keeps the headquarters' keys and seals every column about a
// caller before it reaches a table: AES-256-GCM (CRYPTREC list, S3-2-2-2) with
// the place of the value as associated data, so that a sealed value moved to
// another row or column does not open.
//
// Keys form two levels. A key-encryption key lies in a file of its own outside
// the data directory's tables; data keys are made per class and per day, stored
// wrapped beside each other in the key file, and named in each sealed value.
// Disposing of a class and day is destroying its data key.
package seal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// Classes of sealed data. Each has keys of its own.
const (
	Caller  = "caller"  // what a caller or service said: 秘密
	Medical = "medical" // health data: 厳秘 (MQ-4-2)
	Media   = "media"   // pictures and videos
	Staff   = "staff"   // names and credentials of staff
)

const (
	keyBytes = 32
	version  = 1
)

// ErrSealed means that a value does not open: another key, another place, or
// a changed byte. It never says which, because that would help only a forger.
var ErrSealed = errors.New("seal: the value does not open here")

// ErrDestroyed means that the data key was destroyed on purpose.
var ErrDestroyed = errors.New("seal: the key of this value was destroyed")

// Keeper seals and opens. It is safe for concurrent use.
type Keeper struct {
	file  string
	blind []byte
	kek   *subtle.AESGCM
	now   func() time.Time

	mu   sync.RWMutex
	ring ring
	open map[uint32]*subtle.AESGCM
	day  map[string]uint32 // class/day -> key number
}

// Seal encrypts plain for the class. place binds the result to where it will
// lie, for example "report_frame.body/<hq>/<id>".
//
// The result is version (1 byte), key number (4 bytes, big endian), then
// nonce, ciphertext and tag as Tink's AES-GCM lays them out.
func (k *Keeper) Seal(class string, plain, place []byte) ([]byte, error) {
	id, a, err := k.current(class)
	if err != nil {
		return nil, err
	}
	box, err := a.Encrypt(plain, bind(class, place))
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", class, err)
	}
	out := make([]byte, 5, 5+len(box))
	out[0] = version
	binary.BigEndian.PutUint32(out[1:5], id)
	return append(out, box...), nil
}

// Open decrypts what Seal made for the same class and place.
func (k *Keeper) Open(class string, sealed, place []byte) ([]byte, error) {
	if len(sealed) < 5 || sealed[0] != version {
		return nil, ErrSealed
	}
	a, err := k.byNumber(class, binary.BigEndian.Uint32(sealed[1:5]))
	if err != nil {
		return nil, err
	}
	plain, err := a.Decrypt(sealed[5:], bind(class, place))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// Blind is a keyed index for equality search over a sealed value: equal values
// have equal indexes within a purpose, and nobody without the key can try
// values. What equality itself tells is named in docs/threat-model.md.
func (k *Keeper) Blind(purpose, value string) []byte {
	m := hmac.New(sha256.New, k.blind)
	m.Write([]byte(purpose))
	m.Write([]byte{0})
	m.Write([]byte(value))
	return m.Sum(nil)[:16]
}

func (k *Keeper) current(class string) (uint32, *subtle.AESGCM, error) {
	slot := class + "/" + k.now().UTC().Format(time.DateOnly)
	k.mu.RLock()
	id, ok := k.day[slot]
	a := k.open[id]
	k.mu.RUnlock()
	if ok && a != nil {
		return id, a, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if id, ok := k.day[slot]; ok {
		return id, k.open[id], nil
	}
	return k.addLocked(class, slot)
}

// addLocked makes the key of a slot, or takes the one that another process of
// this headquarters made first. The lock file serialises processes, and the
// key file is read again under it: a key is never overwritten by an older view.
func (k *Keeper) addLocked(class, slot string) (number uint32, a *subtle.AESGCM, err error) {
	unlock, err := lockFile(k.file + ".lock")
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if k.ring, err = loadRing(k.file); err != nil {
		return 0, nil, err
	}
	if d, ok := k.ring.slot(slot); ok {
		a, err = k.unwrapLocked(d)
		if err == nil {
			k.day[slot] = d.Number
		}
		return d.Number, a, err
	}
	raw := make([]byte, keyBytes)
	if _, err := rand.Read(raw); err != nil {
		return 0, nil, fmt.Errorf("new data key: %w", err)
	}
	d := dataKey{Number: k.ring.Next, Class: class, Slot: slot}
	if d.Wrapped, err = k.kek.Encrypt(raw, keyPlace(class, d.Number)); err != nil {
		return 0, nil, fmt.Errorf("wrap data key: %w", err)
	}
	k.ring.Next++
	k.ring.Keys = append(k.ring.Keys, d)
	if err := k.ring.save(k.file); err != nil {
		return 0, nil, err
	}
	if a, err = k.unwrapLocked(d); err != nil {
		return 0, nil, err
	}
	k.day[slot] = d.Number
	return d.Number, a, nil
}

func (k *Keeper) unwrapLocked(d dataKey) (*subtle.AESGCM, error) {
	if len(d.Wrapped) == 0 {
		return nil, ErrDestroyed
	}
	raw, err := k.kek.Decrypt(d.Wrapped, keyPlace(d.Class, d.Number))
	if err != nil {
		return nil, ErrSealed
	}
	a, err := subtle.NewAESGCM(raw)
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	k.open[d.Number] = a
	return a, nil
}

func (k *Keeper) byNumber(class string, number uint32) (a *subtle.AESGCM, err error) {
	k.mu.RLock()
	a = k.open[number]
	k.mu.RUnlock()
	if a != nil {
		return a, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if a := k.open[number]; a != nil {
		return a, nil
	}
	d, ok := k.ring.find(number)
	if !ok {
		// Another process of this headquarters may have made the key since.
		if k.ring, err = loadRing(k.file); err != nil {
			return nil, err
		}
		d, ok = k.ring.find(number)
	}
	if !ok || d.Class != class {
		return nil, ErrSealed
	}
	return k.unwrapLocked(d)
}

// bind joins class and place so that neither can be exchanged.
func bind(class string, place []byte) []byte {
	return append(append([]byte(class), 0), place...)
}

func keyPlace(class string, number uint32) []byte {
	return fmt.Appendf(nil, "data key %d of %s", number, class)
}
