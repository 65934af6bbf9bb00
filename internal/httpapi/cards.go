package httpapi

import (
	"context"

	"github.com/matoi119/matoi/internal/incident"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
)

// videoSeen is what a card shows of requests for video: the report it stands
// beside, and how far the newest is.
type videoSeen struct {
	origin, state string
}

// cardsOf makes the cards of reports by id; what is not stored is not in it.
func (s *Server) cardsOf(ctx context.Context, n *names, ids []string) (map[string]*Card, error) {
	found, err := s.store.Cards().ReportsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	cards, err := s.cards(ctx, n, found)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*Card, len(cards))
	for i := range cards {
		out[cards[i].ID] = &cards[i]
	}
	return out, nil
}

// cardOf makes one card; nil where there is no such report.
func (s *Server) cardOf(ctx context.Context, n *names, id string) (*Card, error) {
	cards, err := s.cardsOf(ctx, n, []string{id})
	return cards[id], err
}

// cards makes the cards of reports, in their order.
func (s *Server) cards(ctx context.Context, n *names, reports []report.Report) ([]Card, error) {
	if err := s.readSummaries(ctx, reports); err != nil {
		return nil, err
	}
	seen, err := s.videos(ctx, reports)
	if err != nil {
		return nil, err
	}
	out := make([]Card, 0, len(reports))
	for _, r := range reports {
		c, err := s.makeCard(ctx, n, r, seen[r.ID])
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// readSummaries reads together the words that are not remembered. One alone is
// read when its card is made, and so is what cannot be opened: there it is told.
func (s *Server) readSummaries(ctx context.Context, reports []report.Report) error {
	var frames []string
	for _, r := range reports {
		if _, known := s.summaries.get(r.Frame); !known && worded(r) {
			frames = append(frames, r.Frame)
		}
	}
	if len(frames) < 2 {
		return nil
	}
	found, err := s.store.Cards().FramesOf(ctx, frames)
	for _, f := range found {
		s.summaryOf(f)
	}
	return err
}

// videos says of each report what its card shows of requests for video.
func (s *Server) videos(ctx context.Context, reports []report.Report) (map[string]videoSeen, error) {
	out := make(map[string]videoSeen, len(reports))
	var unknown []string
	generation := s.lore.look(func() {
		for _, r := range reports {
			if v, ok := s.lore.videos[r.ID]; ok {
				out[r.ID] = v
			} else {
				unknown = append(unknown, r.ID)
			}
		}
	})
	if len(unknown) == 0 {
		return out, nil
	}
	steps, err := s.store.Cards().VideoStepsOf(ctx, unknown)
	if err != nil {
		return nil, err
	}
	for _, asked := range []bool{false, true} { // what was asked from a report counts above what it answers
		for _, v := range steps {
			if v.Asked != asked {
				continue
			}
			seen := out[v.Report]
			if !asked && v.Origin != v.Report {
				seen.origin = v.Origin
			}
			seen.state = string(v.State)
			out[v.Report] = seen
		}
	}
	s.lore.keepVideos(generation, unknown, out)
	return out, nil
}

// card makes the card of one report.
func (s *Server) card(ctx context.Context, n *names, r report.Report) (Card, error) {
	cards, err := s.cards(ctx, n, []report.Report{r})
	if err != nil {
		return Card{}, err
	}
	return cards[0], nil
}

func (s *Server) makeCard(ctx context.Context, n *names, r report.Report, seen videoSeen) (Card, error) {
	words, err := s.summary(ctx, r)
	if err != nil {
		return Card{}, err
	}
	service := n.services[r.Service]
	c := Card{
		ID: r.ID, Number: r.Number, ServiceID: r.Service, ServiceName: or(service.Name, r.Service), ServiceReportID: r.ServiceReport,
		TerminalID: r.Terminal, Mode: r.Effective(), Revision: r.Revision, State: r.State, Escalation: r.Escalation, Undecodable: r.Undecodable,
		Kind: words.kind, Excerpt: words.excerpt, Place: words.place, EventTime: r.EventAt, ReceivedAt: r.ReceivedAt, UpdatedAt: r.UpdatedAt,
		Late: r.Late, SkewMs: r.Skew.Milliseconds(), Silent: !r.SilentAt.IsZero() || !r.StaleAt.IsZero(), Ended: !r.EndedAt.IsZero(), HandledAlone: r.Ended == stdif.ServiceHandledHere,
		Cancelled: r.Cancelled, Reopened: r.Reopened, Step: r.Step, ChatCount: r.ChatCount, LastChatAt: r.LastChatAt,
		LastChatFrom: r.LastChatFrom, MediaCount: r.MediaCount, Proxy: words.proxy, Severity: words.severity, OutputOnly: service.OutputOnly,
	}
	if t, ok := n.elsewhere.latest[r.ID]; ok {
		c.Transfer = n.elsewhere.mark(t)
	}
	c.Outside = s.outside(n.elsewhere, words.located)
	if m, ok := n.incidents[string(incident.Report)+"/"+r.ID]; ok {
		c.Incident = markOf(m)
	}
	c.Origin, c.Video = seen.origin, seen.state
	if r.Claim.Console != "" {
		c.Claim = &Claim{
			ConsoleID: r.Claim.Console, ConsoleName: or(n.consoles[r.Claim.Console], r.Claim.Console),
			PersonID: r.Claim.Person, PersonName: or(n.persons[r.Claim.Person], r.Claim.Person), At: r.Claim.At, StaleAt: r.Claim.StaleAt,
		}
	}
	c.deskOf(n, r)
	if r.State == report.Closed {
		c.Close = &Closing{
			By: "hq", Reason: r.Closing.Reason, At: r.Closing.At, ConsoleName: or(n.consoles[r.Closing.Console], r.Closing.Console),
			PersonName: or(n.persons[r.Closing.Person], r.Closing.Person),
		}
	}
	return c, nil
}
