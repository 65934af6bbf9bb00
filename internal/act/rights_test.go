package act_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/incident"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
)

const strong = "correct horse battery staple 119"

// attempts runs every story as somebody. What the story itself says does not
// matter here; whether it was refused for want of the right does.
func attempts(h *house, reportID string) map[act.Name]func(ctx context.Context, who act.Who) error {
	arrive := func(ctx context.Context, who act.Who) error {
		in := h.bytes([]byte("{}"))
		in.Frame = "t-01/bytes/0"
		p, err := h.Arrive(ctx, who, in)
		if err != nil {
			return err
		}
		return p.Wait(ctx)
	}
	wake := func(ctx context.Context, who act.Who) error { return h.Wake(ctx, who, reportID) }
	logIn := func(ctx context.Context, who act.Who) error {
		who.Console = "console-a"
		_, _, err := h.LogIn(ctx, who, "nobody", "wrong")
		return err
	}
	return map[act.Name]func(ctx context.Context, who act.Who) error{
		act.ReportArrive: arrive, act.ReportRevise: arrive, act.ReportUndecodable: arrive, act.ReportState: arrive, act.ChatReceive: arrive, act.MediaReceive: arrive, act.ReceiptReceive: arrive,
		act.ReportUnheard: wake, act.ReportEscalate: wake, act.ReportStale: wake, act.ReportSilent: wake,
		act.SessionOpen: logIn, act.SessionRefuse: logIn,
		act.ReportClock:     func(ctx context.Context, who act.Who) error { return h.SetBack(ctx, who, reportID) },
		act.ReportIntegrate: func(ctx context.Context, who act.Who) error { return h.Painted(ctx, who, reportID) },
		act.ReportOpen:      func(ctx context.Context, who act.Who) error { return h.Open(ctx, who, reportID) },
		act.ReportClaim:     func(ctx context.Context, who act.Who) error { return h.Claim(ctx, who, reportID) },
		act.ReportRelease:   func(ctx context.Context, who act.Who) error { return h.Release(ctx, who, reportID) },
		act.PartnerAdd: func(ctx context.Context, who act.Who) error {
			return h.AddPartner(ctx, who, transfer.Partner{ID: "279998", Name: "隣市消防本部", Phone: "0000-00-0119"})
		},
		act.PartnerRevoke:    func(ctx context.Context, who act.Who) error { return h.RevokePartner(ctx, who, "279998") },
		act.TransferOffer:    func(ctx context.Context, who act.Who) error { return h.OfferTransfer(ctx, who, reportID, "279998") },
		act.TransferWithdraw: func(ctx context.Context, who act.Who) error { return h.WithdrawTransfer(ctx, who, reportID) },
		act.TransferTelephone: func(ctx context.Context, who act.Who) error {
			return h.Telephone(ctx, who, reportID, act.Telephoned{Outcome: transfer.OutcomeUnanswered, Record: transfer.Record{ToName: "隣市"}})
		},
		act.TransferRefuse: func(ctx context.Context, who act.Who) error {
			return h.RefuseTransfer(ctx, who, reportID, transfer.NotOurs)
		},
		act.TransferReceipt: func(ctx context.Context, who act.Who) error {
			return h.TransferReceipt(ctx, who, entry.Message{ID: "none"}, "", 0)
		},
		act.TransferHear: func(ctx context.Context, who act.Who) error {
			return h.TransferHear(ctx, who, "279998", stdif.Input{ReportID: "none", Verb: stdif.VerbRelease})
		},
		act.TransferRefused: func(ctx context.Context, who act.Who) error {
			return h.TransferRefused(ctx, who, "279998", "none", transfer.NotOurs)
		},
		act.TransferStuck: func(ctx context.Context, who act.Who) error { return h.TransferStuck(ctx, who, "none") },
		act.IncidentOpen:  func(ctx context.Context, who act.Who) error { return h.OpenIncident(ctx, who, reportID) },
		act.IncidentJoin: func(ctx context.Context, who act.Who) error {
			return h.Join(ctx, who, reportID, act.Member{Kind: incident.Call, ID: "none"})
		},
		act.IncidentPart: func(ctx context.Context, who act.Who) error {
			return h.Part(ctx, who, act.Member{Kind: incident.Report, ID: reportID}, incident.Slip)
		},
		act.IncidentDismiss: func(ctx context.Context, who act.Who) error {
			return h.Dismiss(ctx, who, reportID, act.Member{Kind: incident.Call, ID: "none"})
		},
		act.IncidentClose: func(ctx context.Context, who act.Who) error { return h.CloseIncident(ctx, who, "none") },
		act.VoiceCallNotice: func(ctx context.Context, who act.Who) error {
			return h.NoticeCall(ctx, who, incident.VoiceCall{ID: "c-1", Mode: stdif.Actual, State: incident.Ringing})
		},
		act.ReportClose:       func(ctx context.Context, who act.Who) error { return h.Close(ctx, who, reportID, "handled", "") },
		act.ChatSend:          func(ctx context.Context, who act.Who) error { return h.Say(ctx, who, reportID, "l", "はい") },
		act.ReportMedicalOpen: func(ctx context.Context, who act.Who) error { return h.OpenMedical(ctx, who, reportID) },
		act.SnippetChange:     func(ctx context.Context, who act.Who) error { return h.ChangeSnippets(ctx, who, 0, nil) },
		act.DataRequest: func(ctx context.Context, who act.Who) error {
			_, err := h.RequestTerminal(ctx, who, terminal1)
			return err
		},
		act.MediaKeep:       func(ctx context.Context, who act.Who) error { return h.KeepMedium(ctx, who, "m", 1, nil) },
		act.MediaShow:       func(ctx context.Context, who act.Who) error { return h.ShowMedium(ctx, who, "m", report.Made{}) },
		act.MediaQuarantine: func(ctx context.Context, who act.Who) error { return h.MissMedium(ctx, who, "m") },
		act.MediaLook:       func(ctx context.Context, who act.Who) error { return h.LookMedium(ctx, who, reportID, "m") },
		act.MediaDispose:    func(ctx context.Context, who act.Who) error { return h.DisposeMedium(ctx, who, "m", "retention") },
		act.MediaRequest: func(ctx context.Context, who act.Who) error {
			return h.RequestVideo(ctx, who, act.AskVideo{ID: "q", Service: net119, Phone: "+819000000000", Mode: stdif.Test})
		},
		act.CallRecord: func(ctx context.Context, who act.Who) error {
			return h.RecordCall(ctx, who, report.Contact{Report: reportID, ID: "k"})
		},
		act.CallerCallBack: func(ctx context.Context, who act.Who) error { return h.CallBack(ctx, who, reportID, "b", "") },
		act.GuideSend:      func(ctx context.Context, who act.Who) error { return h.Guide(ctx, who, reportID, "g", "cpr") },
		act.LiveView:       func(ctx context.Context, who act.Who) error { return h.Look(ctx, who, reportID, true) },
		act.DataAnswer:     func(ctx context.Context, who act.Who) error { return h.Answer(ctx, who, "q", 0, 0) },
		act.MessageDeliver: func(ctx context.Context, who act.Who) error { return h.Deliver(ctx, who, "terminal/t-01", nil) },
		act.TerminalLink: func(ctx context.Context, who act.Who) error {
			return h.Link(ctx, who, terminal.Link{TerminalID: terminal1})
		},
		act.TerminalServices: func(ctx context.Context, who act.Who) error { return h.Services(ctx, who, terminal1, nil) },
		act.TerminalRenew:    func(ctx context.Context, who act.Who) error { return h.Renew(ctx, who, terminal1, "a1", "a2") },
		act.TerminalRevoke:   func(ctx context.Context, who act.Who) error { return h.RevokeTerminal(ctx, who, "t-02") },
		act.MapImport: func(ctx context.Context, who act.Who) error {
			return h.ImportMap(ctx, who, act.Map{SHA256: "ab", Bytes: 1})
		},
		act.MapRemove: func(ctx context.Context, who act.Who) error { return h.RemoveMap(ctx, who, "ab") },
		act.TerminalEnrol: func(ctx context.Context, who act.Who) error {
			return h.Enrol(ctx, who, terminal.Terminal{ID: "t-09", Name: "n", Place: "p", Address: "127.0.0.1:1", Serials: []string{"1"}})
		},
		act.ClaimTakeOver: func(ctx context.Context, who act.Who) error {
			return h.TakeOver(ctx, who, reportID, report.NoResponse, "")
		},
		act.ClaimOffer:    func(ctx context.Context, who act.Who) error { return h.Offer(ctx, who, reportID, "console-b") },
		act.ClaimWithdraw: func(ctx context.Context, who act.Who) error { return h.WithdrawOffer(ctx, who, reportID) },
		act.ClaimAccept:   func(ctx context.Context, who act.Who) error { return h.AcceptOffer(ctx, who, reportID) },
		act.ClaimRefuse:   func(ctx context.Context, who act.Who) error { return h.RefuseOffer(ctx, who, reportID) },
		act.ClaimStale: func(ctx context.Context, who act.Who) error {
			return h.Neglected(ctx, who, reportID, "console-a", time.Minute)
		},
		act.ClaimAlive: func(ctx context.Context, who act.Who) error { return h.Neglected(ctx, who, reportID, "console-a", 0) },
		act.MissedAcknowledge: func(ctx context.Context, who act.Who) error {
			return h.AcknowledgeMissed(ctx, who, "none", report.NotNeeded, "")
		},
		act.ReportRaise: func(ctx context.Context, who act.Who) error { return h.Raise(ctx, who, reportID, report.Real, "") },
		act.ReportEnter: func(ctx context.Context, who act.Who) error {
			_, err := h.Enter(ctx, who, act.Entry{Received: noon, Report: stdif.Report{EventTime: noon, Kind: stdif.IncidentType{Code: stdif.KindOther}}})
			return err
		},
		act.ShiftBegin:  func(ctx context.Context, who act.Who) error { return h.BeginShift(ctx, who, console.SoundProved, "") },
		act.ShiftVolume: func(ctx context.Context, who act.Who) error { return h.QuietShift(ctx, who, console.VolumeFull) },
		act.ShiftEnd:    func(ctx context.Context, who act.Who) error { return h.EndShift(ctx, who) },
		act.ShiftHandOver: func(ctx context.Context, who act.Who) error {
			_, err := h.HandOver(ctx, who, "", "")
			return err
		},
		act.ShiftTake:   func(ctx context.Context, who act.Who) error { return h.TakeHandOver(ctx, who, "none") },
		act.BoardPrint:  func(ctx context.Context, who act.Who) error { return h.Printed(ctx, who, 0) },
		act.BoardExport: func(ctx context.Context, who act.Who) error { return h.Exported(ctx, who, 0) },
		act.ConsoleIssue: func(ctx context.Context, who act.Who) error {
			_, err := h.IssueConsole(ctx, who, "console-z", "指令台Z", false)
			return err
		},
		act.ConsoleEnrol: func(ctx context.Context, who act.Who) error {
			_, _, err := h.JoinConsole(ctx, who, h.code("console-y"))
			return err
		},
		act.ConsoleRevoke: func(ctx context.Context, who act.Who) error { return h.RevokeConsole(ctx, who, "console-x") },
		act.PersonAdd: func(ctx context.Context, who act.Who) error {
			_, err := h.AddPerson(ctx, who, "sato", "佐藤", strong, []staff.Role{staff.Dispatcher})
			return err
		},
		act.PersonChange: func(ctx context.Context, who act.Who) error { return h.ChangePerson(ctx, who, "p-none", nil, nil, nil) },
		act.SessionTouch: func(ctx context.Context, who act.Who) error { return h.Touch(ctx, who, "none") },
		act.SessionClose: func(ctx context.Context, who act.Who) error { return h.LogOut(ctx, who, "none") },
		act.ClientAdd: func(ctx context.Context, who act.Who) error {
			_, _, err := h.AddClient(ctx, who, act.NewClient{})
			return err
		},
		act.ClientIssue: func(ctx context.Context, who act.Who) error {
			_, err := h.IssueCredential(ctx, who, "none", "next", "", time.Hour)
			return err
		},
		act.ClientRevoke: func(ctx context.Context, who act.Who) error { return h.RevokeClient(ctx, who, "none", "") },
		act.ClientConsole: func(ctx context.Context, who act.Who) error {
			_, err := h.AddClientConsole(ctx, who, "none", "席", false)
			return err
		},
		act.ClientUse: func(ctx context.Context, who act.Who) error { return h.UseClient(ctx, who, "none") },
		act.WebhookAdd: func(ctx context.Context, who act.Who) error {
			_, _, err := h.AddHook(ctx, who, "none", "https://cad.example/", nil, false)
			return err
		},
		act.WebhookRemove: func(ctx context.Context, who act.Who) error { return h.RemoveHook(ctx, who, "none", "none") },
		act.WebhookReplay: func(ctx context.Context, who act.Who) error { return h.ReplayHook(ctx, who, "none", "none", 0) },
		act.WebhookQueue: func(ctx context.Context, who act.Who) error {
			_, _, err := h.QueueHook(ctx, who, client.Hook{ID: "none"})
			return err
		},
		act.AnswerKeep: func(ctx context.Context, who act.Who) error {
			return h.KeepAnswer(ctx, who, &act.Once{ID: "x", Digest: "d"}, []byte("{}"))
		},
		act.ScreenTake: func(ctx context.Context, who act.Who) error {
			_, err := h.TakeScreen(ctx, who, terminal1, screen.View, 0)
			return err
		},
		act.ScreenOperate: func(ctx context.Context, who act.Who) error {
			_, err := h.TakeScreen(ctx, who, terminal1, screen.Operate, 0)
			return err
		},
		act.ScreenRelease: func(ctx context.Context, who act.Who) error {
			_, err := h.ReleaseScreen(ctx, who, terminal1)
			return err
		},
		act.ScreenAsk: func(ctx context.Context, who act.Who) error { _, err := h.AskScreen(ctx, who, terminal1); return err },
		act.ScreenOffer: func(ctx context.Context, who act.Who) error {
			_, err := h.OfferScreen(ctx, who, terminal1, "console-b")
			return err
		},
		act.ScreenWithdraw: func(ctx context.Context, who act.Who) error {
			_, err := h.OfferScreen(ctx, who, terminal1, "")
			return err
		},
		act.ScreenAccept: func(ctx context.Context, who act.Who) error {
			_, err := h.AcceptScreen(ctx, who, terminal1)
			return err
		},
		act.ScreenDecline: func(ctx context.Context, who act.Who) error {
			_, err := h.DeclineScreen(ctx, who, terminal1)
			return err
		},
		act.ScreenPreempt: func(ctx context.Context, who act.Who) error {
			_, err := h.PreemptScreen(ctx, who, terminal1, screen.View, 0, "理由")
			return err
		},
		act.ScreenMirror: func(ctx context.Context, who act.Who) error {
			_, err := h.MirrorScreen(ctx, who, terminal1, "console-b", true)
			return err
		},
		act.ScreenLapse: func(ctx context.Context, who act.Who) error {
			return h.LapseScreen(ctx, who, terminal1, 1, act.LapseExpired)
		},
		act.ScreenLocal: func(ctx context.Context, who act.Who) error { return h.LocalScreen(ctx, who, terminal1) },
		act.ScreenInput: func(ctx context.Context, who act.Who) error {
			return h.CountScreen(ctx, who, terminal1, screen.Lease{Token: 1}, act.ScreenCounts{})
		},
		act.DrillCut: func(ctx context.Context, who act.Who) error {
			_, err := h.CutForDrill(ctx, who, act.NewDrill{Terminal: terminal1, Reason: "訓練", Leader: "佐藤", Lasting: time.Minute})
			return err
		},
		act.DrillRestore: func(ctx context.Context, who act.Who) error { return h.RestoreAfterDrill(ctx, who, "none", "stopped") },
		act.DrillFinish:  func(ctx context.Context, who act.Who) error { return h.FinishDrill(ctx, who, "none", true, "", nil) },
		act.ScreenRecordPolicy: func(ctx context.Context, who act.Who) error {
			return h.DecideRecording(ctx, who, terminal1, true, "訓練のため")
		},
		act.RecordingBegin: func(ctx context.Context, who act.Who) error {
			_, _, err := h.BeginRecording(ctx, who, act.RecordingWanted{Terminal: terminal1})
			return err
		},
		act.RecordingEnd: func(ctx context.Context, who act.Who) error {
			return h.EndRecording(ctx, who, act.RecordingDone{ID: "none", End: screen.EndOver})
		},
		act.RecordingDispose: func(ctx context.Context, who act.Who) error { return h.DisposeRecording(ctx, who, "none") },
		act.RecordingLook: func(ctx context.Context, who act.Who) error {
			_, err := h.LookRecording(ctx, who, "none", 0, false)
			return err
		},
		act.RecordingExport: func(ctx context.Context, who act.Who) error {
			_, err := h.LookRecording(ctx, who, "none", 0, true)
			return err
		},
		act.AnswerForget:  func(ctx context.Context, who act.Who) error { return h.ForgetAnswers(ctx, who) },
		act.SessionRevoke: func(ctx context.Context, who act.Who) error { return h.RevokeSessions(ctx, who, "p-none") },
	}
}

func (h *house) code(console string) string {
	h.Helper()
	code, err := h.IssueConsole(ctx(h), act.CommandLine(), console, "指令台", false)
	h.must(err)
	return code
}

// Every story is refused to every holder that the table does not name, before
// it loads or writes anything.
func TestEveryStoryIsDenied(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	runs := attempts(h, r.ID)
	declared := map[authz.Right][]authz.Who{}
	for _, d := range authz.Rights() {
		declared[d.Right] = d.Who
	}
	for name, right := range act.Rights() {
		run, ok := runs[name]
		if name == act.ClaimOverride || name == act.ClaimPass {
			continue // asked for within others: TestTakeOver, TestHandOver
		}
		if !ok {
			t.Errorf("story %s has no attempt here", name)
			continue
		}
		for _, holder := range authz.Holders() {
			who := act.Who{Principal: authz.Holder(holder), Console: "console-a"}
			allowed := slices.Contains(declared[right], holder)
			if allowed && name != act.ConsoleEnrol { // its attempt makes a code first
				continue // that it works is what the stories' own tests say
			}
			before := h.head()
			err := run(t.Context(), who)
			if allowed {
				if fault.Of(err) == fault.Denied {
					t.Errorf("%s is denied to %s: %v", name, holder, err)
				}
				continue
			}
			if kind := fault.Of(err); kind != fault.Denied && kind != fault.Unknown {
				t.Errorf("%s by %s = %v, want denied", name, holder, err)
			}
			if name != act.ConsoleEnrol && h.head() != before {
				t.Errorf("%s by %s was refused and changed something", name, holder)
			}
		}
	}
	for name := range runs {
		if _, ok := act.Rights()[name]; !ok {
			t.Errorf("attempt %s is no story", name)
		}
	}
	if n := h.report("N-1"); n != r {
		t.Errorf("the report changed: %+v", n)
	}
}

// The mode of a report travels into every entry about it and never mixes.
func TestModeInEveryEntry(t *testing.T) {
	h := newHouse(t, "")
	for i, mode := range []stdif.Mode{stdif.Actual, stdif.Exercise, stdif.Test} {
		id := "N-" + string(mode)
		h.arrive(h.wire(int64(i+1), net119, mode, stdif.Inbound{Report: words(id, 1)}))
		r := h.report(id)
		h.must(h.Claim(ctx(h), yamada, r.ID))
		h.must(h.Say(ctx(h), yamada, r.ID, "l", "はい"))
		h.must(h.Close(ctx(h), yamada, r.ID, "handled", ""))
		for _, e := range h.history("report/" + r.ID) {
			if e.Mode != string(mode) {
				t.Errorf("%s of a report in %s is logged as %q", e.Act, mode, e.Mode)
			}
		}
	}
}
