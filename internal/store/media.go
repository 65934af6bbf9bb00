package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/seal"
	mediaq "github.com/matoi119/matoi/internal/store/query/media"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
)

// media implements report.Media and report.MediaReader; tx is nil outside of acts.
type media struct {
	q  *mediaq.Queries
	s  *Store
	tx *writer.Tx
}

// mediumWords is what is sealed of a medium.
type mediumWords struct {
	Media    stdif.Media     `json:"media"`
	Location *stdif.Location `json:"location,omitempty"`
}

func (r media) SaveMedium(ctx context.Context, m report.Medium) error {
	plain, err := json.Marshal(mediumWords{m.Media, m.Location})
	if err != nil {
		return fmt.Errorf("encode medium: %w", err)
	}
	box, err := r.s.keys.Seal(seal.Caller, plain, r.s.place("media_medium", m.ID))
	if err != nil {
		return err
	}
	return put(ctx, r.tx, "media_medium", mediaq.MediaMedium{
		HQ: r.s.hq, ID: m.ID, Report: m.Report, Medium: m.Media.ID,
		Terminal: m.Terminal, Service: m.Service, ServiceReport: m.ServiceReport, Mode: string(m.Mode), Late: flag(m.Late),
		Mime: m.Media.MIME, StatedBytes: m.Media.Bytes, DigestIndex: r.s.DigestIndex(m.Media.SHA256), At: micros(m.At),
		State: string(m.State), Unfinished: flag(m.State == report.MediumAnnounced || m.State == report.MediumKept),
		Reason: string(m.Reason), Scan: string(m.Scan), Bytes: m.Bytes,
		ShownMime: m.ShownMIME, ShownBytes: m.ShownBytes, PosterBytes: m.Poster, Width: m.Width, Height: m.Height,
		Duration: m.Duration.Microseconds(), Sound: flag(m.Sound),
		KeptAt: micros(m.KeptAt), EndedAt: micros(m.EndedAt), DisposedAt: micros(m.DisposedAt), Body: box,
	})
}

// DigestIndex finds equal media without saying which they are: whoever holds a
// copy of a picture could look its SHA-256 up.
func (s *Store) DigestIndex(sha256 string) string {
	if sha256 == "" {
		return ""
	}
	return hex.EncodeToString(s.keys.Blind("media_medium.digest", strings.ToLower(sha256)))
}

// DigestIndex is Store.DigestIndex inside an act.
func (u *Unit) DigestIndex(sha256 string) string { return u.s.DigestIndex(sha256) }

func (r media) toMedium(m mediaq.MediaMedium) (report.Medium, error) {
	out := report.Medium{
		ID: m.ID, Report: m.Report, Terminal: m.Terminal, Service: m.Service, ServiceReport: m.ServiceReport, Mode: stdif.Mode(m.Mode),
		Late: m.Late == 1, At: instant(m.At), State: report.MediumState(m.State), Reason: report.MediumReason(m.Reason), Scan: report.Scan(m.Scan),
		Bytes: m.Bytes, ShownMIME: m.ShownMime, ShownBytes: m.ShownBytes, Poster: m.PosterBytes, Width: m.Width, Height: m.Height,
		Duration: time.Duration(m.Duration) * time.Microsecond, Sound: m.Sound == 1,
		KeptAt: instant(m.KeptAt), EndedAt: instant(m.EndedAt), DisposedAt: instant(m.DisposedAt),
	}
	plain, err := r.s.keys.Open(seal.Caller, m.Body, r.s.place("media_medium", m.ID))
	if err != nil {
		return out, fmt.Errorf("open medium %s: %w", m.ID, err)
	}
	var words mediumWords
	if err := json.Unmarshal(plain, &words); err != nil {
		return out, fmt.Errorf("decode medium %s: %w", m.ID, err)
	}
	out.Media, out.Location = words.Media, words.Location
	return out, nil
}

func (r media) Medium(ctx context.Context, id string) (report.Medium, error) {
	row, err := r.q.Medium(ctx, mediaq.MediumParams{HQ: r.s.hq, ID: id})
	return found(row, err, "medium", r.toMedium)
}

func (r media) MediumOf(ctx context.Context, reportID, medium string) (report.Medium, error) {
	row, err := r.q.MediumOf(ctx, mediaq.MediumOfParams{HQ: r.s.hq, Report: reportID, Medium: medium})
	return found(row, err, "medium", r.toMedium)
}

func (r media) OfReport(ctx context.Context, reportID string) ([]report.Medium, error) {
	rows, err := r.q.OfReport(ctx, mediaq.OfReportParams{HQ: r.s.hq, Report: reportID})
	return list(rows, err, "medium", r.toMedium)
}

func (r media) Unfinished(ctx context.Context, limit int) ([]report.Medium, error) {
	rows, err := r.q.Unfinished(ctx, mediaq.UnfinishedParams{HQ: r.s.hq, Limit: int32(limit)})
	return list(rows, err, "medium", r.toMedium)
}

func (r media) Old(ctx context.Context, after string, before time.Time, limit int) ([]report.Medium, error) {
	rows, err := r.q.Old(ctx, mediaq.OldParams{HQ: r.s.hq, ID: after, At: micros(before), Limit: int32(limit)})
	return list(rows, err, "medium", r.toMedium)
}

func (r media) Looked(ctx context.Context, reportID, person string) ([]string, error) {
	ids, err := r.q.Looked(ctx, mediaq.LookedParams{HQ: r.s.hq, Report: reportID, Person: person})
	if err != nil {
		return nil, fmt.Errorf("read looks: %w", err)
	}
	return ids, nil
}

func (r media) Stored(ctx context.Context) ([]report.Amount, error) {
	rows, err := r.q.Stored(ctx, r.s.hq)
	return list(rows, err, "amount", func(a mediaq.StoredRow) (report.Amount, error) {
		return report.Amount{Terminal: a.Terminal, Service: a.Service, Bytes: a.Bytes}, nil
	})
}

type lookRow struct {
	HQ      string `db:"hq"`
	Medium  string `db:"medium"`
	Person  string `db:"person"`
	Report  string `db:"report"`
	Console string `db:"console"`
	At      int64  `db:"at"`
}

func (r media) AddLook(ctx context.Context, l report.Look) (bool, error) {
	return add(ctx, r.tx, "media_look", lookRow{r.s.hq, l.Medium, l.By.Person, l.Report, l.By.Console, micros(l.At)})
}
