package httpapi

import (
	"context"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
)

// IdentityKept is how long the answer to "who sits there" is used again. What this
// process changes counts at once; a change by another process (a command, a
// second node) counts after so long, which is why commands that revoke wait for
// it before they say that they have.
const IdentityKept = time.Second

const maxIdentities = 4096

// identities is what authn looks up. Ten pages a second confirm what they painted;
// asking the store each time who they are was a third of the reads of a
// database behind a network.
type identities struct {
	store *store.Store
	now   func() time.Time

	mu         sync.Mutex
	following  bool
	generation int64 // of the rows; what was read in an earlier one is not kept
	consoles   map[string]kept[console.Console]
	sessions   map[string]kept[seated]
	clients    map[string]kept[credentialed]
	owners     map[string]kept[string]
	through    map[string]kept[client.Session]
}

type credentialed struct {
	credential client.Credential
	client     client.Client
}

type seated struct {
	session staff.Session
	person  staff.Person
}

type kept[V any] struct {
	v  V
	at time.Time
}

func newIdentities(s *store.Store, now func() time.Time) *identities {
	l := &identities{store: s, now: now}
	l.forget()
	return l
}

// follow hears of every change of this process; nothing is remembered before.
func (l *identities) follow() {
	l.store.OnWrite(l.forget, "console_register", "staff_person", "staff_session", "client_register", "client_credential", "client_console", "client_session")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.following = true
}

func (l *identities) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.generation++
	l.consoles, l.sessions = map[string]kept[console.Console]{}, map[string]kept[seated]{}
	l.clients, l.owners, l.through = map[string]kept[credentialed]{}, map[string]kept[string]{}, map[string]kept[client.Session]{}
}

// Console implements authn.Sessions.
func (l *identities) Console(ctx context.Context, id string) (console.Console, error) {
	return recall(l, func() map[string]kept[console.Console] { return l.consoles }, id, func() (console.Console, error) {
		return l.store.Consoles().Console(ctx, id)
	})
}

// Session implements authn.Sessions.
func (l *identities) Session(ctx context.Context, hash string) (staff.Session, staff.Person, error) {
	v, err := recall(l, func() map[string]kept[seated] { return l.sessions }, hash, func() (seated, error) {
		session, err := l.store.Staff().Session(ctx, hash)
		if err != nil {
			return seated{}, err
		}
		person, err := l.store.Staff().Person(ctx, session.PersonID)
		return seated{session, person}, err
	})
	return v.session, v.person, err
}

// Credential implements authn.Sessions.
func (l *identities) Credential(ctx context.Context, hash string) (client.Credential, client.Client, error) {
	v, err := recall(l, func() map[string]kept[credentialed] { return l.clients }, hash, func() (credentialed, error) {
		k, err := l.store.Clients().Credential(ctx, hash)
		if err != nil {
			return credentialed{}, err
		}
		c, err := l.store.Clients().Client(ctx, k.ClientID)
		return credentialed{k, c}, err
	})
	return v.credential, v.client, err
}

// Pinned implements authn.Sessions; it is asked once for each connection.
func (l *identities) Pinned(ctx context.Context, certificate string) ([]client.Credential, error) {
	return l.store.Clients().Pinned(ctx, certificate)
}

// ClientOf implements authn.Sessions.
func (l *identities) ClientOf(ctx context.Context, consoleID string) (string, error) {
	return recall(l, func() map[string]kept[string] { return l.owners }, consoleID, func() (string, error) {
		return l.store.ClientConsoles().ClientOf(ctx, consoleID)
	})
}

// Through implements authn.Sessions.
func (l *identities) Through(ctx context.Context, hash string) (client.Session, error) {
	return recall(l, func() map[string]kept[client.Session] { return l.through }, hash, func() (client.Session, error) {
		return l.store.ClientConsoles().Session(ctx, hash)
	})
}

// recall answers from memory, or reads and remembers. Refusals are not kept.
func recall[V any](l *identities, table func() map[string]kept[V], key string, read func() (V, error)) (V, error) {
	now := l.now()
	l.mu.Lock()
	k, ok := table()[key]
	generation := l.generation
	l.mu.Unlock()
	if age := now.Sub(k.at); ok && age >= 0 && age < IdentityKept {
		return k.v, nil
	}
	v, err := read()
	if err != nil {
		return v, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.following && l.generation == generation {
		t := table()
		if len(t) >= maxIdentities {
			clear(t)
		}
		t[key] = kept[V]{v, now}
	}
	return v, nil
}
