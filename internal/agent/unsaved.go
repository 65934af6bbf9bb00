package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
)

// unsaved holds what came while the spool could not write: it was refused to
// the service, which tries again, and it is shown here as not saved and rings,
// because nobody else will hear of it. It is memory only and says so.
type unsaved struct {
	mu   sync.Mutex
	list []lost
}

type lost struct {
	spool.Intake
	at    time.Time
	quiet bool
}

// maxUnsaved bounds the list; the oldest goes first.
const maxUnsaved = 256

func (l lost) id() string {
	switch in := l.Inbound; {
	case in.Report != nil:
		return in.Report.ID
	case in.Raw != nil && in.Raw.ReportID != "":
		return in.Raw.ReportID
	case in.Raw != nil: // a name for the page; the spool will give another
		sum := sha256.Sum256(in.Raw.Raw.Bytes)
		return "unsaved-" + hex.EncodeToString(sum[:6])
	}
	return ""
}

// add keeps reports and what could not be read. Chat and states belong to
// reports that are here already.
func (u *unsaved) add(in spool.Intake) {
	if in.Inbound.Report == nil && in.Inbound.Raw == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	n := lost{Intake: in, at: time.Now()}
	for i, l := range u.list {
		if l.Service == in.Service && l.id() == n.id() {
			n.quiet = l.quiet
			u.list[i] = n
			return
		}
	}
	if len(u.list) == maxUnsaved {
		u.list = u.list[1:]
	}
	u.list = append(u.list, n)
}

func (u *unsaved) some() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.list) > 0
}

// saved drops what has become durable.
func (u *unsaved) saved(in spool.Intake) {
	u.mu.Lock()
	defer u.mu.Unlock()
	kept := u.list[:0]
	for _, l := range u.list {
		if l.Service != in.Service || l.id() != (lost{Intake: in}).id() {
			kept = append(kept, l)
		}
	}
	u.list = kept
}

// silence stops the ring of one, and reports whether it is here.
func (u *unsaved) silence(service, report string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, l := range u.list {
		if l.Service == service && l.id() == report {
			u.list[i].quiet = true
			return true
		}
	}
	return false
}

func (u *unsaved) all() []lost {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]lost(nil), u.list...)
}

// mode is the mode of what is not saved; undecodable bytes count as actual.
func (l lost) mode() stdif.Mode {
	if l.Mode.Valid() {
		return l.Mode
	}
	return stdif.Actual
}
