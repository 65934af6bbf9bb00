package act

import (
	"context"
	"strconv"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
)

// refer records the media that a report refers to; their bytes are pulled
// later, and the report is on the screen meanwhile. added says how many are new.
func refer(ctx context.Context, u *store.Unit, r report.Report, media ...stdif.Media) (added int64, err error) {
	for _, m := range media {
		known, err := u.Media().MediumOf(ctx, r.ID, m.ID)
		if fault.Of(err) == fault.NotFound {
			if err := u.Media().SaveMedium(ctx, report.Announce(r, m, newID(), u.Now())); err != nil {
				return added, err
			}
			added++
			continue
		}
		if err != nil {
			return added, err
		}
		if n, fresh := known.Restate(m); fresh {
			if err := u.Media().SaveMedium(ctx, n); err != nil {
				return added, err
			}
		}
	}
	return added, nil
}

func arriveMedia(ctx context.Context, u *store.Unit, in Incoming, m stdif.Media) (Told, error) {
	r, _, err := known(ctx, u, in, m.ReportID)
	if err != nil {
		return Told{}, err
	}
	before := r
	added, err := refer(ctx, u, r, m)
	if err != nil {
		return Told{}, err
	}
	if added > 0 {
		r.MediaCount++
		r.UpdatedAt = u.Now()
	}
	if r, err = passOn(ctx, u, in, before, r); err != nil {
		return Told{}, err
	}
	return keep(ctx, u, in, before, r, MediaReceive, false, map[string]string{"type": m.MIME})
}

// mediumStory runs a rule on one medium, saves what changed and tells every page
// that shows its report.
func (a *Acts) mediumStory(ctx context.Context, who Who, name Name, id string,
	rule func(u *store.Unit, m report.Medium) (_ report.Medium, changed bool, facts map[string]string),
) error {
	return a.do(ctx, who, name, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		m, err := u.Media().Medium(ctx, id)
		if err != nil {
			return Told{}, err
		}
		n, changed, facts := rule(u, m)
		if !changed {
			return Told{}, nil
		}
		r, err := u.Reports().Report(ctx, m.Report)
		if err != nil {
			return Told{}, err
		}
		if err := u.Media().SaveMedium(ctx, n); err != nil {
			return Told{}, err
		}
		told := Told{Act: name, Subject: "report/" + n.Report, Mode: r.Effective(), Facts: map[string]string{"medium": n.ID}}
		if n.State == report.MediumQuarantined && m.State != report.MediumQuarantined {
			told.Act = MediaQuarantine
			told.Facts["reason"] = string(n.Reason)
			told.Facts["code"] = strconv.Itoa(int(n.Reason.Code()))
		}
		for k, v := range facts {
			told.Facts[k] = v
		}
		u.Changed("report", n.Report, string(told.Act))
		return told, nil
	})
}

// KeepMedium records that the whole original is durable here; other bytes than
// were stated are quarantined at once.
func (a *Acts) KeepMedium(ctx context.Context, who Who, id string, size int64, sum []byte) error {
	return a.mediumStory(ctx, who, MediaKeep, id, func(u *store.Unit, m report.Medium) (report.Medium, bool, map[string]string) {
		n, changed := m.Arrived(size, sum, u.Now())
		return n, changed, map[string]string{"bytes": strconv.FormatInt(size, 10), "digestIndex": u.DigestIndex(n.Media.SHA256)}
	})
}

// ShowMedium records what was made of an original: copies that can be shown, or
// the reason why nothing is.
func (a *Acts) ShowMedium(ctx context.Context, who Who, id string, made report.Made) error {
	return a.mediumStory(ctx, who, MediaShow, id, func(u *store.Unit, m report.Medium) (report.Medium, bool, map[string]string) {
		n, changed := m.Show(made, u.Now())
		return n, changed, map[string]string{"scan": string(n.Scan)}
	})
}

// MissMedium gives up on bytes that stayed away for longer than terminals keep
// them.
func (a *Acts) MissMedium(ctx context.Context, who Who, id string) error {
	return a.mediumStory(ctx, who, MediaQuarantine, id, func(u *store.Unit, m report.Medium) (report.Medium, bool, map[string]string) {
		n, changed := m.Miss(u.Now())
		return n, changed, nil
	})
}

// DisposeMedium records that the bytes are to be destroyed; the caller destroys
// them after the commit, so that nothing is destroyed without its entry. What
// they were stays: type, size, keyed index of the digest, times.
func (a *Acts) DisposeMedium(ctx context.Context, who Who, id, why string) error {
	return a.mediumStory(ctx, who, MediaDispose, id, func(u *store.Unit, m report.Medium) (report.Medium, bool, map[string]string) {
		n, changed := m.Dispose(u.Now())
		return n, changed, map[string]string{
			"why": why, "type": m.Media.MIME, "bytes": strconv.FormatInt(m.Bytes, 10), "digestIndex": u.DigestIndex(m.Media.SHA256),
		}
	})
}

// LookMedium records that a person made a blurred medium visible: once per
// person and medium.
func (a *Acts) LookMedium(ctx context.Context, who Who, reportID, id string) error {
	s, err := seat(who)
	if err != nil {
		return err
	}
	return a.do(ctx, who, MediaLook, authz.Resource{Type: "Report", ID: reportID}, func(ctx context.Context, u *store.Unit) (Told, error) {
		m, err := u.Media().Medium(ctx, id)
		if err != nil {
			return Told{}, err
		}
		if m.Report != reportID || m.State != report.MediumShown {
			return Told{}, fault.New(fault.NotFound, "medium.unknown")
		}
		r, err := u.Reports().Report(ctx, reportID)
		if err != nil {
			return Told{}, err
		}
		added, err := u.Media().AddLook(ctx, report.Look{Medium: id, Report: reportID, By: s, At: u.Now()})
		if err != nil || !added {
			return Told{}, err
		}
		u.Changed("report", reportID, string(MediaLook))
		return Told{Subject: "report/" + reportID, Mode: r.Effective(), Facts: map[string]string{"medium": id}}, nil
	})
}
