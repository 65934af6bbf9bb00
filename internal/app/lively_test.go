package app

import (
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
)

// livelyToo fills the tables of media, calls, video and programs of others.
func livelyToo(t *testing.T, h *House, who act.Who, id string) {
	ctx, cl, gw := t.Context(), act.CommandLine(), act.Gateway()
	media, err := h.Store.Media().OfReport(ctx, id)
	if err != nil || len(media) != 1 {
		t.Fatalf("media: %d, %v", len(media), err)
	}
	medium := media[0].ID
	ok(t, h.Acts.KeepMedium(ctx, gw, medium, 10, make([]byte, 32)))
	ok(t, h.Acts.ShowMedium(ctx, gw, medium, report.Made{MIME: "image/jpeg", ShownBytes: 10, Width: 4, Height: 3}))
	ok(t, h.Acts.LookMedium(ctx, who, id, medium))
	ok(t, h.Acts.RecordCall(ctx, who, report.Contact{Report: id, ID: "call-1", Party: report.PartyCaller, Outcome: report.OutcomeAnswered, Number: "090-1234-5678", Name: "例示", Note: "覚え"}))
	ok(t, h.Acts.Services(ctx, gw, "t-01", []terminal.Service{
		{ID: "net119", Name: "ネット119"}, {ID: "video", Name: "映像", Offer: &stdif.Offer{Takes: []stdif.Verb{stdif.VerbMedia}}},
	}))
	ok(t, h.Acts.RequestVideo(ctx, who, act.AskVideo{ID: "video-1", Origin: id, Service: "video", Phone: "090-1234-5678", Purpose: stdif.PurposeScene}))
	chief := act.Who{Principal: authz.OfPerson(staff.Person{ID: "chief", Roles: []staff.Role{staff.Supervisor}}), Console: who.Console}
	ok(t, h.Acts.Enrol(ctx, cl, terminal.Terminal{ID: "t-02", Name: "予備端末", Place: "通信室", Address: "127.0.0.1:8444", Serials: []string{"02"}, EnrolledAt: time.Now()}))
	drill := must[terminal.Drill](t)(h.Acts.CutForDrill(ctx, cl, act.NewDrill{Terminal: "t-02", Reason: "訓練", Leader: "佐藤", Lasting: time.Minute}))
	ok(t, h.Acts.RestoreAfterDrill(ctx, cl, drill.ID, terminal.RestoreDone))
	ok(t, h.Acts.FinishDrill(ctx, cl, drill.ID, true, "ab", []byte("{}")))
	ok(t, h.Acts.DecideRecording(ctx, chief, "t-01", true, "訓練の振り返りのため"))
	rec, begun, err := h.Acts.BeginRecording(ctx, gw, act.RecordingWanted{Terminal: "t-01", By: screen.By{Console: who.Console, Person: who.ID}, At: h.Store.Now()})
	if ok(t, err); !begun {
		t.Fatal("no recording begins")
	}
	ok(t, h.Acts.EndRecording(ctx, gw, act.RecordingDone{ID: rec.ID, End: screen.EndOver, At: h.Store.Now(), Bytes: 1000, Width: 4, Height: 3}))
	_, err = h.Acts.LookRecording(ctx, chief, rec.ID, time.Second, false)
	ok(t, err)
	ok(t, h.Acts.ChangeSnippets(ctx, chief, 0, []console.Snippet{{Text: "落ち着いてください"}}))
	_, err = h.Acts.TakeScreen(ctx, who, "t-01", screen.Operate, 0)
	ok(t, err)
	desk := chief
	desk.Console = "supervisor-desk"
	_, err = h.Acts.PreemptScreen(ctx, desk, "t-01", screen.View, 0, "応答がない")
	ok(t, err)
	c, token, err := h.Acts.AddClient(ctx, cl, act.NewClient{Name: "隣の指令システム", Owner: "情報係", Credential: "一つ目", Life: time.Hour,
		Scopes: []client.Scope{client.Read, client.Webhook, client.Console}})
	ok(t, err)
	_, _, err = h.Acts.AddHook(ctx, cl, c.ID, "https://cad.example/hook", nil, false)
	ok(t, err)
	seat := must[console.Console](t)(h.Acts.AddClientConsole(ctx, cl, c.ID, "隣の1番", false))
	through := act.Who{Principal: authz.OfConsole(seat.ID), Console: seat.ID, Client: c.ID}
	_, _, err = h.Acts.LogInThrough(ctx, through, client.TokenHash(token), "sato", "a-long-password")
	ok(t, err)
	once := &act.Once{ID: "once-1", Digest: "d"}
	_, err = h.Acts.RequestReport(act.WithOnce(ctx, once), who, id)
	ok(t, err)
	ok(t, h.Acts.KeepAnswer(ctx, who, once, []byte("{}")))
}
