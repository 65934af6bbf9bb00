package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/seal"
	reportq "github.com/matoi119/matoi/internal/store/query/report"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
)

// services implements report.Services and report.Served; tx is nil outside of acts.
type services struct {
	q  *reportq.Queries
	s  *Store
	tx *writer.Tx
}

// Services are the port of what services were asked for, inside an act.
func (u *Unit) Services() report.Services {
	return services{reportq.New(u.tx.Query()), u.s, u.tx}
}

// Served reads the same outside of acts.
func (s *Store) Served() report.Served { return services{reportq.New(s.read), s, nil} }

// videoWords and contactWords are what is sealed of each.
type videoWords struct {
	Phone string `json:"phone"`
	Text  string `json:"text,omitempty"`
}

type contactWords struct {
	Number string `json:"number,omitempty"`
	Name   string `json:"name,omitempty"`
	Note   string `json:"note,omitempty"`
}

func (v services) seal(words any, place []byte) ([]byte, error) {
	plain, err := json.Marshal(words)
	if err != nil {
		return nil, fmt.Errorf("encode words: %w", err)
	}
	return v.s.keys.Seal(seal.Caller, plain, place)
}

func (v services) open(box, place []byte, words any) error {
	plain, err := v.s.keys.Open(seal.Caller, box, place)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, words)
}

func (v services) SaveVideo(ctx context.Context, r report.VideoRequest) error {
	box, err := v.seal(videoWords{r.Phone, r.Text}, v.s.place("report_video", r.ID))
	if err != nil {
		return err
	}
	return put(ctx, v.tx, "report_video", reportq.ReportVideo{
		HQ: v.s.hq, ID: r.ID, Origin: r.Origin, Answer: r.Answer, Terminal: r.Terminal, Service: r.Service, Mode: string(r.Mode),
		Purpose: r.Purpose, State: string(r.State), Problem: int64(r.Problem), PhoneIndex: r.PhoneIndex, Console: r.By.Console, Person: r.By.Person,
		AskedAt: micros(r.AskedAt), DeliveredAt: micros(r.DeliveredAt), SentAt: micros(r.SentAt), OpenedAt: micros(r.OpenedAt),
		ConsentedAt: micros(r.ConsentedAt), LiveAt: micros(r.LiveAt), EndedAt: micros(r.EndedAt), Body: box,
	})
}

func (v services) toVideo(r reportq.ReportVideo) (report.VideoRequest, error) {
	var w videoWords
	err := v.open(r.Body, v.s.place("report_video", r.ID), &w)
	return report.VideoRequest{
		ID: r.ID, Origin: r.Origin, Answer: r.Answer, Terminal: r.Terminal, Service: r.Service, Mode: stdif.Mode(r.Mode),
		Purpose: r.Purpose, State: report.VideoState(r.State), Problem: stdif.Code(r.Problem), PhoneIndex: r.PhoneIndex,
		By:      report.By{Console: r.Console, Person: r.Person},
		AskedAt: instant(r.AskedAt), DeliveredAt: instant(r.DeliveredAt), SentAt: instant(r.SentAt), OpenedAt: instant(r.OpenedAt),
		ConsentedAt: instant(r.ConsentedAt), LiveAt: instant(r.LiveAt), EndedAt: instant(r.EndedAt), Phone: w.Phone, Text: w.Text,
	}, err
}

func (v services) Video(ctx context.Context, id string) (report.VideoRequest, error) {
	row, err := v.q.Video(ctx, reportq.VideoParams{HQ: v.s.hq, ID: id})
	return found(row, err, "video", v.toVideo)
}

func (v services) VideosFrom(ctx context.Context, origin string) ([]report.VideoRequest, error) {
	rows, err := v.q.VideosFrom(ctx, reportq.VideosFromParams{HQ: v.s.hq, Origin: origin})
	return list(rows, err, "video", v.toVideo)
}

func (v services) VideosOf(ctx context.Context, answer string) ([]report.VideoRequest, error) {
	rows, err := v.q.VideosOf(ctx, reportq.VideosOfParams{HQ: v.s.hq, Answer: answer})
	return list(rows, err, "video", v.toVideo)
}

func (v services) WaitingVideos(ctx context.Context, since time.Time) ([]report.VideoRequest, error) {
	rows, err := v.q.WaitingVideos(ctx, reportq.WaitingVideosParams{HQ: v.s.hq, AskedAt: micros(since)})
	return list(rows, err, "video", v.toVideo)
}

func (v services) SaveContact(ctx context.Context, c report.Contact) error {
	box, err := v.seal(contactWords{c.Number, c.Name, c.Note}, v.s.place("report_contact", c.Report+"/"+c.ID))
	if err != nil {
		return err
	}
	return put(ctx, v.tx, "report_contact", reportq.ReportContact{
		HQ: v.s.hq, Report: c.Report, ID: c.ID, Kind: string(c.Kind), Party: c.Party, Outcome: c.Outcome, Clip: c.Clip, ToHQ: c.ToHQ,
		Delivery: c.Delivery, At: micros(c.At), RecordedAt: micros(c.RecordedAt), ChangedAt: micros(c.ChangedAt),
		Console: c.By.Console, Person: c.By.Person, Body: box,
	})
}

func (v services) toContact(r reportq.ReportContact) (report.Contact, error) {
	var w contactWords
	err := v.open(r.Body, v.s.place("report_contact", r.Report+"/"+r.ID), &w)
	return report.Contact{
		Report: r.Report, ID: r.ID, Kind: report.ContactKind(r.Kind), By: report.By{Console: r.Console, Person: r.Person},
		Party: r.Party, Outcome: r.Outcome, ToHQ: r.ToHQ, Clip: r.Clip, Delivery: r.Delivery,
		At: instant(r.At), RecordedAt: instant(r.RecordedAt), ChangedAt: instant(r.ChangedAt), Number: w.Number, Name: w.Name, Note: w.Note,
	}, err
}

func (v services) Contacted(ctx context.Context, reportID, id string) (report.Contact, error) {
	row, err := v.q.Contacted(ctx, reportq.ContactedParams{HQ: v.s.hq, Report: reportID, ID: id})
	return found(row, err, "contact", v.toContact)
}

func (v services) Contacts(ctx context.Context, reportID string) ([]report.Contact, error) {
	rows, err := v.q.Contacts(ctx, reportq.ContactsParams{HQ: v.s.hq, Report: reportID})
	return list(rows, err, "contact", v.toContact)
}
