// Package act holds the stories: one file per story, each a function that loads
// what it needs, lets a pure rule of the field decide, and leaves rows, messages
// and changes in one transaction with the entry that says who did it and why.
// Nothing else writes to the store.
//
// Every story has a name and a right. The table below joins them; a story that
// is not in it cannot run, and a right that the policy text does not know keeps
// the program from starting.
package act

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/google/uuid"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
)

// Name is the stable name of a story, as evidence entries and timelines show it.
type Name string

// The stories.
const (
	ReportArrive      Name = "report.arrive"
	ReportRevise      Name = "report.revise"
	ReportUndecodable Name = "report.undecodable"
	ReportState       Name = "report.state"
	ReportIntegrate   Name = "report.integrate"
	ReportOpen        Name = "report.open"
	ReportMedicalOpen Name = "report.medical.open"
	ReportClaim       Name = "report.claim"
	ReportRelease     Name = "report.release"
	ReportClose       Name = "report.close"
	ReportRaise       Name = "report.raise"
	ReportEnter       Name = "report.enter"
	ReportUnheard     Name = "report.unheard"
	ReportEscalate    Name = "report.escalate"
	ReportStale       Name = "report.stale"
	ReportSilent      Name = "report.silent"
	ReportClock       Name = "report.clock"
	ClaimTakeOver     Name = "claim.takeover"
	ClaimOverride     Name = "claim.override" // a take-over of a claim that is looked after
	ClaimOffer        Name = "claim.offer"
	ClaimWithdraw     Name = "claim.withdraw"
	ClaimAccept       Name = "claim.accept"
	ClaimRefuse       Name = "claim.refuse"
	ClaimPass         Name = "claim.pass"
	ClaimStale        Name = "claim.stale"
	ClaimAlive        Name = "claim.alive"
	MissedAcknowledge Name = "missed.acknowledge"
	ShiftBegin        Name = "shift.begin"
	ShiftVolume       Name = "shift.volume"
	ShiftEnd          Name = "shift.end"
	ShiftHandOver     Name = "shift.hand-over"
	ShiftTake         Name = "shift.take"
	BoardPrint        Name = "board.print"
	BoardExport       Name = "board.export"
	ChatReceive       Name = "chat.receive"
	ChatSend          Name = "chat.send"
	ReceiptReceive    Name = "receipt.receive"
	MediaReceive      Name = "media.receive"
	MediaRequest      Name = "media.request"
	CallRecord        Name = "call.record"
	CallerCallBack    Name = "caller.call-back"
	GuideSend         Name = "guide.send"
	LiveView          Name = "live.view"
	MediaKeep         Name = "media.keep"
	MediaShow         Name = "media.show"
	MediaQuarantine   Name = "media.quarantine"
	MediaLook         Name = "media.look"
	MediaDispose      Name = "media.dispose"
	DataRequest       Name = "data.request"
	DataAnswer        Name = "data.answer"
	MessageDeliver    Name = "message.deliver"
	TerminalLink      Name = "terminal.link"
	TerminalEnrol     Name = "terminal.enrol"
	TerminalServices  Name = "terminal.services"
	TerminalRenew     Name = "terminal.renew"
	TerminalRevoke    Name = "terminal.revoke"
	ConsoleIssue      Name = "console.issue"
	ConsoleEnrol      Name = "console.enrol"
	ConsoleRevoke     Name = "console.revoke"
	PersonAdd         Name = "person.add"
	PersonChange      Name = "person.change"
	IncidentOpen      Name = "incident.open"
	IncidentJoin      Name = "incident.join"
	IncidentPart      Name = "incident.part"
	IncidentDismiss   Name = "incident.dismiss"
	IncidentClose     Name = "incident.close"
	VoiceCallNotice   Name = "voice-call.notice"
	SnippetChange     Name = "snippet.change"
	PartnerAdd        Name = "partner.add"
	PartnerRevoke     Name = "partner.revoke"
	TransferOffer     Name = "transfer.offer"
	TransferWithdraw  Name = "transfer.withdraw"
	TransferTelephone Name = "transfer.telephone"
	TransferRefuse    Name = "transfer.refuse"
	TransferReceipt   Name = "transfer.receipt"
	TransferHear      Name = "transfer.hear"
	TransferRefused   Name = "transfer.refused"
	TransferStuck     Name = "transfer.stuck"
	SessionOpen       Name = "session.open"
	SessionRefuse     Name = "session.refuse"
	SessionTouch      Name = "session.touch"
	SessionClose      Name = "session.close"
	SessionRevoke     Name = "session.revoke"
	MapImport         Name = "map.import"
	MapRemove         Name = "map.remove"
	ClientAdd         Name = "client.add"
	ClientIssue       Name = "client.issue"
	ClientRevoke      Name = "client.revoke"
	ClientConsole     Name = "client.console"
	ClientUse         Name = "client.use"
	WebhookAdd        Name = "webhook.add"
	WebhookRemove     Name = "webhook.remove"
	WebhookReplay     Name = "webhook.replay"
	WebhookQueue      Name = "webhook.queue"
	ScreenTake        Name = "screen.take"
	ScreenOperate     Name = "screen.operate" // a take to operate
	ScreenRelease     Name = "screen.release"
	ScreenLapse       Name = "screen.lapse"
	ScreenAsk         Name = "screen.ask"
	ScreenOffer       Name = "screen.offer"
	ScreenWithdraw    Name = "screen.withdraw"
	ScreenAccept      Name = "screen.accept"
	ScreenDecline     Name = "screen.decline"
	ScreenPreempt     Name = "screen.preempt"
	ScreenMirror      Name = "screen.mirror"
	ScreenLocal       Name = "screen.local"
	ScreenInput       Name = "screen.input" // counts, never keys
	AnswerKeep        Name = "answer.keep"
	AnswerForget      Name = "answer.forget"

	DrillCut           Name = "drill.cut"
	DrillRestore       Name = "drill.restore"
	DrillFinish        Name = "drill.finish"
	ScreenRecordPolicy Name = "screen.record.policy"
	RecordingBegin     Name = "recording.begin"
	RecordingEnd       Name = "recording.end"
	RecordingLook      Name = "recording.look"
	RecordingExport    Name = "recording.export"
	RecordingDispose   Name = "recording.dispose"
)

// Rights says which right each story needs.
func Rights() map[Name]authz.Right {
	return map[Name]authz.Right{
		ReportArrive: authz.ReportArrive, ReportRevise: authz.ReportArrive, ReportUndecodable: authz.ReportArrive,
		ReportState: authz.ReportArrive, ChatReceive: authz.ReportArrive, MediaReceive: authz.ReportArrive,
		ReceiptReceive: authz.ReportArrive,
		MediaRequest:   authz.MediaRequest, CallRecord: authz.CallRecord, CallerCallBack: authz.CallerCallBack,
		GuideSend: authz.GuideSend, LiveView: authz.LiveView,
		ReportIntegrate: authz.FeedConfirm, ReportOpen: authz.ReportOpen, ReportClaim: authz.ReportClaim,
		ReportMedicalOpen: authz.ReportMedical, SnippetChange: authz.SnippetManage,
		ReportRelease: authz.ReportRelease, ReportClose: authz.ReportClose,
		ReportRaise: authz.ReportRaise, ReportEnter: authz.ReportEnter,
		ClaimTakeOver: authz.ClaimTakeOver, ClaimOverride: authz.ClaimOverride, ClaimOffer: authz.ClaimOffer, ClaimWithdraw: authz.ClaimOffer,
		ClaimAccept: authz.ClaimAccept, ClaimRefuse: authz.ClaimAccept, ClaimPass: authz.ClaimAccept,
		ClaimStale: authz.ClaimWatch, ClaimAlive: authz.ClaimWatch, MissedAcknowledge: authz.MissedAcknowledge,
		ShiftBegin: authz.ShiftKeep, ShiftVolume: authz.ShiftKeep, ShiftEnd: authz.ShiftKeep,
		ShiftHandOver: authz.ShiftHandOver, ShiftTake: authz.ShiftHandOver,
		BoardPrint: authz.BoardPrint, BoardExport: authz.BoardExport,
		ReportUnheard: authz.ReportUnheard, ReportEscalate: authz.ReportEscalate,
		ReportStale: authz.ReportSilent, ReportSilent: authz.ReportSilent, ReportClock: authz.ReportEscalate,
		ChatSend: authz.ChatSend, DataRequest: authz.DataRequest, DataAnswer: authz.DataAnswer,
		MediaKeep: authz.MediaKeep, MediaShow: authz.MediaKeep, MediaQuarantine: authz.MediaKeep,
		MediaLook: authz.MediaRead, MediaDispose: authz.MediaDispose,
		MessageDeliver: authz.MessageDeliver,
		TerminalLink:   authz.TerminalLink, TerminalServices: authz.TerminalLink,
		TerminalEnrol: authz.TerminalEnrol, TerminalRenew: authz.TerminalRenew, TerminalRevoke: authz.TerminalRevoke,
		ConsoleIssue: authz.ConsoleEnrol, ConsoleEnrol: authz.ConsoleJoin, ConsoleRevoke: authz.ConsoleRevoke,
		IncidentOpen: authz.IncidentJoin, IncidentJoin: authz.IncidentJoin, IncidentPart: authz.IncidentJoin,
		IncidentDismiss: authz.IncidentJoin, IncidentClose: authz.IncidentClose, VoiceCallNotice: authz.VoiceCallNotice,
		PartnerAdd: authz.PartnerManage, PartnerRevoke: authz.PartnerManage,
		TransferOffer: authz.ReportTransfer, TransferWithdraw: authz.ReportTransfer, TransferTelephone: authz.ReportTransfer, TransferRefuse: authz.ReportTransfer,
		TransferReceipt: authz.TransferCarry, TransferHear: authz.TransferCarry, TransferRefused: authz.TransferCarry, TransferStuck: authz.TransferCarry,
		PersonAdd: authz.PersonManage, PersonChange: authz.PersonManage,
		SessionOpen: authz.SessionOpen, SessionRefuse: authz.SessionOpen, SessionTouch: authz.SessionTouch,
		SessionClose: authz.SessionClose, SessionRevoke: authz.SessionRevoke,
		MapImport: authz.MapManage, MapRemove: authz.MapManage,
		ClientAdd: authz.ClientManage, ClientIssue: authz.ClientManage, ClientRevoke: authz.ClientManage, ClientConsole: authz.ClientManage,
		ClientUse: authz.ClientUse, WebhookAdd: authz.WebhookManage, WebhookRemove: authz.WebhookManage, WebhookReplay: authz.WebhookReplay, WebhookQueue: authz.WebhookQueue,
		ScreenTake: authz.ScreenView, ScreenOperate: authz.ScreenOperate, ScreenRelease: authz.ScreenView, ScreenAsk: authz.ScreenView,
		ScreenOffer: authz.ScreenView, ScreenWithdraw: authz.ScreenView, ScreenAccept: authz.ScreenView, ScreenDecline: authz.ScreenView,
		ScreenPreempt: authz.ScreenPreempt, ScreenMirror: authz.ScreenMirror,
		ScreenLapse: authz.ScreenCarry, ScreenLocal: authz.ScreenCarry, ScreenInput: authz.ScreenCarry,
		AnswerKeep: authz.AnswerKeep, AnswerForget: authz.AnswerForget,
		DrillCut: authz.DrillLead, DrillFinish: authz.DrillLead, DrillRestore: authz.DrillStop,
		ScreenRecordPolicy: authz.ScreenRecordPolicy, RecordingBegin: authz.RecordingKeep, RecordingEnd: authz.RecordingKeep,
		RecordingLook: authz.RecordingLook, RecordingExport: authz.RecordingExport, RecordingDispose: authz.RecordingDispose,
	}
}

// Who acts: a principal of the policy, and where it acts from.
type Who struct {
	authz.Principal
	Console  string
	Terminal string
	Service  string
	Client   string // id of the client that carried the request
}

// actor is the form that the entry keeps: ids only.
func (w Who) actor() entry.Actor {
	a := entry.Actor{Console: w.Console, Terminal: w.Terminal, Service: w.Service, Client: w.Client}
	switch w.Kind {
	case authz.KindPerson:
		a.Person = w.ID
	case authz.KindConsole, authz.KindStranger: // the console says enough
	case authz.KindClient:
		a.Client = w.ID
	default:
		a.System = string(w.Kind)
	}
	return a
}

// Machine is a part of the program that acts by itself.
func Machine(kind authz.Kind) Who { return Who{Principal: authz.OfMachine(kind)} }

// Acts runs the stories on a store.
type Acts struct {
	store  *store.Store
	may    *authz.Decider
	rights map[Name]authz.Right

	comparing chan struct{} // bounds how many passwords are compared at once
}

// New joins stories, rights and policy text. It fails when a story has no right
// that the policy knows.
func New(s *store.Store, may *authz.Decider) (*Acts, error) {
	rights := Rights()
	for name, right := range rights {
		if !may.Declared(right) {
			return nil, fmt.Errorf("story %s needs the right %s, which the policy does not declare", name, right)
		}
	}
	return &Acts{store: s, may: may, rights: rights, comparing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}, nil
}

// Told is what a story says about itself; the zero Told means that nothing had
// to be done.
type Told struct {
	Act     Name // when the story has variants; otherwise the name it was run under
	Subject string
	Mode    stdif.Mode
	Facts   map[string]string
}

// story is the body of one act.
type story func(ctx context.Context, u *store.Unit) (Told, error)

// on is the resource of a decision.
func (a *Acts) permit(who Who, name Name, on authz.Resource) error {
	right, ok := a.rights[name]
	if !ok {
		return fmt.Errorf("story %s is not in the table of rights", name)
	}
	if d := a.may.May(who.Principal, right, on); !d.Allowed {
		return fault.New(fault.Denied, "right.none", "act", string(name))
	}
	return nil
}

func (a *Acts) do(ctx context.Context, who Who, name Name, on authz.Resource, s story) error {
	if err := a.permit(who, name, on); err != nil {
		return err
	}
	return a.store.Do(ctx, onlyOnce(ctx, name, on, a.wrap(who, name, s)))
}

func (a *Acts) submit(ctx context.Context, who Who, name Name, s story) (*writer.Pending, error) {
	if err := a.permit(who, name, authz.Resource{}); err != nil {
		return nil, err
	}
	return a.store.Submit(ctx, a.wrap(who, name, s)), nil
}

func (a *Acts) wrap(who Who, name Name, s story) store.Act {
	return func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
		told, err := s(ctx, u)
		if err != nil || told.Subject == "" {
			return entry.Entry{}, err
		}
		if told.Act == "" {
			told.Act = name
		}
		if a.rights[told.Act] != a.rights[name] {
			return entry.Entry{}, fmt.Errorf("story %s told %s, which needs another right", name, told.Act)
		}
		return entry.Entry{Act: string(told.Act), Actor: who.actor(), Subject: told.Subject, Mode: told.Mode, Facts: told.Facts}, nil
	}
}

// newID makes an id that sorts by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// tell puts an input for a terminal into the outbox.
func tell(ctx context.Context, u *store.Unit, terminalID, subject string, in stdif.Input) error {
	in.ID, in.At = newID(), u.Now()
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode input: %w", err)
	}
	return u.Send(ctx, entry.Message{ID: in.ID, Destination: "terminal/" + terminalID, Kind: string(in.Verb), Subject: subject, Body: body})
}

// The machines that act.
func Gateway() Who     { return Machine(authz.KindGateway) }
func Timer() Who       { return Machine(authz.KindWake) }
func Outbox() Who      { return Machine(authz.KindOutbox) }
func CommandLine() Who { return Machine(authz.KindCommandLine) }
