package client

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// A webhook is an address that is told of changes: which thing changed, when,
// and where to read it. Words of a caller go along only where the client may
// read them and the webhook says that it wants them.
//
//	client_webhook  hq, id TEXT (UUIDv7), client, url, kinds TEXT (comma, "" = all), words BIGINT,
//	                secret BYTEA (sealed), cursor BIGINT, state TEXT, created_at, changed_at BIGINT

// WebhookState says whether a webhook is served.
type WebhookState string

// The states.
const (
	WebhookActive  WebhookState = "active"
	WebhookRemoved WebhookState = "removed"
)

// A Hook is one subscription of a client.
type Hook struct {
	ID        string
	ClientID  string
	URL       string
	Kinds     []string // of changes; none = all
	Words     bool
	Secret    []byte
	Cursor    int64 // the last change that was put into the outbox for it
	State     WebhookState
	CreatedAt time.Time
	ChangedAt time.Time
}

const (
	maxURL     = 500
	maxKinds   = 16
	maxKind    = 40
	secretSize = 32
	// SecretPrefix begins a webhook's secret, as receivers' libraries expect it.
	SecretPrefix = "whsec_"
)

// NewHook makes a webhook that is told of changes after cursor. The secret is
// shown once, as text.
func (c Client) NewHook(id, address string, kinds []string, words bool, cursor int64, now time.Time) (h Hook, secret string, err error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || len(address) > maxURL:
		return h, "", fault.New(fault.Invalid, "webhook.url-invalid")
	case len(kinds) > maxKinds || slices.ContainsFunc(kinds, func(k string) bool { return !kindValid(k) }):
		return h, "", fault.New(fault.Invalid, "webhook.kind-invalid")
	case !c.Valid(now) || !c.Has(Webhook):
		return h, "", fault.New(fault.Denied, "client.scope", "act", "webhook.manage")
	case words && !c.Has(Read):
		return h, "", fault.New(fault.Denied, "webhook.words")
	}
	key := make([]byte, secretSize)
	rand.Read(key) // never fails: the runtime ends the program instead
	h = Hook{ID: id, ClientID: c.ID, URL: address, Kinds: slices.Clone(kinds), Words: words, Secret: key, Cursor: cursor, State: WebhookActive, CreatedAt: now, ChangedAt: now}
	return h, SecretPrefix + base64.StdEncoding.EncodeToString(key), nil
}

func kindValid(kind string) bool {
	return kind != "" && len(kind) <= maxKind && !strings.ContainsFunc(kind, func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' })
}

// Wants reports whether the webhook is told of a kind of change.
func (h Hook) Wants(kind string) bool { return len(h.Kinds) == 0 || slices.Contains(h.Kinds, kind) }

// Remove ends the webhook.
func (h Hook) Remove(now time.Time) Hook {
	h.State, h.ChangedAt = WebhookRemoved, now
	return h
}

// Replay sets the webhook back, so that everything after cursor is told again.
func (h Hook) Replay(cursor int64, now time.Time) (Hook, error) {
	if cursor < 0 || cursor > h.Cursor || h.State != WebhookActive {
		return h, fault.New(fault.Invalid, "webhook.cursor-invalid")
	}
	h.Cursor, h.ChangedAt = cursor, now
	return h, nil
}

// Hooks keeps webhooks.
type Hooks interface {
	Hook(ctx context.Context, id string) (Hook, error)
	Hooks(ctx context.Context) ([]Hook, error)
	SaveHook(ctx context.Context, h Hook) error
}
