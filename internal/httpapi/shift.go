package httpapi

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
)

// ShiftView is the shift at a console, what was left for it, and what it holds.
type ShiftView struct {
	OnDuty    bool           `json:"onDuty" doc:"this person has begun a shift here"`
	Sound     console.Sound  `json:"sound" enum:"proved,unproved,"`
	Reason    string         `json:"reason"`
	Volume    int64          `json:"volume"`
	Floor     int64          `json:"floor" doc:"the quietest that the seat may ring, in percent"`
	BeganAt   time.Time      `json:"beganAt,omitzero"`
	HandOvers []HandOverView `json:"handOvers" doc:"left for this console and not yet confirmed"`
	Claims    []Card         `json:"claims" doc:"what this console holds"`
}

// HandOverView is what an outgoing person left.
type HandOverView struct {
	ID     string    `json:"id"`
	From   Doer      `json:"from"`
	At     time.Time `json:"at"`
	Note   string    `json:"note"`
	Claims []Card    `json:"claims" doc:"what comes along"`
}

func (s *Server) readShift(ctx context.Context, id authn.Identity, _ *nothing) (ShiftView, error) {
	v := ShiftView{Floor: console.VolumeFloor, Volume: console.VolumeFull, HandOvers: []HandOverView{}, Claims: []Card{}}
	w, err := s.store.Shifts().Shift(ctx, id.Console.ID)
	if err != nil && fault.Of(err) != fault.NotFound {
		return v, err
	}
	if err == nil && id.Person != nil && w.Person == id.Person.ID {
		v.OnDuty, v.Sound, v.Reason, v.Volume, v.BeganAt = true, w.Sound, w.Reason, w.Volume, w.BeganAt
	}
	if !s.readsReports(id) {
		return v, nil
	}
	n, err := s.names(ctx)
	if err != nil {
		return v, err
	}
	if v.Claims, err = s.claimsOf(ctx, n, id.Console.ID, ""); err != nil {
		return v, err
	}
	left, err := s.store.Shifts().HandOvers(ctx, id.Console.ID)
	if err != nil {
		return v, err
	}
	for _, h := range left {
		held, err := s.claimsOf(ctx, n, h.Console, h.Person)
		if err != nil {
			return v, err
		}
		v.HandOvers = append(v.HandOvers, HandOverView{h.ID, n.whom(report.By{Console: h.Console, Person: h.Person}), h.At, h.Note, held})
	}
	return v, nil
}

// claimsOf are the cards of what a seat holds, all or one person's.
func (s *Server) claimsOf(ctx context.Context, n *names, seat, person string) ([]Card, error) {
	claims, err := s.store.Panel().Claims(ctx)
	if err != nil {
		return nil, err
	}
	out := []Card{}
	for _, c := range claims {
		if c.Console != seat {
			continue
		}
		r, err := s.store.Reports().Report(ctx, c.Report)
		if err != nil {
			return nil, err
		}
		if r.Claim.Console != seat || person != "" && r.Claim.Person != person {
			continue
		}
		card, err := s.card(ctx, n, r)
		if err != nil {
			return nil, err
		}
		out = append(out, card)
	}
	return out, nil
}

type shiftInput struct {
	Body struct {
		Sound  console.Sound `json:"sound" enum:"proved,unproved"`
		Reason string        `json:"reason,omitempty" enum:"no-device,blocked,quiet,later," doc:"of unproved"`
	}
}

func (s *Server) beginShift(ctx context.Context, id authn.Identity, in *shiftInput) (nothing, error) {
	return nothing{}, s.acts.BeginShift(ctx, s.whoOf(id), in.Body.Sound, in.Body.Reason)
}

type volumeInput struct {
	Body struct {
		Volume int64 `json:"volume" minimum:"0" maximum:"100" doc:"percent"`
	}
}

func (s *Server) quietShift(ctx context.Context, id authn.Identity, in *volumeInput) (nothing, error) {
	return nothing{}, s.acts.QuietShift(ctx, s.whoOf(id), in.Body.Volume)
}

type handOverInput struct {
	Body struct {
		To   string `json:"to,omitempty" maxLength:"64" doc:"the console that takes over; empty = this one, for the next person"`
		Note string `json:"note,omitempty" maxLength:"16000"`
	}
}

// Left names a hand-over.
type Left struct {
	ID string `json:"id"`
}

func (s *Server) handOver(ctx context.Context, id authn.Identity, in *handOverInput) (Left, error) {
	made, err := s.acts.HandOver(ctx, s.whoOf(id), in.Body.To, in.Body.Note)
	return Left{made}, err
}

func (s *Server) takeHandOver(ctx context.Context, id authn.Identity, in *reportInput) (nothing, error) {
	return nothing{}, s.acts.TakeHandOver(ctx, s.whoOf(id), in.ID)
}
