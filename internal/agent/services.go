package agent

import (
	"context"
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
)

// services is the register of the spool in memory. The command line writes it
// from another process, so it is read again: every other second, and when a
// credential is not known.
type services struct {
	mu     sync.RWMutex
	all    []spool.Service
	byID   map[string]spool.Service
	readAt time.Time
	heard  map[string]time.Time
}

func (v *services) load(ctx context.Context, s *spool.Spool) error {
	all, err := s.Services(ctx)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all, v.readAt = all, time.Now()
	v.byID = make(map[string]spool.Service, len(all))
	for _, one := range all {
		v.byID[one.ID] = one
	}
	if v.heard == nil {
		v.heard = map[string]time.Time{}
	}
	return nil
}

func (v *services) list() []spool.Service {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.all
}

// get returns a service; the zero one for an id that is not (any more) here.
func (v *services) get(id string) spool.Service {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.byID[id]
}

func (v *services) lastHeard(id string) time.Time {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.heard[id]
}

// takes reports whether a service takes an input of this verb. One that is
// output only takes none, and one that was removed neither: nobody is there to
// read it.
func (v *services) takes(id string, verb stdif.Verb) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	s, known := v.byID[id]
	if !known || s.OutputOnly {
		return false
	}
	if s.Offer == nil {
		return stdif.Offer{}.Accepts(verb)
	}
	return s.Offer.Accepts(verb)
}

func (v *services) owner(credential [sha256.Size]byte) (spool.Service, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range v.all {
		if s.Owns(credential) {
			v.heard[s.ID] = time.Now()
			return s, true
		}
	}
	return spool.Service{}, false
}

// declares reports whether any service declared the origin. A preflight carries
// no credential, so it cannot be asked for one service.
func (v *services) declares(origin string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return slices.ContainsFunc(v.all, func(s spool.Service) bool { return slices.Contains(s.Origins, origin) })
}

// rereadEvery bounds how often unknown credentials make the register be read.
const rereadEvery = time.Second

// whose finds the service of a request by its credential.
func (a *Agent) whose(r *http.Request) (spool.Service, bool) {
	credential, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || len(credential) > 256 {
		return spool.Service{}, false
	}
	sum := spool.CredentialDigest(credential)
	if s, ok := a.serv.owner(sum); ok {
		return s, true
	}
	a.serv.mu.RLock()
	fresh := time.Since(a.serv.readAt) < rereadEvery
	a.serv.mu.RUnlock()
	if fresh {
		return spool.Service{}, false
	}
	a.check("read services", a.serv.load(r.Context(), a.spool))
	return a.serv.owner(sum)
}
