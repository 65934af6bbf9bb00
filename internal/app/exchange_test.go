package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
	dutytest "github.com/matoi119/matoi/test/duty"
)

var duty = dutytest.Holds

// quarters is a whole headquarters with its exchange, which can go and come back.
type quarters struct {
	testing.TB
	*Server
	c    ServerConfig
	news chan struct{}
	seq  atomic.Int64
}

const service = "net119.example"

func newQuarters(t testing.TB, hq, name string) *quarters {
	q := &quarters{TB: t, c: ServerConfig{
		HouseConfig: HouseConfig{HQ: hq, Name: name, Dir: t.TempDir()}, Listen: "127.0.0.1:0", Exchange: "127.0.0.1:0", Version: "test",
		ExchangePatience: time.Nanosecond, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}}
	q.start()
	t.Cleanup(func() {
		q.stop()
		r, err := store.Verify(context.Background(), store.Config{HQ: hq, Dir: q.c.Dir})
		if err != nil || !r.OK() {
			t.Errorf("verify %s: %v, %v", hq, r.Findings, err)
		}
	})
	q.must(q.Acts.Enrol(q.Context(), act.CommandLine(), terminal.Terminal{
		ID: "t-01", Name: "通信室", Place: "2階", Address: "127.0.0.1:9", Serials: []string{"a1"}, EnrolledAt: q.Store.Now(),
		Services: []terminal.Service{{ID: service, Name: "Net119"}},
	}))
	return q
}

func (q *quarters) start() {
	q.Helper()
	var err error
	q.Server, err = StartServer(q.Context(), q.c)
	q.must(err)
	news := make(chan struct{}, 1)
	q.news = news
	q.Store.OnCommit(func(int64) {
		select {
		case news <- struct{}{}:
		default:
		}
	})
}

func (q *quarters) stop() {
	if q.Server != nil {
		if err := q.Close(); err != nil {
			q.Errorf("close: %v", err)
		}
		q.Server = nil
	}
}

func (q *quarters) must(err error) {
	q.Helper()
	if err != nil {
		q.Fatal(err)
	}
}

// knows registers another headquarters, at its present address or the given one.
func (q *quarters) knows(p *quarters, name, address string) {
	q.Helper()
	if address == "" {
		address = p.ExchangeAddress()
	}
	q.must(q.AddPartner(q.Context(), act.CommandLine(), transfer.Partner{
		ID: p.c.HQ, Name: name, Code: p.c.HQ, Phone: "0000-00-0119", Address: address, Authority: string(p.CA.PEM()),
	}))
}

// until waits for commits until something holds.
func (q *quarters) until(what string, ok func() bool) {
	q.Helper()
	give := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-q.news:
		case <-give:
			all, _ := q.Store.Transfers().TransfersSince(q.Context(), time.Time{})
			q.Fatalf("%s: not within 30 s: %+v", what, all)
		}
	}
}

func (q *quarters) at(person string) act.Who {
	return act.Who{Principal: authz.Principal{Kind: authz.KindPerson, ID: person, Roles: []staff.Role{staff.Dispatcher}}, Console: "console-" + q.c.HQ}
}

// arrive is what the terminal's gateway does with a message.
func (q *quarters) arrive(in stdif.Inbound) {
	q.Helper()
	n := q.seq.Add(1)
	f, err := open1.FrameOf(in, q.Store.Now())
	q.must(err)
	f.Seq, f.Spool, f.ServiceID, f.TerminalID, f.Mode = n, "spool-1", service, "t-01", stdif.Actual
	wire, err := open1.Encode(f)
	q.must(err)
	in.Mode = stdif.Actual
	who := act.Gateway()
	who.Terminal, who.Service = "t-01", service
	p, err := q.Acts.Arrive(q.Context(), who, act.Incoming{
		Frame: fmt.Sprintf("t-01/spool-1/%d", n), Terminal: "t-01", Spool: "spool-1", Seq: n, Service: service, Type: string(f.Type),
		Mode: stdif.Actual, SentAt: f.SentAt, Wire: wire, Inbound: in, Refused: new(act.Refused),
	})
	q.must(err)
	q.must(p.Wait(q.Context()))
}

func (q *quarters) say(id, text string) {
	q.Helper()
	q.arrive(stdif.Inbound{Chat: &stdif.ChatMessage{ID: id, ReportID: "N-1", From: stdif.FromCaller, At: q.Store.Now(), Text: text}})
}

// emergency lets a whole report arrive and claims it.
func (q *quarters) emergency() report.Report {
	q.Helper()
	lat, lon := 34.7039, 135.5012
	q.arrive(stdif.Inbound{Report: &stdif.Report{
		ID: "N-1", Revision: 1, EventTime: q.Store.Now(), Kind: stdif.IncidentType{Code: stdif.KindEMS, Label: "救急"}, Text: "息が苦しい",
		Locations:  []stdif.Location{{Role: "caller", Shape: "circle", Lat: &lat, Lon: &lon, RadiusM: 25}},
		Subscriber: &stdif.SubscriberInfo{Name: "例示 花子", Phone: "+819000000000"}, Medical: &stdif.Medical{Conditions: []string{"喘息"}},
		Routing: &stdif.Routing{RegisteredHQ: "279999", LocatedHQ: "279998"},
		Media:   []stdif.Media{{ID: "m1", MIME: "image/jpeg", Bytes: 10, SHA256: strings.Repeat("a", 64)}},
		Raw:     &stdif.Raw{MIME: "text/plain", Bytes: []byte("kept as it came")},
	}})
	q.say("c1", "一人です")
	r := q.only()
	q.must(q.Acts.Claim(q.Context(), q.at("yamada"), r.ID))
	return r
}

func (q *quarters) only() report.Report {
	q.Helper()
	all := q.board()
	if len(all) != 1 {
		q.Fatalf("%d open reports", len(all))
	}
	return all[0]
}

func (q *quarters) board() []report.Report {
	q.Helper()
	all, err := q.Store.Reports().Board(q.Context())
	q.must(err)
	return all
}

func (q *quarters) transfer(id string) transfer.Transfer {
	q.Helper()
	all, err := q.Store.Transfers().Transfers(q.Context(), id)
	q.must(err)
	if len(all) == 0 {
		return transfer.Transfer{}
	}
	return all[len(all)-1]
}

func (q *quarters) lines(id string) (out []string) {
	q.Helper()
	all, err := q.Store.Content().Chat(q.Context(), id)
	q.must(err)
	for _, c := range all {
		out = append(out, string(c.From)+": "+c.Text)
	}
	return out
}

// told is what waits for the terminal of the caller's service.
func (q *quarters) told() (out []string) {
	q.Helper()
	waiting, err := q.Store.Undelivered(q.Context(), "terminal/t-01", 1000)
	q.must(err)
	for _, m := range waiting {
		var in stdif.Input
		q.must(json.Unmarshal(m.Body, &in))
		out = append(out, strings.TrimSpace(string(in.Verb)+" "+in.ToHQ+in.Reason))
	}
	return out
}

func (q *quarters) content(r report.Report) *stdif.Report {
	q.Helper()
	f, err := q.Store.Content().Frame(q.Context(), r.Frame)
	q.must(err)
	decoded, p := open1.Decode(f.Body)
	if p != nil {
		q.Fatal(p)
	}
	in, _, p := open1.DecodeBody(decoded)
	if p != nil || in.Report == nil {
		q.Fatal(p)
	}
	return in.Report
}

// cutter stands between two headquarters and cuts the first connections at a
// random byte: while the offer is on its way, or while its answer is.
func cutter(t testing.TB, to string, cuts int64) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); running.Wait() })
	var left atomic.Int64
	left.Store(cuts)
	running.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer in.Close()
				out, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer out.Close()
				there, back := int64(1)<<40, int64(1)<<40
				if n := left.Add(-1); n >= 0 && n%2 == 0 {
					there = rand.Int64N(6000)
				} else if n >= 0 {
					back = 900 + rand.Int64N(1200) // around the answer, behind the handshake
				}
				done := make(chan struct{}, 2)
				go func() { _, _ = io.CopyN(out, in, there); done <- struct{}{} }()
				go func() { _, _ = io.CopyN(in, out, back); done <- struct{}{} }()
				<-done
				_ = in.Close()
				_ = out.Close()
				<-done
			})
		}
	})
	return l.Addr().String()
}

// FD-34: a report goes to another headquarters by data, over a connection that
// is cut six times; both houses are restarted on the way; nothing is lost,
// nothing comes twice, and the caller goes on writing.
func TestTransferByData(t *testing.T) {
	duty(t, "FD-34")
	a, b := newQuarters(t, "279999", "例示市消防本部"), newQuarters(t, "279998", "隣市消防本部")
	a.knows(b, "隣市消防本部", cutter(t, b.ExchangeAddress(), 6))
	b.knows(a, "例示市消防本部", "")
	r := a.emergency()
	err := a.Acts.Close(t.Context(), a.at("yamada"), r.ID, report.Transferred, "")
	if f := fault.As(err); f == nil || f.Key != "transfer.not-accepted" {
		t.Fatalf("closed as transferred before anybody took it: %v", err)
	}
	a.must(a.Acts.OfferTransfer(t.Context(), a.at("yamada"), r.ID, "279998"))
	a.stop() // the offer is in the outbox: durable
	a.start()
	b.knows(a, "例示市消防本部", "")
	a.until("received", func() bool { return a.transfer(r.ID).State == transfer.Received })

	there := b.only()
	words := b.content(there)
	if a.transfer(r.ID).Number != there.Number || there.Service != "transfer/279999" || there.State != report.Presented {
		t.Errorf("there: %+v, here: %+v", there, a.transfer(r.ID))
	}
	if words.Text != "息が苦しい" || words.Subscriber.Name != "例示 花子" || words.Medical.Conditions[0] != "喘息" || string(words.Raw.Bytes) != "kept as it came" || len(words.Media) != 1 {
		t.Errorf("words there = %+v", words)
	}
	if !slices.ContainsFunc(words.Additional, func(x stdif.Additional) bool { return x.Name == "transfer.number" && x.Value == r.Number }) ||
		!slices.ContainsFunc(words.Additional, func(x stdif.Additional) bool {
			return x.Name == "transfer.handled-by" && strings.Contains(x.Value, "yamada")
		}) {
		t.Errorf("who had it in charge is lost: %+v", words.Additional)
	}

	a.say("c2", "階段を上がれません") // before anybody there took it
	b.until("the caller's line", func() bool { return len(b.lines(there.ID)) == 2 })
	b.must(b.Acts.Open(t.Context(), b.at("sato"), there.ID))
	a.until("seen there", func() bool { return a.transfer(r.ID).State == transfer.Seen })
	b.stop()
	b.start()
	a.knows(b, "隣市消防本部", "")
	b.must(b.Acts.Claim(t.Context(), b.at("sato"), there.ID))
	a.until("accepted there", func() bool { return a.transfer(r.ID).State == transfer.Accepted })
	if !slices.Contains(a.told(), "transfer 279998") {
		t.Errorf("the caller was not told where the report went: %v", a.told())
	}
	a.must(a.Acts.Close(t.Context(), a.at("yamada"), r.ID, report.Transferred, ""))
	if slices.Contains(a.told(), "close transferred") {
		t.Error("the caller's session was ended although the other side talks to the caller")
	}

	a.say("c3", "鍵は開いています")
	b.until("a line after the transfer", func() bool { return len(b.lines(there.ID)) == 3 })
	b.must(b.Acts.Say(t.Context(), b.at("sato"), there.ID, "h1", "救急車が向かっています"))
	a.until("the answer", func() bool { return slices.Contains(a.told(), "message") })
	want := []string{"caller: 一人です", "caller: 階段を上がれません", "caller: 鍵は開いています", "headquarters: 救急車が向かっています"}
	if here, far := a.lines(r.ID), b.lines(there.ID); !slices.Equal(here, want) || !slices.Equal(far, want) {
		t.Errorf("dialog here %v, there %v", here, far)
	}
	if len(a.board()) != 0 {
		t.Error("it rings here again, although the other side answers for it")
	}
	b.must(b.Acts.Close(t.Context(), b.at("sato"), there.ID, report.Handled, ""))
	a.until("the end", func() bool { return slices.Contains(a.told(), "close handled") })
	if s := a.transfer(r.ID).State; s != transfer.Completed {
		t.Errorf("transfer = %s", s)
	}
	if len(b.board()) != 0 {
		t.Errorf("a repeat became a report of its own: %v", b.board())
	}
}

// FD-34: what the other side does not take, or cannot be told, rings here.
func TestTransferRefusedAndStuck(t *testing.T) {
	duty(t, "FD-34")
	a, b := newQuarters(t, "279999", "例示市消防本部"), newQuarters(t, "279998", "隣市消防本部")
	a.knows(b, "隣市消防本部", "")
	b.knows(a, "例示市消防本部", "")
	r := a.emergency()
	a.must(a.Acts.OfferTransfer(t.Context(), a.at("yamada"), r.ID, "279998"))
	b.until("received", func() bool { return len(b.board()) == 1 })
	b.must(b.Acts.RefuseTransfer(t.Context(), b.at("sato"), b.only().ID, transfer.NotOurs))
	a.until("refused", func() bool { return a.transfer(r.ID).State == transfer.Refused })
	if back := a.only(); back.State != report.Presented || back.Claim.Console != "" || a.transfer(r.ID).Reason != transfer.NotOurs {
		t.Errorf("refused, and it does not ring: %+v", back)
	}

	a.must(a.Acts.Claim(t.Context(), a.at("yamada"), r.ID))
	a.must(a.Acts.OfferTransfer(t.Context(), a.at("yamada"), r.ID, "279998"))
	b.until("received again", func() bool { return len(b.board()) == 1 })
	b.must(b.Acts.Claim(t.Context(), b.at("sato"), b.only().ID))
	a.until("accepted", func() bool { return a.transfer(r.ID).State == transfer.Accepted })
	a.must(a.Acts.Close(t.Context(), a.at("yamada"), r.ID, report.Transferred, ""))
	b.stop()
	a.say("c2", "まだですか")
	a.until("it rings here", func() bool { return len(a.board()) == 1 && a.only().State == report.Presented })
	if a.transfer(r.ID).StuckAt.IsZero() {
		t.Error("nobody is told why")
	}
	b.start()
	a.knows(b, "隣市消防本部", "")
	b.until("the line", func() bool { return slices.Contains(b.lines(b.only().ID), "caller: まだですか") })
}

// A certificate counts for the partner whose authority signed it, and for no
// other; a partner that was revoked is nobody.
func TestPartnersAreWhoTheyAre(t *testing.T) {
	a, b, c := newQuarters(t, "279999", "例示市"), newQuarters(t, "279998", "隣市"), newQuarters(t, "279997", "他市")
	if err := a.AddPartner(t.Context(), act.CommandLine(), transfer.Partner{ID: "279998", Name: "隣市", Address: b.ExchangeAddress(), Authority: string(c.CA.PEM())}); fault.Of(err) != fault.Invalid {
		t.Fatalf("the authority of another headquarters was taken: %v", err)
	}
	a.knows(b, "隣市", c.ExchangeAddress()) // whoever answers there is not 279998
	c.knows(a, "例示市", "")
	r := a.emergency()
	a.must(a.Acts.OfferTransfer(t.Context(), a.at("yamada"), r.ID, "279998"))
	a.until("not delivered", func() bool { return !a.transfer(r.ID).StuckAt.IsZero() })
	if len(c.board()) != 0 || len(b.board()) != 0 {
		t.Fatal("the report went to somebody else")
	}
	a.knows(b, "隣市", "") // it knows where to go, and is not known there
	a.until("still not delivered", func() bool { return a.transfer(r.ID).State == transfer.Offered })
	if len(b.board()) != 0 {
		t.Fatal("a stranger handed a report over")
	}
	b.knows(a, "例示市", "")
	a.until("delivered", func() bool { return a.transfer(r.ID).State == transfer.Received })
}

// FD-34: the documented normal path, by telephone, with its record.
func TestTransferByTelephone(t *testing.T) {
	duty(t, "FD-34")
	a := newQuarters(t, "279999", "例示市消防本部")
	a.must(a.AddPartner(t.Context(), act.CommandLine(), transfer.Partner{ID: "279998", Name: "隣市消防本部", Phone: "0000-00-0119"}))
	r := a.emergency()
	called := act.Telephoned{Partner: "279998", Outcome: transfer.OutcomeUnanswered, Record: transfer.Record{Number: "0000-00-0119", ReadOut: []string{"place", "text"}}}
	a.must(a.Acts.Telephone(t.Context(), a.at("yamada"), r.ID, called))
	if a.Acts.Close(t.Context(), a.at("yamada"), r.ID, report.Transferred, "") == nil {
		t.Fatal("closed as transferred although nobody answered")
	}
	called.Outcome = transfer.OutcomeAccepted
	if err := a.Acts.Telephone(t.Context(), a.at("yamada"), r.ID, called); fault.Of(err) != fault.Invalid {
		t.Errorf("accepted by nobody: %v", err)
	}
	called.Record.AnsweredBy = "隣市 佐藤"
	a.must(a.Acts.Telephone(t.Context(), a.at("yamada"), r.ID, called))
	last := a.transfer(r.ID)
	if last.State != transfer.Accepted || last.Record == nil || last.Record.AnsweredBy != "隣市 佐藤" || len(last.Record.ReadOut) != 2 {
		t.Errorf("record = %+v", last)
	}
	a.must(a.Acts.Close(t.Context(), a.at("yamada"), r.ID, report.Transferred, ""))
	if told := a.told(); !slices.Contains(told, "transfer 279998") || !slices.Contains(told, "close transferred") {
		t.Errorf("the caller was told %v", told)
	}
}
