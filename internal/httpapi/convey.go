package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/eido"
	"github.com/matoi119/matoi/stdif/eido/convey"
)

// EIDOProtocol is the subprotocol of the conveyance (NENA-STA-024.1a, 2.1.3.1.2,
// as an adapter of another maker names it).
const EIDOProtocol = "emergency-ent1.0"

// conveyTimes are how long a subscriber may take.
type conveyTimes struct {
	answer time.Duration // to an event, before it is sent again
	idle   time.Duration // without any subscription
	write  time.Duration
	ping   time.Duration
}

var usualTimes = conveyTimes{answer: 10 * time.Second, idle: time.Minute, write: 10 * time.Second, ping: 20 * time.Second}

const (
	mostUnanswered    = 3
	mostSubscriptions = 8
	mostInEvent       = 16
	usualExpiry       = int64(3600)
	leastExpiry       = int64(20)
	mostExpiry        = int64(24 * 3600)
	messageRate       = 20 // of a subscriber, a second
	messageBurst      = 100
	conveyTick        = 250 * time.Millisecond
)

// conveyance is one WebSocket: a reader that hands messages over, and a loop
// that owns everything else.
type conveyance struct {
	s      *Server
	ws     *websocket.Conn
	r      *http.Request
	who    authn.Identity
	times  conveyTimes
	in     chan []byte
	subs   []*subscription
	cursor int64
	since  time.Time // without a subscription
	pinged time.Time
	asked  time.Time // whether the right still stands
}

// subscription is one request for documents, with what it has not been told.
type subscription struct {
	id       string
	incident string // "" = all
	minRate  time.Duration
	maxRate  time.Duration
	expires  time.Time
	pending  []string // reports that changed, in the order of their first change
	from     int64    // changes up to here are in what it was told at its beginning

	last       time.Time // of the last event
	open       []byte    // the event that waits for its answer, nil = none
	openID     string
	openAt     time.Time
	unanswered int
}

var errFlood = errors.New("httpapi: a subscriber floods")

// conveyEIDO answers GET /api/v1/eido, and /IncidentData/ent where adapters look:
// subscriptions over a WebSocket (NENA-STA-024).
func (s *Server) conveyEIDO(w http.ResponseWriter, r *http.Request) {
	who, _ := authn.From(r.Context())
	leave, err := s.paces.enter(who)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer leave()
	if !strings.Contains(r.Header.Get("Sec-WebSocket-Protocol"), EIDOProtocol) {
		s.refuse(w, r, fault.New(fault.Invalid, "eido.protocol", "protocol", EIDOProtocol))
		return
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{EIDOProtocol}, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // Accept has answered
	}
	ws.SetReadLimit(convey.MaxRequest + 1)
	ctx, cancel := context.WithCancel(r.Context())
	now := time.Now()
	c := &conveyance{s: s, ws: ws, r: r, who: who, times: s.conveyTimes, in: make(chan []byte), since: now, pinged: now, asked: now}
	c.cursor, _ = s.hub.heads()
	done := make(chan error, 1)
	go func() { done <- c.read(ctx) }()
	err = c.run(ctx, done)
	cancel()
	code, reason := websocket.StatusNormalClosure, ""
	switch {
	case errors.Is(err, errFlood):
		code, reason = websocket.StatusPolicyViolation, "too many messages"
	case err != nil && r.Context().Err() == nil:
		code = websocket.StatusGoingAway
	}
	_ = ws.Close(code, reason) // the other side may be gone
	<-done
}

// read hands messages over, slower for whoever sends too many.
func (c *conveyance) read(ctx context.Context) error {
	limit := rate.NewLimiter(messageRate, messageBurst)
	for {
		kind, wire, err := c.ws.Read(ctx)
		if err != nil {
			return err
		}
		if !limit.Allow() {
			return errFlood
		}
		if kind != websocket.MessageText {
			wire = nil // is refused as what it is: no message
		}
		select {
		case c.in <- wire:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *conveyance) run(ctx context.Context, done chan error) error {
	tick := time.NewTicker(conveyTick)
	defer tick.Stop()
	for {
		news, err := c.follow(ctx)
		if err != nil {
			return err
		}
		if err := c.tend(ctx); err != nil {
			return err
		}
		select {
		case wire := <-c.in:
			err = c.take(ctx, wire)
		case <-news:
		case <-tick.C:
		case err = <-done:
			done <- err // for whoever waits for the reader
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// follow notes what changed since the cursor. A subscriber that fell out of
// memory is told everything that is active again: documents replace each other.
func (c *conveyance) follow(ctx context.Context) (<-chan struct{}, error) {
	events, _, news, complete := c.s.hub.after(c.cursor, 0)
	if !complete {
		c.cursor, _ = c.s.hub.heads()
		for _, sub := range c.subs {
			if err := c.everything(ctx, sub); err != nil {
				return news, err
			}
		}
		return news, nil
	}
	for _, e := range events {
		c.cursor = e.seq
		if e.kind != "report" && e.kind != "chat" {
			continue
		}
		for _, sub := range c.subs {
			if e.seq > sub.from {
				sub.note(e.subject)
			}
		}
	}
	return news, nil
}

func (u *subscription) note(id string) {
	if !slices.Contains(u.pending, id) {
		u.pending = append(u.pending, id)
	}
}

// everything puts all active incidents in front of a subscription.
func (c *conveyance) everything(ctx context.Context, sub *subscription) error {
	from, err := c.s.store.LastChange(ctx)
	if err != nil {
		return err
	}
	sub.from = from
	open, err := c.s.store.Reports().Board(ctx)
	if err != nil {
		return err
	}
	for _, r := range open {
		sub.note(r.ID)
	}
	return nil
}

// tend does what time asks for: expiry, unanswered events, rates, the right.
func (c *conveyance) tend(ctx context.Context) error {
	now := time.Now()
	if now.Sub(c.asked) >= sessionCheck {
		c.asked = now
		if !c.allowed() {
			return c.endAll(ctx)
		}
	}
	for _, sub := range slices.Clone(c.subs) {
		if err := c.tendOne(ctx, sub, now); err != nil {
			return err
		}
	}
	switch {
	case len(c.subs) > 0:
		c.since = now
	case now.Sub(c.since) >= c.times.idle:
		return errors.New("httpapi: a subscriber subscribes to nothing")
	}
	if now.Sub(c.pinged) >= c.times.ping {
		c.pinged = now
		ctx, cancel := context.WithTimeout(ctx, c.times.write)
		defer cancel()
		if err := c.ws.Ping(ctx); err != nil {
			return fmt.Errorf("a subscriber is silent: %w", err)
		}
	}
	return nil
}

func (c *conveyance) allowed() bool {
	now, err := c.s.identify(c.r, authz.EidoRead)
	if err != nil {
		return fault.Of(err) != fault.Unknown // a store that cannot answer ends nothing
	}
	return sameAs(now, c.who) && c.s.may.May(c.s.whoOf(now).Principal, authz.EidoRead, authz.Resource{}).Allowed
}

func (c *conveyance) tendOne(ctx context.Context, sub *subscription, now time.Time) error {
	switch {
	case !now.Before(sub.expires):
		return c.end(ctx, sub)
	case sub.open != nil && now.Sub(sub.openAt) >= c.times.answer:
		if sub.unanswered++; sub.unanswered >= mostUnanswered {
			return c.end(ctx, sub) // 3 unanswered notifications
		}
		sub.openAt = now
		return c.write(ctx, sub.open)
	case sub.open != nil || now.Sub(sub.last) < sub.maxRate:
		return nil
	case len(sub.pending) > 0:
		return c.notify(ctx, sub, now)
	case sub.minRate > 0 && now.Sub(sub.last) >= sub.minRate:
		return c.send(ctx, sub, nil, now)
	}
	return nil
}

// notify sends documents of what is pending, as it is now.
func (c *conveyance) notify(ctx context.Context, sub *subscription, now time.Time) error {
	var documents []json.RawMessage
	size, taken := 0, 0
	for _, id := range sub.pending {
		document, err := c.document(ctx, sub, id)
		if err != nil {
			return err
		}
		if len(documents) > 0 && size+len(document) > eido.MaxDocument {
			break
		}
		taken++
		if document == nil {
			continue
		}
		documents, size = append(documents, document), size+len(document)
		if len(documents) == mostInEvent {
			break
		}
	}
	sub.pending = slices.Delete(sub.pending, 0, taken)
	if len(documents) == 0 {
		return nil
	}
	return c.send(ctx, sub, documents, now)
}

// document is nil where there is nothing to tell: not of this incident, or not
// writable as an EIDO, which is logged and does not hold up the rest.
func (c *conveyance) document(ctx context.Context, sub *subscription, id string) (json.RawMessage, error) {
	v, err := c.s.eidoView(ctx, id, false)
	switch {
	case fault.Of(err) == fault.NotFound && err != nil:
		return nil, nil
	case err != nil:
		return nil, err
	case sub.incident != "" && sub.incident != v.ReportID && sub.incident != v.Incident:
		return nil, nil
	}
	document, err := eido.Encode(v)
	if err != nil {
		c.s.log.WarnContext(ctx, "a report cannot be written as EIDO", "report", id, "err", err)
		return nil, nil
	}
	return document, nil
}

func (c *conveyance) send(ctx context.Context, sub *subscription, documents []json.RawMessage, now time.Time) error {
	sub.openID = uuid.NewString()
	wire, err := convey.Encode(convey.Message{Event: &convey.Event{SubscriptionID: sub.id, TransactionID: sub.openID, Notification: documents}})
	if err != nil {
		return err
	}
	sub.open, sub.openAt, sub.last = wire, now, now
	return c.write(ctx, wire)
}

func (c *conveyance) write(ctx context.Context, wire []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.times.write)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, wire)
}

func (c *conveyance) say(ctx context.Context, m convey.Message) error {
	wire, err := convey.Encode(m)
	if err != nil {
		return err
	}
	return c.write(ctx, wire)
}

// end tells a subscriber that its subscription is over.
func (c *conveyance) end(ctx context.Context, sub *subscription) error {
	c.drop(sub)
	return c.say(ctx, convey.Message{Terminate: &convey.Terminate{RequestID: uuid.NewString(), SubscriptionID: sub.id}})
}

func (c *conveyance) drop(sub *subscription) {
	c.subs = slices.DeleteFunc(c.subs, func(s *subscription) bool { return s == sub })
}

func (c *conveyance) endAll(ctx context.Context) error {
	for _, sub := range slices.Clone(c.subs) {
		if err := c.end(ctx, sub); err != nil {
			return err
		}
	}
	return errors.New("httpapi: a subscriber lost its right")
}

// take answers one message.
func (c *conveyance) take(ctx context.Context, wire []byte) error {
	m, p := convey.Read(wire)
	switch {
	case p != nil && strings.HasPrefix(p.Place, "/terminateResponse"), m.TerminateResponse != nil:
		return nil // the subscription is over, however that is answered
	case p != nil:
		return c.say(ctx, convey.Refusal(wire, p))
	case m.Subscribe != nil:
		return c.subscribe(ctx, *m.Subscribe)
	case m.EventResponse != nil:
		return c.answered(ctx, *m.EventResponse)
	case m.Unsubscribe != nil:
		status := convey.StatusOf(convey.Unknown)
		if sub := c.find(m.Unsubscribe.SubscriptionID); sub != nil {
			c.drop(sub)
			status = convey.StatusOf(convey.OK)
		}
		return c.say(ctx, convey.Message{UnsubscribeResponse: &convey.UnsubscribeResponse{
			RequestID: m.Unsubscribe.RequestID, SubscriptionID: m.Unsubscribe.SubscriptionID, Status: status,
		}})
	default:
		return c.say(ctx, convey.Refusal(wire, stdif.Problemf(stdif.CodeUnknownValue, "/", "not for a notifier")))
	}
}

func (c *conveyance) find(id string) *subscription {
	for _, sub := range c.subs {
		if sub.id == id {
			return sub
		}
	}
	return nil
}

// answered takes the answer to an event; one to an event that nobody sent
// changes nothing.
func (c *conveyance) answered(ctx context.Context, a convey.EventResponse) error {
	for _, sub := range c.subs {
		if sub.open == nil || sub.openID != a.TransactionID {
			continue
		}
		sub.open, sub.unanswered = nil, 0
		if a.Code == convey.Unknown { // it knows nothing of this subscription
			return c.end(ctx, sub)
		}
		return nil
	}
	return nil
}

func (c *conveyance) subscribe(ctx context.Context, q convey.Subscribe) error {
	answer := convey.SubscribeResponse{RequestID: q.RequestID, MinRate: q.MinRate, MaxRate: q.MaxRate}
	sub, code, err := c.admitSubscription(ctx, q)
	if err != nil {
		return err
	}
	answer.Status = convey.StatusOf(code)
	if code == convey.OK {
		expires := min(max(or64(q.Expires, usualExpiry), leastExpiry), mostExpiry)
		if q.Expires != nil && *q.Expires == 0 { // ends it
			expires = 0
			c.drop(sub)
		}
		sub.expires = time.Now().Add(time.Duration(expires) * time.Second)
		sub.minRate = time.Duration(or64(q.MinRate, 0)) * time.Second
		sub.maxRate = time.Duration(or64(q.MaxRate, 0)) * time.Second
		answer.SubscriptionID, answer.Expires = sub.id, &expires
	}
	return c.say(ctx, convey.Message{SubscribeResponse: &answer})
}

func or64(v *int64, otherwise int64) int64 {
	if v == nil {
		return otherwise
	}
	return *v
}

// admitSubscription finds the subscription that is renewed, or makes a new one,
// which is told everything that is active first. A filter is taken and not
// evaluated: the answer says no period of evaluation, and whoever asked gets more
// than was asked for, never less.
func (c *conveyance) admitSubscription(ctx context.Context, q convey.Subscribe) (*subscription, int, error) {
	if q.SubscriptionID != "" {
		if sub := c.find(q.SubscriptionID); sub != nil {
			return sub, convey.OK, nil
		}
		return nil, convey.Unknown, nil
	}
	sub := &subscription{id: uuid.NewString(), incident: incidentOf(q.IncidentID)}
	switch {
	case len(c.subs) >= mostSubscriptions:
		return nil, convey.Unavailable, nil
	case q.RequestSubtype == convey.SubtypeResource: // which resources are whose is not known here
		return nil, convey.NotAcceptable, nil
	case q.RequestSubtype == convey.SubtypeSingle && sub.incident == "":
		return nil, convey.BadRequest, nil
	case !acceptable(q.Accepts):
		return nil, convey.NotAcceptable, nil
	}
	if err := c.everything(ctx, sub); err != nil {
		return nil, 0, err
	}
	if sub.incident != "" {
		known, err := c.knows(ctx, sub)
		if err != nil || !known {
			return nil, convey.NotFound, err
		}
	}
	c.subs = append(c.subs, sub)
	return sub, convey.OK, nil
}

// knows says whether any report belongs to the incident that was asked for.
func (c *conveyance) knows(ctx context.Context, sub *subscription) (bool, error) {
	sub.note(sub.incident) // a closed report is not on the board
	for _, id := range sub.pending {
		document, err := c.document(ctx, sub, id)
		if err != nil || document != nil {
			return true, err
		}
	}
	return false, nil
}

// incidentOf takes our id out of the URN of an incident; the id alone is taken
// as well.
func incidentOf(id string) string {
	if rest, ok := strings.CutPrefix(id, "urn:emergency:uid:incidentid:"); ok {
		id, _, _ = strings.Cut(rest, ":")
	}
	return id
}

// acceptable reads the media type and the major versions that the other side
// takes; ours is 1.
func acceptable(accepts string) bool {
	if accepts == "" {
		return true
	}
	kind, parameters, _ := strings.Cut(accepts, ";")
	if !strings.EqualFold(strings.TrimSpace(kind), eido.MediaType) {
		return false
	}
	_, versions, ok := strings.Cut(parameters, "version=")
	return !ok || slices.ContainsFunc(strings.Split(strings.Trim(strings.TrimSpace(versions), `"`), ","), func(v string) bool { return strings.TrimSpace(v) == "1" })
}
