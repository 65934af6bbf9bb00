package incident

import (
	"context"
	"time"
)

// Store is what acts write incidents with. Reads answer fault.NotFound when
// there is no such row; LinkOf answers the zero Link where nothing was joined.
type Store interface {
	Reader
	SaveIncident(ctx context.Context, i Incident) error
	SaveLink(ctx context.Context, l Link) error
	SaveDismissal(ctx context.Context, d Dismissal) error
	SaveCall(ctx context.Context, c VoiceCall) error
}

// Reader is what pages read.
type Reader interface {
	Incident(ctx context.Context, id string) (Incident, error)
	Incidents(ctx context.Context, since time.Time) ([]Incident, error) // open ones and those closed since then
	LinkOf(ctx context.Context, kind Kind, member string) (Link, error)
	Members(ctx context.Context, incident string) ([]Link, error)        // live ones, in the order of joining
	Links(ctx context.Context, since time.Time) (map[string]Mark, error) // by kind/member: of the incidents that Incidents lists
	Dismissed(ctx context.Context, member string) (map[string]bool, error)
	Call(ctx context.Context, id string) (VoiceCall, error)
	Calls(ctx context.Context, since time.Time) ([]VoiceCall, error) // told of since then, the newest first
}

// Mark is what the board shows of a member's incident.
type Mark struct {
	Incident string
	Number   string
	Reports  int
}
