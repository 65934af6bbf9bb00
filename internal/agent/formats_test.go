package agent

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/matoi119/matoi/stdif"
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
