package rfb

import (
	"time"
)

// SenderOptions say what a Sender serves.
type SenderOptions struct {
	Width, Height int      // pixels of the picture; see CheckSize
	Screens       []Screen // its monitors; nil: one over everything
	Keys          bool     // tell clients that scan codes are taken (QEMU)

	Now func() time.Time // time.Now when nil
}

// Times and sizes of a Sender.
const (
	// SenderWork is how long one Append goes on encoding, SenderBytes how much it
	// writes, before it leaves the rest to the next: a change that a click caused
	// does not wait behind a whole picture.
	SenderWork  = 4 * time.Millisecond
	SenderBytes = 256 << 10
	// SenderStill is how long a part that was sent as JPEG stays unchanged before it
	// is sent again as it is.
	SenderStill = 300 * time.Millisecond
)

// How much a Sender remembers for a client that does not read.
const (
	maxCopies  = 64
	maxAnswers = 16 // fences
)

// Sender writes updates of a changing picture to one client, as the client likes
// it: Tight, with JPEG where it names a quality, ZRLE or Raw. Compression level 0
// says that it is near: then few colours are indexed, many are sent as they are, and
// neither is compressed, which takes both machines a third of the time. It remembers what
// the client has not seen and writes that, when the client asked for it, as the
// picture is then: a client that reads slowly skips what came between. It has no
// lock and does no I/O.
//
// The picture and its changes are the caller's: it changes the Framebuffer, says
// where (Damage, Copied, Resize), and gives it to Append. The other way round, what
// the client says goes to Handle; keys, pointer and clipboard are the caller's own.
type Sender struct {
	o      SenderOptions
	client wishes

	width, height int // of the picture
	seenW, seenH  int // as the client believes it
	screens       []Screen
	told          bool // the client knows size and screens
	refused       bool // a wish for another size waits for its answer

	tiles   tiles
	copies  []copied
	pointer *Pointer
	shape   bool // the client has not seen the pointer's shape
	scans   bool // the client is to be told that scan codes are taken
	hello   []byte
	fences  [maxAnswers]fence
	waiting int // fences to answer

	tight [2]*TightEncoder // as it is, with JPEG
	level int              // of the second
	near  *TightEncoder
	zrle  *ZRLEEncoder
	next  int // the block of tiles at which the next update begins
}

type copied struct {
	to           Rect
	fromX, fromY uint16
}

type fence struct {
	flags   uint32
	size    int
	payload [MaxFence]byte
}

// NewSender makes the sender of one client, who has seen nothing. It panics when
// CheckSize refuses the size.
func NewSender(o SenderOptions) *Sender {
	if err := CheckSize(o.Width, o.Height); err != nil {
		panic(err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Sender{o: o, seenW: o.Width, seenH: o.Height, copies: make([]copied, 0, maxCopies)}
	s.client.format = Native
	s.picture(o.Screens, o.Width, o.Height)
	s.told = true
	return s
}

func (s *Sender) picture(screens []Screen, width, height int) {
	s.width, s.height = width, height
	if len(screens) == 0 || len(screens) > MaxScreens {
		screens = []Screen{{Area: Rect{Width: uint16(width), Height: uint16(height)}}} //nolint:gosec // at most MaxSide
	}
	s.screens = append(s.screens[:0], screens...)
	s.told = false
	s.copies = s.copies[:0]
	s.tiles.reset(width, height)
	s.tiles.damage(Rect{Width: uint16(width), Height: uint16(height)}) //nolint:gosec // at most MaxSide
	s.next = 0
}

// Damage says that these parts of the picture changed. What lies outside of it is
// left out.
func (s *Sender) Damage(areas ...Rect) {
	for _, a := range areas {
		s.tiles.damage(a)
	}
}

// Copied says that a part looks as another part did before (it was scrolled).
// Where the client cannot copy, or has not seen most of the other part, it is
// damage.
func (s *Sender) Copied(to Rect, fromX, fromY uint16) {
	from := Rect{fromX, fromY, to.Width, to.Height}
	width, height := min(s.width, s.seenW), min(s.height, s.seenH)
	if to.Empty() || from == to {
		return
	}
	if !s.client.copies || !s.told || len(s.copies) == maxCopies || !to.Within(width, height) || !from.Within(width, height) || !s.tiles.move(from, to) {
		s.tiles.damage(to)
		return
	}
	s.copies = append(s.copies, copied{to, fromX, fromY})
}

// Follow says what an update that was read changed in the picture p, which it was
// applied to.
func (s *Sender) Follow(u *Update, p *Framebuffer) {
	if u.Resized || u.Screens != nil {
		s.Resize(u.Screens, p.Width, p.Height)
	}
	if u.Cursor != nil {
		s.Pointer(u.Cursor)
	}
	copies := u.Copies
	for i, area := range u.Areas {
		if len(copies) > 0 && copies[0].Area == i {
			s.Copied(area, copies[0].FromX, copies[0].FromY)
			copies = copies[1:]
			continue
		}
		s.tiles.damage(area)
	}
}

// Resize says that the picture has another size or other monitors. It panics when
// CheckSize refuses the size.
func (s *Sender) Resize(screens []Screen, width, height int) {
	if err := CheckSize(width, height); err != nil {
		panic(err)
	}
	s.picture(screens, width, height)
}

// Pointer says that the pointer has another shape; nil is none. The Sender keeps
// it and changes nothing in it.
func (s *Sender) Pointer(p *Pointer) {
	s.pointer, s.shape = p, true
}

// Waits reports whether the client waits for an update.
func (s *Sender) Waits() bool {
	_, ok := s.client.asked()
	return ok
}

// Wants reports whether Append would write something: the client waits and there
// is something for it.
func (s *Sender) Wants() bool {
	if len(s.hello) > 0 || s.waiting > 0 {
		return true
	}
	area, ok := s.client.asked()
	return ok && (s.pseudo() || len(s.copies) > 0 || s.tiles.any(s.inside(area)) || s.tiles.still(s.inside(area), s.since()))
}

// Later is how long it takes until Wants may become true by itself: until a part
// has been still for long enough to be sent again as it is. ok is false when
// nothing of that kind is to come.
func (s *Sender) Later() (wait time.Duration, ok bool) {
	if s.tiles.lossy == 0 {
		return 0, false
	}
	return SenderStill / 2, true
}

func (s *Sender) since() int64 { return s.o.Now().Add(-SenderStill).UnixMilli() }

// inside is the part of an area that there is, for this client.
func (s *Sender) inside(area Rect) Rect {
	return area.Intersect(Rect{Width: uint16(min(s.width, s.seenW)), Height: uint16(min(s.height, s.seenH))}) //nolint:gosec // at most MaxSide
}

// pseudo reports whether something that is not pixels waits for an update.
func (s *Sender) pseudo() bool {
	return s.scans || s.shape && s.client.cursor || s.resizes() || s.refused
}

// resizes reports whether the client is to be told of a size or of monitors.
func (s *Sender) resizes() bool {
	if s.told {
		return false
	}
	return s.client.extended || s.client.resizes && (s.width != s.seenW || s.height != s.seenH)
}
