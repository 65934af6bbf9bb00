package store

import (
	"time"

	"github.com/matoi119/matoi/internal/report"
	reportq "github.com/matoi119/matoi/internal/store/query/report"
	"github.com/matoi119/matoi/stdif"
)

func toReport(r reportq.ReportReport) (report.Report, error) {
	return report.Report{
		ID: r.ID, Number: r.Number, Terminal: r.Terminal, Service: r.Service, ServiceReport: r.ServiceReport,
		Mode: stdif.Mode(r.Mode), Revision: r.Revision, Frame: r.Frame, State: report.State(r.State), Escalation: r.Escalation,
		Undecodable: r.Undecodable == 1, Kind: r.Kind, PhoneIndex: r.PhoneIndex,
		EventAt: instant(r.EventAt), SentAt: instant(r.SentAt), ReceivedAt: instant(r.ReceivedAt), UpdatedAt: instant(r.UpdatedAt),
		Skew: time.Duration(r.Skew) * time.Microsecond, Late: r.Late == 1,
		Step: stdif.AckStep(r.Step), IntegratedAt: instant(r.IntegratedAt), SeenAt: instant(r.SeenAt), HeardAt: instant(r.HeardAt),
		AliveAt: instant(r.AliveAt), StaleAt: instant(r.StaleAt), SilentAt: instant(r.SilentAt),
		EndedAt: instant(r.EndedAt), Ended: stdif.ServiceState(r.Ended), Cancelled: r.Cancelled == 1, Reopened: r.Reopened == 1,
		UnheardAt: instant(r.UnheardAt), RingsAt: instant(r.RingsAt),
		Claim:   report.Claim{By: report.By{Console: r.ClaimConsole, Person: r.ClaimPerson}, At: instant(r.ClaimAt), StaleAt: instant(r.ClaimStaleAt)},
		Before:  report.Before{By: report.By{Console: r.BeforeConsole, Person: r.BeforePerson}, Reason: r.BeforeReason, Handed: r.BeforeHanded == 1},
		Offer:   report.Offer{To: r.OfferTo, At: instant(r.OfferAt), Refused: r.OfferRefused},
		Raised:  report.Raised{By: report.By{Console: r.RaisedConsole, Person: r.RaisedPerson}, At: instant(r.RaisedAt), Reason: r.RaiseReason, Number: r.RaisedNumber},
		Entered: report.Entered{By: report.By{Console: r.EnteredConsole, Person: r.EnteredPerson}, At: instant(r.EnteredAt)},
		Closing: report.Closing{By: report.By{Console: r.ClosedConsole, Person: r.ClosedPerson}, Reason: r.CloseReason, At: instant(r.ClosedAt)},
		Due:     instant(r.DueAt), ChatCount: r.ChatCount, LastChatAt: instant(r.LastChatAt), LastChatFrom: stdif.ChatFrom(r.LastChatFrom),
		MediaCount: r.MediaCount,
	}, nil
}

func fromReport(hq string, v report.Report) reportq.ReportReport {
	return reportq.ReportReport{
		HQ: hq, ID: v.ID, Number: v.Number, Terminal: v.Terminal, Service: v.Service, ServiceReport: v.ServiceReport,
		Mode: string(v.Mode), Revision: v.Revision, Frame: v.Frame, State: string(v.State), Escalation: v.Escalation,
		Undecodable: flag(v.Undecodable), Kind: v.Kind, PhoneIndex: v.PhoneIndex,
		EventAt: micros(v.EventAt), SentAt: micros(v.SentAt), ReceivedAt: micros(v.ReceivedAt), UpdatedAt: micros(v.UpdatedAt),
		Skew: v.Skew.Microseconds(), Late: flag(v.Late),
		Step: string(v.Step), IntegratedAt: micros(v.IntegratedAt), SeenAt: micros(v.SeenAt), HeardAt: micros(v.HeardAt),
		AliveAt: micros(v.AliveAt), StaleAt: micros(v.StaleAt), SilentAt: micros(v.SilentAt),
		EndedAt: micros(v.EndedAt), Ended: string(v.Ended), Cancelled: flag(v.Cancelled), Reopened: flag(v.Reopened),
		UnheardAt: micros(v.UnheardAt), RingsAt: micros(v.RingsAt),
		ClaimConsole: v.Claim.Console, ClaimPerson: v.Claim.Person, ClaimAt: micros(v.Claim.At), ClaimStaleAt: micros(v.Claim.StaleAt),
		BeforeConsole: v.Before.Console, BeforePerson: v.Before.Person, BeforeReason: v.Before.Reason, BeforeHanded: flag(v.Before.Handed),
		OfferTo: v.Offer.To, OfferAt: micros(v.Offer.At), OfferRefused: v.Offer.Refused,
		RaisedConsole: v.Raised.Console, RaisedPerson: v.Raised.Person, RaisedAt: micros(v.Raised.At), RaiseReason: v.Raised.Reason, RaisedNumber: v.Raised.Number,
		EnteredConsole: v.Entered.Console, EnteredPerson: v.Entered.Person, EnteredAt: micros(v.Entered.At),
		ClosedConsole: v.Closing.Console, ClosedPerson: v.Closing.Person, CloseReason: v.Closing.Reason, ClosedAt: micros(v.Closing.At),
		DueAt: micros(v.Due), Open: flag(v.Open()), ChatCount: v.ChatCount, LastChatAt: micros(v.LastChatAt),
		LastChatFrom: string(v.LastChatFrom), MediaCount: v.MediaCount,
	}
}
