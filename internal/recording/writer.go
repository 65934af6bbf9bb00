package recording

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/store/blob"
	"github.com/matoi119/matoi/rfb"
)

// How a recording is written.
const (
	keyEach   = 10 * time.Second       // a whole picture, where anything changed since the last
	frameEach = 200 * time.Millisecond // changes within this time are one update
	entryEach = time.Second            // what a killed program loses at most
	syncEach  = 5 * time.Second        // what a loss of power takes at most
	entrySize = 256 << 10

	quality   = 80 // of JPEG, for what looks like a photograph
	tile      = 256
	maxDamage = 64 // rectangles between two updates; more become one
)

// take is a picture of our own with what changed in it: the relay copies into it
// and goes on, the writer encodes from it.
type take struct {
	mu      sync.Mutex
	picture *rfb.Framebuffer
	resized bool
	damage  []rfb.Rect
	pointer [2]uint16
	pointed bool
	off     bool // nobody takes anything over any more
}

// drop lets the pixels go; what comes later is not looked at.
func (t *take) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.off, t.picture, t.damage = true, nil, nil
}

// update copies what changed. fb is the relay's own and valid during the call.
func (t *take) update(fb *rfb.Framebuffer, changes []rfb.Rect) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.off {
		return
	}
	if t.picture == nil || t.picture.Width != fb.Width || t.picture.Height != fb.Height {
		t.picture, t.resized, t.damage = rfb.NewFramebuffer(fb.Width, fb.Height), true, nil
		changes = []rfb.Rect{fb.Bounds()}
	}
	for _, c := range changes {
		if c = c.Intersect(fb.Bounds()); c.Empty() {
			continue
		}
		for y := int(c.Y); y < int(c.Y)+int(c.Height); y++ {
			copy(t.picture.Row(int(c.X), y, int(c.Width)), fb.Row(int(c.X), y, int(c.Width)))
		}
		t.damage = append(t.damage, c)
	}
	if len(t.damage) > maxDamage {
		t.damage = append(t.damage[:0], around(t.damage))
	}
}

func (t *take) point(x, y uint16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pointer, t.pointed = [2]uint16{x, y}, true
}

func around(all []rfb.Rect) rfb.Rect {
	out := all[0]
	for _, r := range all[1:] {
		x, y := min(out.X, r.X), min(out.Y, r.Y)
		right, bottom := max(out.X+out.Width, r.X+r.Width), max(out.Y+out.Height, r.Y+r.Height)
		out = rfb.Rect{X: x, Y: y, Width: right - x, Height: bottom - y}
	}
	return out
}

// writer turns takes into the entries of a journal. One goroutine owns it.
type writer struct {
	j     *blob.Journal
	tight *rfb.TightEncoder

	picture *rfb.Framebuffer // as it was taken over
	damage  []rfb.Rect
	pointer [2]uint16
	pointed bool // it was seen at all

	width  int64 // of the largest picture
	height int64

	entry   []byte // that is not written yet
	isKey   bool   // it begins with a whole picture
	update  []byte
	tiles   []rfb.Rect
	begun   time.Duration // of the entry
	keyAt   time.Duration
	synced  time.Duration
	changed bool          // since the last whole picture
	said    time.Duration // when something was last written
	counted int64         // bytes that the quota knows of
	last    time.Duration
}

func newWriter(j *blob.Journal) *writer {
	return &writer{j: j, tight: rfb.NewTightEncoder(quality), keyAt: -keyEach}
}

// step writes what changed until a time.
func (w *writer) step(t *take, at time.Duration) error {
	w.last = max(w.last, at)
	if err := w.pixels(t, w.last); err != nil {
		return err
	}
	if len(w.entry) == 0 && w.last-w.said >= keyEach {
		w.add(recordTime, w.last, nil) // a killed program does not take a still hour along
	}
	if len(w.entry) > 0 && (len(w.entry) >= entrySize || w.last-w.begun >= entryEach) {
		return w.flush(w.last)
	}
	return nil
}

// pixels takes over what changed and encodes it; the relay waits for the copy
// alone, never for the encoder.
func (w *writer) pixels(t *take, at time.Duration) error {
	resized, damage, pointed := w.copy(t)
	if w.picture == nil {
		return nil
	}
	if resized || (len(damage) > 0 || w.changed) && at-w.keyAt >= keyEach {
		if err := w.flush(at); err != nil { // a whole picture begins an entry
			return err
		}
		w.whole(w.picture, at)
		pointed = w.pointed
	} else if len(damage) > 0 {
		w.some(w.picture, at, damage)
		w.changed = true
	}
	if pointed {
		b := binary.BigEndian.AppendUint16(nil, w.pointer[0])
		w.add(recordPointer, at, binary.BigEndian.AppendUint16(b, w.pointer[1]))
	}
	return nil
}

func (w *writer) copy(t *take) (resized bool, damage []rfb.Rect, pointed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if resized, pointed = t.resized, t.pointed; pointed {
		w.pointer, w.pointed = t.pointer, true
	}
	if resized {
		w.picture = rfb.NewFramebuffer(t.picture.Width, t.picture.Height)
	}
	for _, c := range t.damage {
		for y := int(c.Y); y < int(c.Y)+int(c.Height); y++ {
			copy(w.picture.Row(int(c.X), y, int(c.Width)), t.picture.Row(int(c.X), y, int(c.Width)))
		}
	}
	w.damage = append(w.damage[:0], t.damage...)
	t.damage, t.resized, t.pointed = t.damage[:0], false, false
	return resized, w.damage, pointed
}

// whole writes size and picture; watching can begin here.
func (w *writer) whole(p *rfb.Framebuffer, at time.Duration) {
	size := binary.BigEndian.AppendUint16(nil, uint16(p.Width))                  //nolint:gosec // at most rfb.MaxSide
	w.add(recordSize, at, binary.BigEndian.AppendUint16(size, uint16(p.Height))) //nolint:gosec // at most rfb.MaxSide
	w.some(p, at, []rfb.Rect{p.Bounds()})
	w.isKey, w.keyAt, w.changed = true, at, false
	w.width, w.height = max(w.width, int64(p.Width)), max(w.height, int64(p.Height))
}

// some writes parts of the picture, in tiles that have few colours each where the
// picture has.
func (w *writer) some(p *rfb.Framebuffer, at time.Duration, areas []rfb.Rect) {
	w.tiles = w.tiles[:0]
	for _, a := range areas {
		for y := 0; y < int(a.Height); y += tile {
			for x := 0; x < int(a.Width); x += tile {
				w.tiles = append(w.tiles, rfb.Rect{X: a.X + uint16(x), Y: a.Y + uint16(y), //nolint:gosec // within the picture
					Width: min(tile, a.Width-uint16(x)), Height: min(tile, a.Height-uint16(y))}) //nolint:gosec // within the picture
			}
		}
	}
	w.update = rfb.UpdateHeader(w.update[:0], len(w.tiles))
	for _, r := range w.tiles {
		w.update = w.tight.Append(w.update, rfb.Native, p, r)
	}
	w.add(recordUpdate, at, w.update)
}

func (w *writer) add(kind byte, at time.Duration, payload []byte) {
	if len(w.entry) == 0 {
		w.begun = at
	}
	w.entry, w.said = appendRecord(w.entry, kind, at, payload), at
}

// flush seals what is collected as one entry. After it a killed program takes
// none of it along.
func (w *writer) flush(at time.Duration) error {
	if len(w.entry) == 0 {
		return nil
	}
	err := w.j.Append(w.entry, w.isKey)
	w.entry, w.isKey = w.entry[:0], false
	if err == nil && at-w.synced >= syncEach {
		w.synced = at
		err = w.j.Sync()
	}
	return err
}

// end writes how long it went on, and the end of the file.
func (w *writer) end(t *take, at time.Duration) error {
	if err := w.step(t, at); err != nil {
		return err
	}
	w.add(recordTime, w.last, nil)
	if err := w.flush(w.last); err != nil {
		return err
	}
	return w.j.End()
}
