package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/fault"
)

// WebhookView is a webhook and how it stands.
type WebhookView struct {
	ID        string              `json:"id"`
	URL       string              `json:"url"`
	Kinds     []string            `json:"kinds" doc:"of changes; none = all"`
	Words     bool                `json:"words" doc:"whether the report goes along, caller's words included"`
	Cursor    int64               `json:"cursor" doc:"the last change that was queued for it"`
	State     client.WebhookState `json:"state" enum:"active,removed"`
	CreatedAt time.Time           `json:"createdAt"`
	Waiting   int64               `json:"waiting"`
	Oldest    time.Time           `json:"oldest,omitzero" doc:"since when the oldest waits"`
	Dead      []DeadChange        `json:"dead" doc:"given up after 24 hours, the newest first; replay from before them"`
}

// DeadChange is a change that could not be told.
type DeadChange struct {
	ID      string `json:"id" doc:"as the receiver would have seen it (webhook-id)"`
	Subject string `json:"subject"`
	Code    int    `json:"code"`
}

// HookMade is a new webhook with its secret, shown this once.
type HookMade struct {
	ID     string `json:"id"`
	Secret string `json:"secret" doc:"whsec_ and base64; signs id, timestamp and body with HMAC-SHA-256"`
}

const mostDead = 100

// itself is the word with which a client names itself.
const itself = "self"

// ofClient is the client that is meant. A machine means itself and nobody else.
func ofClient(id authn.Identity, named string) (string, error) {
	if id.Client == nil || id.Person != nil {
		return named, nil
	}
	if named == itself || named == id.Client.ID {
		return id.Client.ID, nil
	}
	return "", fault.New(fault.NotFound, "client.unknown")
}

func (s *Server) listHooks(ctx context.Context, id authn.Identity, in *reportInput) ([]WebhookView, error) {
	owner, err := ofClient(id, in.ID)
	if err != nil {
		return nil, err
	}
	if _, err := s.store.Clients().Client(ctx, owner); err != nil {
		return nil, err
	}
	hooks, err := s.store.Hooks().Hooks(ctx)
	if err != nil {
		return nil, err
	}
	waiting, err := s.store.OutboxWaiting(ctx)
	if err != nil {
		return nil, err
	}
	out := []WebhookView{}
	for _, h := range hooks {
		if h.ClientID != owner {
			continue
		}
		v := WebhookView{ID: h.ID, URL: h.URL, Kinds: append([]string{}, h.Kinds...), Words: h.Words, Cursor: h.Cursor, State: h.State, CreatedAt: h.CreatedAt, Dead: []DeadChange{}}
		for _, m := range waiting {
			if m.Destination == act.HookDestination(h.ID) {
				v.Waiting, v.Oldest = m.Count, m.Oldest
			}
		}
		dead, err := s.store.Dead(ctx, act.HookDestination(h.ID), mostDead)
		if err != nil {
			return nil, err
		}
		for _, d := range dead {
			v.Dead = append(v.Dead, DeadChange{d.ID, d.Subject, int(d.Code)})
		}
		out = append(out, v)
	}
	return out, nil
}

type hookInput struct {
	ID   string `path:"id" maxLength:"64" doc:"of the client, or self"`
	Body struct {
		URL   string   `json:"url" minLength:"1" maxLength:"500" doc:"https:// on the command LAN"`
		Kinds []string `json:"kinds,omitempty" maxItems:"16" doc:"report, chat, terminal, …; none = all"`
		Words bool     `json:"words,omitempty" doc:"send the report along; needs the scope read"`
	}
}

func (s *Server) addHook(ctx context.Context, id authn.Identity, in *hookInput) (HookMade, error) {
	owner, err := ofClient(id, in.ID)
	if err != nil {
		return HookMade{}, err
	}
	h, secret, err := s.acts.AddHook(ctx, s.whoOf(id), owner, in.Body.URL, in.Body.Kinds, in.Body.Words)
	return HookMade{h.ID, secret}, err
}

type hookOf struct {
	ID      string `path:"id" maxLength:"64"`
	Webhook string `path:"webhook" maxLength:"64"`
}

func (s *Server) removeHook(ctx context.Context, id authn.Identity, in *hookOf) (nothing, error) {
	owner, err := ofClient(id, in.ID)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, s.acts.RemoveHook(ctx, s.whoOf(id), owner, in.Webhook)
}

type replayInput struct {
	ID      string `path:"id" maxLength:"64"`
	Webhook string `path:"webhook" maxLength:"64"`
	Body    struct {
		Cursor int64 `json:"cursor" minimum:"0" doc:"the last change that the receiver has"`
	}
}

func (s *Server) replayHook(ctx context.Context, id authn.Identity, in *replayInput) (nothing, error) {
	return nothing{}, s.acts.ReplayHook(ctx, s.whoOf(id), in.ID, in.Webhook, in.Body.Cursor)
}

// CardOf is the card of a report as JSON, for a webhook that may have it.
func (s *Server) CardOf(ctx context.Context, _, subject string) (json.RawMessage, error) {
	card, err := s.freshCard(ctx, subject)
	if fault.Of(err) == fault.NotFound && err != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(card)
	if err != nil {
		return nil, fmt.Errorf("render a card: %w", err)
	}
	return b, nil
}
