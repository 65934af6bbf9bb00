package agent

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/japanese"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/eido"
	"github.com/matoi119/matoi/stdif/open1"
)

const crashNotice = `<AutomatedCrashNotification xmlns="http://www.veds.org/acn/3.1"><DocumentPostDate><DateTime>2026-04-01T10:00:30+09:00</DateTime></DocumentPostDate>` +
	`<Crash><ActivityIdentification><IdentificationID>AACN-17</IdentificationID></ActivityIdentification><ActivityDate><DateTime>2026-04-01T10:00:00+09:00</DateTime></ActivityDate>` +
	`<CrashVehicle/></Crash></AutomatedCrashNotification>`

const crashCall = "Call-Info: <urn:emergency:uid:callid:17:example.jp>;purpose=emergency-CallId\r\nDate: Wed, 01 Apr 2026 01:01:00 GMT\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: application/EmergencyCallData.VEDS+xml\r\n\r\n" + crashNotice + "\r\n--b\r\nContent-Type: application/pidf+xml\r\n\r\n<presence\r\n--b--\r\n"

// The formats of other networks are taken where reports are taken, under
// whatever label; sending again is harmless, and a location alone is told what
// to do.
func TestFormatsAtTheIntake(t *testing.T) {
	s := newSite(t, nil)
	post := func(kind, wire string) (int, open1.Status) {
		t.Helper()
		a := s.do("net119", "POST", open1.PathIntakeReports, http.Header{"Content-Type": {kind}, ModeHeader: {string(stdif.Exercise)}}, []byte(wire))
		var status open1.Status
		if err := json.Unmarshal([]byte(a.body), &status); err != nil {
			t.Fatalf("%s: %d %s", kind, a.code, a.body)
		}
		return a.code, status
	}
	for _, c := range []struct {
		kind, wire, number string
		warnings           int
	}{
		{"application/EmergencyCallData.VEDS+xml", crashNotice, "AACN-17", 0},
		{"multipart/mixed; boundary=b", crashCall, "urn:emergency:uid:callid:17:example.jp", 1},
	} {
		code, status := post(c.kind, c.wire)
		if code != http.StatusCreated || status.ReportID != c.number || status.Step != stdif.Spooled || len(status.Warnings) != c.warnings {
			t.Errorf("%s: %d, %+v", c.kind, code, status)
		}
		if code, again := post("application/octet-stream", c.wire); code != http.StatusOK || again.ReportID != c.number {
			t.Errorf("%s again: %d, %+v", c.kind, code, again)
		}
	}
	a := s.do("net119", "POST", open1.PathIntakeReports, http.Header{"Content-Type": {"application/pidf+xml"}, ModeHeader: {string(stdif.Exercise)}},
		[]byte(`<presence xmlns="urn:ietf:params:xml:ns:pidf"/>`))
	if p := a.problem(t); a.code != http.StatusUnprocessableEntity || !p.Kept || p.Code != stdif.CodeMissing || !strings.Contains(p.Detail, "not a report") {
		t.Errorf("a location alone: %d, %s", a.code, a.body)
	}
}

// A notice in Shift_JIS and an incident of another centre are taken as what they
// are; that nothing happens wakes nobody and is not kept.
func TestNoticesAtTheIntake(t *testing.T) {
	s := newSite(t, nil)
	sjis, err := japanese.ShiftJIS.NewEncoder().String("事案番号：J-9\n覚知時刻：10時03分ごろ\n災害住所：例示市髙橋町①番付近\n災害区分：救急")
	if err != nil {
		t.Fatal(err)
	}
	incident, err := eido.Encode(eido.View{Report: stdif.Report{ID: "E-1", Revision: 1, EventTime: time.Unix(1_775_000_000, 0).UTC(), Kind: stdif.IncidentType{Code: "fire"}, Text: "煙"}})
	if err != nil {
		t.Fatal(err)
	}
	for number, c := range map[string]struct{ kind, wire string }{"J-9": {"text/plain; charset=Shift_JIS", sjis}, "E-1": {"application/json", string(incident)}} {
		a := s.do("net119", "POST", open1.PathIntakeReports, http.Header{"Content-Type": {c.kind}, ModeHeader: {string(stdif.Exercise)}}, []byte(c.wire))
		if a.code != http.StatusCreated || !strings.Contains(string(a.body), `"reportId":"`+number+`"`) {
			t.Errorf("%s: %d %s", number, a.code, a.body)
		}
	}
	before := s.Spool().Through()
	a := s.do("net119", "POST", open1.PathIntakeReports, http.Header{"Content-Type": {"text/plain"}, ModeHeader: {string(stdif.Exercise)}}, []byte("現在、災害は発生していません"))
	if p := a.problem(t); a.code != http.StatusUnprocessableEntity || p.Kept || p.Code != stdif.CodeNothing || s.Spool().Through() != before {
		t.Errorf("nothing to report: %d %s, %d frames", a.code, a.body, s.Spool().Through()-before)
	}
}
