package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/cap"
	"github.com/matoi119/matoi/stdif/eido"
	"github.com/matoi119/matoi/stdif/multipart"
	"github.com/matoi119/matoi/stdif/notice"
	"github.com/matoi119/matoi/stdif/open1"
	"github.com/matoi119/matoi/stdif/veds"
	"github.com/matoi119/matoi/test/duty"
)

// relayed is a report of a relay-report operator (代理通報): who it is and where
// to call back, the car, and three places from three sources.
const relayed = "Call-Info: <R-17>;purpose=emergency-CallId\nDate: Wed, 01 Apr 2026 01:01:00 GMT\nContent-Type: multipart/mixed; boundary=b\n\n" +
	"--b\nContent-Type: application/EmergencyCallData.ProviderInfo+xml\n\n" +
	`<EmergencyCallData.ProviderInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo"><DataProviderString>例示オペレーションセンター</DataProviderString>` +
	`<TypeOfProvider>Telematics Provider</TypeOfProvider><ContactURI>tel:+81312345678</ContactURI><Language>ja</Language></EmergencyCallData.ProviderInfo>` +
	"\n--b\nContent-Type: application/pidf+xml\n\n" +
	`<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml" entity="pres:a@example.jp">` +
	`<tuple id="a"><status><gp:geopriv><gp:location-info><Circle xmlns="http://www.opengis.net/pidflo/1.0"><gml:pos>34.7039 135.5012</gml:pos><radius>25</radius></Circle></gp:location-info><gp:method>GPS</gp:method></gp:geopriv></status><timestamp>2026-04-01T10:00:55+09:00</timestamp></tuple>` +
	`<tuple id="b"><status><gp:geopriv><gp:location-info><gml:Point><gml:pos>34.7100 135.5100</gml:pos></gml:Point></gp:location-info><gp:method>Cell</gp:method></gp:geopriv></status><timestamp>2026-04-01T10:00:10+09:00</timestamp></tuple>` +
	`<tuple id="c"><status><gp:geopriv><gp:location-info><civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"><A1>大阪府</A1><A2>例示市</A2><LOC>付近</LOC></civicAddress></gp:location-info></gp:geopriv></status></tuple></presence>` +
	"\n--b\nContent-Type: application/EmergencyCallData.VEDS+xml\n\n" + crash + "\n--b--"

const crash = `<AutomatedCrashNotification xmlns="http://www.veds.org/acn/3.1"><DocumentPostDate><DateTime>2026-04-01T10:00:30+09:00</DateTime></DocumentPostDate>` +
	`<Crash><ActivityIdentification><IdentificationID>AACN-17</IdentificationID></ActivityIdentification><ActivityDate><DateTime>2026-04-01T10:00:00+09:00</DateTime></ActivityDate>` +
	`<CrashVehicle><ItemMakeName>例示自動車</ItemMakeName><Odd>word</Odd></CrashVehicle></Crash></AutomatedCrashNotification>`

// taken are messages of several formats.
var taken = []struct {
	codec             stdif.Codec
	contentType, wire string
}{
	{multipart.Codec{Now: time.Now}, multipart.MediaType, relayed},
	{veds.Codec{Now: time.Now}, veds.MediaType, crash},
	{cap.Codec{}, cap.MediaType, `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>C-17</identifier><sender>s</sender><sent>2026-04-01T10:00:00+09:00</sent>` +
		`<status>Actual</status><msgType>Alert</msgType><scope>Private</scope><info><category>Fire</category><event>火災</event><description>煙</description>` +
		`<parameter><valueName>SIGNAL</valueName><value>&lt;9&gt;</value></parameter><area><areaDesc>例示市</areaDesc><circle>34.7,135.5 0.025</circle></area></info></alert>`},
	{notice.Codec{Now: time.Now}, notice.MediaType, "受付番号：J-17\n覚知日時：令和8年4月1日 午後１時０３分\n災害住所：例示市髙橋町①番　例示ハイツ付近\n災害区分：火災"},
	{open1.ReportCodec{}, "application/json", `{"reportId":"O-17","revision":3,"eventTime":"2026-04-01T09:11:58.123+09:00","kind":{"code":"ems","label":"救急"},"text":"か\u3099 息が苦しい",` +
		`"new":{"member":[1.50,null]},"locations":[{"role":"caller","lat":135.5,"lon":34.7},{"role":"registered-home","civic":{"line":"本町１－２－３"}}],"subscriber":{"name":"例示 花子","kana":"レイジ ハナコ"}}`},
}

// Nothing of a message is lost on the way service → store → API → EIDO: what the
// codec read is what comes out of the document, to the last additional item and
// the bytes. A relay report comes with its operator, the number to call back and
// every place, in the order in which they came.
func TestNothingIsLostOnTheWay(t *testing.T) {
	duty.Holds(t, "FD-19")
	h := newHouse(t)
	s := h.seat("a", staff.Dispatcher)
	for _, m := range taken {
		in, _, err := stdif.DecodeAs(m.codec, m.contentType, []byte(m.wire))
		h.must(err)
		if in.Report.Raw != nil && string(in.Report.Raw.Bytes) != m.wire {
			t.Errorf("%s: the bytes are not kept", m.codec.Name())
		}
		h.arrive(in)
		open, err := h.store.Reports().Board(t.Context())
		h.must(err)
		id := ""
		for _, r := range open {
			if r.ServiceReport == in.Report.ID {
				id = r.ID
			}
		}
		w := h.do(s, http.MethodGet, "/reports/"+id+"/eido", nil)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", m.codec.Name(), w.Code, w.Body)
		}
		doc, warnings, err := eido.Read(w.Body.Bytes())
		if err != nil || !doc.Whole || len(warnings) > 0 {
			t.Fatalf("%s: %v, %v", m.codec.Name(), err, warnings)
		}
		if d := cmp.Diff(*in.Report, doc.View.Report); d != "" {
			t.Errorf("%s (-read by the codec +at the end):\n%s", m.codec.Name(), d)
		}
		if m.wire == relayed {
			relay(t, doc.View.Report)
		}
	}
}

func relay(t *testing.T, r stdif.Report) {
	t.Helper()
	if r.Proxy == nil || r.Proxy.Organisation != "例示オペレーションセンター" || r.Proxy.Callback != "+81312345678" {
		t.Errorf("operator %+v", r.Proxy)
	}
	var places []string
	for _, l := range r.Locations {
		places = append(places, strings.Join([]string{l.Role, l.Shape, l.Method, stdif.OneLine(l)}, " "))
	}
	want := []string{"vehicle circle gnss 34.7039, 135.5012 ±25 m", "vehicle point cell 34.71, 135.51", "vehicle civic  大阪府例示市 付近"}
	if d := cmp.Diff(want, places); d != "" {
		t.Errorf("places (-given +kept):\n%s", d)
	}
	if r.Vehicle == nil || r.Vehicle.Make != "例示自動車" {
		t.Errorf("car %+v", r.Vehicle)
	}
}
