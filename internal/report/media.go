package report

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// MediumState is how far headquarters is with one medium.
type MediumState string

// The states. A report is on the screen whatever becomes of its media.
const (
	MediumAnnounced   MediumState = "announced"   // a reference came; the bytes are at the terminal
	MediumKept        MediumState = "kept"        // the sealed original is durable here; its shown copy is being made
	MediumShown       MediumState = "shown"       // an inert copy can be looked at
	MediumQuarantined MediumState = "quarantined" // nothing of it is shown, for a reason
	MediumDisposed    MediumState = "disposed"    // its bytes were destroyed; that they existed stays
)

// MediumReason says why a medium is held back. The words are in the catalogue.
type MediumReason string

// The reasons, with the code of §5.7 that belongs to each (see Code).
const (
	HeldType      MediumReason = "type"       // 601: the content is of another type than stated, or not carried
	HeldPolyglot  MediumReason = "polyglot"   // 601: the bytes are also a document or an archive
	HeldVoice     MediumReason = "voice"      // 601: sound without a picture
	HeldCodec     MediumReason = "codec"      // 601: a video that is not H.264
	HeldTracks    MediumReason = "tracks"     // 601: tracks that a video of a scene does not have
	HeldDigest    MediumReason = "digest"     // 602: other bytes than were stated
	HeldSize      MediumReason = "size"       // 602: more or fewer bytes than were stated
	HeldDecode    MediumReason = "decode"     // 603: broken
	HeldPixels    MediumReason = "pixels"     // 603: too many pixels
	HeldLength    MediumReason = "length"     // 603: too long a video
	HeldResources MediumReason = "resources"  // 603: took too much memory or time
	HeldNoSandbox MediumReason = "no-sandbox" // the machine cannot decode without risk
	HeldNoTool    MediumReason = "no-tool"    // no program for videos is installed
	HeldMissing   MediumReason = "missing"    // the terminal no longer has it
)

var heldCodes = map[MediumReason]stdif.Code{
	HeldType: stdif.CodeMediaType, HeldPolyglot: stdif.CodeMediaType, HeldVoice: stdif.CodeMediaType,
	HeldCodec: stdif.CodeMediaType, HeldTracks: stdif.CodeMediaType,
	HeldDigest: stdif.CodeMediaDigest, HeldSize: stdif.CodeMediaDigest,
	HeldDecode: stdif.CodeMediaDecode, HeldPixels: stdif.CodeMediaDecode, HeldLength: stdif.CodeMediaDecode, HeldResources: stdif.CodeMediaDecode,
	HeldNoSandbox: stdif.CodeInternal, HeldNoTool: stdif.CodeInternal, HeldMissing: stdif.CodeInternal,
}

// Code is the code of the standard interface; 0 where the reason is unknown.
func (r MediumReason) Code() stdif.Code { return heldCodes[r] }

// Scan is what is known about malware in a medium (AC-17). Nothing scans yet, and
// nothing says that it did.
type Scan string

// NotScanned is the only result there is until a scanner is connected.
const NotScanned Scan = "not-scanned"

// MediumWaits is how long the bytes of an announced medium may stay away: as
// long as terminals keep what they have.
const MediumWaits = 7 * 24 * time.Hour

// Copy names one set of bytes of a medium.
type Copy string

// The copies.
const (
	Original   Copy = "original" // as it came, sealed; served to nobody
	ShownCopy  Copy = "shown"    // re-encoded or re-muxed: nothing of the sender's bytes but pixels and sound
	PosterCopy Copy = "poster"   // first frame of a video
)

// Copies lists them.
func Copies() []Copy { return []Copy{Original, ShownCopy, PosterCopy} }

// Medium is a still image or a video of a report, and what became of it. The
// store seals Media and Location.
type Medium struct {
	ID            string // UUIDv7, at headquarters
	Report        string
	Media         stdif.Media // the statement as it came
	Terminal      string
	Service       string
	ServiceReport string
	Mode          stdif.Mode
	Late          bool
	At            time.Time // announced

	State  MediumState
	Reason MediumReason
	Scan   Scan

	Bytes      int64 // of the sealed original; 0 while it is not here
	ShownMIME  string
	ShownBytes int64
	Poster     int64 // bytes; 0 = none
	Width      int64
	Height     int64
	Duration   time.Duration
	Sound      bool            // the shown copy has sound
	Location   *stdif.Location // where the medium says it was taken (role media)

	KeptAt     time.Time
	EndedAt    time.Time // shown or quarantined
	DisposedAt time.Time
}

// Blob is the name of a copy among the sealed files.
func (m Medium) Blob(c Copy) string { return m.ID + "." + string(c) }

// Has reports whether a copy lies among the sealed files.
func (m Medium) Has(c Copy) bool {
	if m.State == MediumDisposed {
		return false
	}
	switch c {
	case Original:
		return m.State == MediumAnnounced || m.Bytes > 0 // announced: it may be half here
	case ShownCopy:
		return m.ShownBytes > 0
	}
	return m.Poster > 0
}

// Announce makes a medium of a reference.
func Announce(r Report, media stdif.Media, id string, now time.Time) Medium {
	return Medium{
		ID: id, Report: r.ID, Media: media, Terminal: r.Terminal, Service: r.Service, ServiceReport: r.ServiceReport, Mode: r.Mode,
		Late: r.Late, At: now, State: MediumAnnounced, Scan: NotScanned,
	}
}

// Restate takes a reference that came again: within a further revision, or when
// the bytes have reached the terminal. Once the original is here, what it was
// said to be no longer changes.
func (m Medium) Restate(media stdif.Media) (Medium, bool) {
	if m.State != MediumAnnounced {
		return m, false
	}
	n := m
	n.Media.MIME = media.MIME
	if media.Bytes > 0 {
		n.Media.Bytes = media.Bytes
	}
	if media.SHA256 != "" {
		n.Media.SHA256 = media.SHA256
	}
	if media.Label != "" {
		n.Media.Label = media.Label
	}
	if media.StartedAt != nil {
		n.Media.StartedAt = media.StartedAt
	}
	same := n.Media.MIME == m.Media.MIME && n.Media.Bytes == m.Media.Bytes && n.Media.SHA256 == m.Media.SHA256 &&
		n.Media.Label == m.Media.Label && n.Media.StartedAt == m.Media.StartedAt
	return n, !same
}

// Arrived judges the bytes that came: the size and the digest that were stated
// must be theirs. Where the service stated none, what the terminal says counts.
func (m Medium) Arrived(size int64, sum []byte, now time.Time) (Medium, bool) {
	if m.State != MediumAnnounced {
		return m, false
	}
	stated, digest := m.Media, hex.EncodeToString(sum)
	m.Bytes, m.KeptAt, m.State = size, now, MediumKept
	switch {
	case stated.Bytes > 0 && stated.Bytes != size:
		return m.hold(HeldSize, now), true
	case stated.SHA256 != "" && stated.SHA256 != digest:
		return m.hold(HeldDigest, now), true
	}
	m.Media.Bytes, m.Media.SHA256 = size, digest
	return m, true
}

// Made is what the sandbox made of an original.
type Made struct {
	Reason     MediumReason // held back
	MIME       string
	ShownBytes int64
	Poster     int64
	Width      int64
	Height     int64
	Duration   time.Duration
	Sound      bool
	Location   *stdif.Location
}

// Show puts the copies in place, or holds the medium back.
func (m Medium) Show(c Made, now time.Time) (Medium, bool) {
	if m.State != MediumKept {
		return m, false
	}
	if c.Reason != "" {
		return m.hold(c.Reason, now), true
	}
	m.State, m.EndedAt = MediumShown, now
	m.ShownMIME, m.ShownBytes, m.Poster = c.MIME, c.ShownBytes, c.Poster
	m.Width, m.Height, m.Duration, m.Sound, m.Location = c.Width, c.Height, c.Duration, c.Sound, c.Location
	return m, true
}

// Miss gives up on bytes that stayed away for too long.
func (m Medium) Miss(now time.Time) (Medium, bool) {
	if m.State != MediumAnnounced || now.Sub(m.At) < MediumWaits {
		return m, false
	}
	return m.hold(HeldMissing, now), true
}

func (m Medium) hold(why MediumReason, now time.Time) Medium {
	m.State, m.Reason, m.EndedAt = MediumQuarantined, why, now
	return m
}

// Retention says how long bytes are kept after a medium came, per class. 0 = for
// ever.
type Retention struct {
	Actual      time.Duration
	Exercise    time.Duration // exercises and tests
	Quarantined time.Duration
}

// Due reports whether the bytes are to be destroyed: not while the report is
// still worked on.
func (k Retention) Due(m Medium, r Report, now time.Time) bool {
	if r.Open() || m.State == MediumDisposed || m.State == MediumAnnounced {
		return false
	}
	keep := k.Actual
	switch {
	case m.State == MediumQuarantined:
		keep = k.Quarantined
	case r.Effective() != stdif.Actual:
		keep = k.Exercise
	}
	return keep > 0 && now.Sub(m.At) >= keep
}

// Dispose marks the bytes as destroyed. Type, size, digest and times stay.
func (m Medium) Dispose(now time.Time) (Medium, bool) {
	if m.State == MediumDisposed || m.State == MediumAnnounced {
		return m, false
	}
	m.State, m.DisposedAt, m.Location = MediumDisposed, now, nil
	return m, true
}

// Look is one person's first look at one medium.
type Look struct {
	Medium string
	Report string
	By     By
	At     time.Time
}

// Media is what acts write media with.
type Media interface {
	Medium(ctx context.Context, id string) (Medium, error)
	MediumOf(ctx context.Context, report, medium string) (Medium, error) // by the service's id
	SaveMedium(ctx context.Context, m Medium) error
	AddLook(ctx context.Context, l Look) (added bool, err error)
}

// MediaReader is what pages and the worker read of media.
type MediaReader interface {
	Medium(ctx context.Context, id string) (Medium, error)
	OfReport(ctx context.Context, report string) ([]Medium, error)
	Unfinished(ctx context.Context, limit int) ([]Medium, error)                          // announced or kept: live ones first, the newest first
	Old(ctx context.Context, after string, before time.Time, limit int) ([]Medium, error) // finished and not disposed, by id
	Looked(ctx context.Context, report, person string) ([]string, error)                  // media that a person has looked at
	Stored(ctx context.Context) ([]Amount, error)
}

// Amount is how many bytes of a service lie among the sealed files.
type Amount struct {
	Terminal string
	Service  string
	Bytes    int64
}
