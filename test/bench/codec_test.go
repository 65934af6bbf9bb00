package bench

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/cap"
	"github.com/matoi119/matoi/stdif/eido"
	bodies "github.com/matoi119/matoi/stdif/multipart"
	"github.com/matoi119/matoi/stdif/notice"
	"github.com/matoi119/matoi/stdif/open1"
	"github.com/matoi119/matoi/stdif/pidf"
	"github.com/matoi119/matoi/stdif/veds"
)

const (
	location = `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml" entity="pres:a@example.jp">` +
		`<tuple id="a"><status><gp:geopriv><gp:location-info><Circle xmlns="http://www.opengis.net/pidflo/1.0" srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>34.7039 135.5012</gml:pos><radius uom="urn:ogc:def:uom:EPSG::9001">25</radius></Circle></gp:location-info><gp:method>GPS</gp:method></gp:geopriv></status><timestamp>2026-04-01T10:00:55+09:00</timestamp></tuple>` +
		`<tuple id="c"><status><gp:geopriv><gp:location-info><civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"><country>JP</country><A1>大阪府</A1><A2>例示市</A2><A4>本町</A4><LOC>付近</LOC></civicAddress></gp:location-info></gp:geopriv></status></tuple></presence>`
	crashed = `<AutomatedCrashNotification xmlns="http://www.veds.org/acn/3.1"><DocumentPostDate><DateTime>2026-04-01T10:00:30+09:00</DateTime></DocumentPostDate>` +
		`<Crash><ActivityIdentification><IdentificationID>AACN-17</IdentificationID></ActivityIdentification><ActivityDate><DateTime>2026-04-01T10:00:00+09:00</DateTime></ActivityDate>` +
		`<CrashVehicle><ItemMakeName>例示自動車</ItemMakeName><ItemModelName>例示</ItemModelName><ConveyanceColorPrimaryText>白</ConveyanceColorPrimaryText>` +
		`<VehicleCrashPulse><CrashPulsePrincipalDirectionOfForceValue>12</CrashPulsePrincipalDirectionOfForceValue><CrashPulseChangeInVelocityMeasure><MeasurePointValue>42</MeasurePointValue><MeasureUnitText>KPH</MeasureUnitText></CrashPulseChangeInVelocityMeasure></VehicleCrashPulse>` +
		`<VehicleSeat><VehicleSeatOccupiedIndicator>true</VehicleSeatOccupiedIndicator><VehicleSeatbeltFastenedIndicator>true</VehicleSeatbeltFastenedIndicator></VehicleSeat></CrashVehicle></Crash></AutomatedCrashNotification>`
	alerted = `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>C-17</identifier><sender>s</sender><sent>2026-04-01T10:00:00+09:00</sent>` +
		`<status>Actual</status><msgType>Alert</msgType><scope>Private</scope><info><language>ja</language><category>Fire</category><event>火災</event><urgency>Immediate</urgency>` +
		`<severity>Severe</severity><certainty>Observed</certainty><headline>自動火災報知設備</headline><description>３階の感知器が作動しています。</description>` +
		`<parameter><valueName>SIGNAL</valueName><value>9</value></parameter><area><areaDesc>例示市例示町１丁目</areaDesc><circle>34.7,135.5 0.025</circle></area></info></alert>`
	spoken = "受付番号：J-17\n覚知日時：令和8年4月1日 午後１時０３分\n災害住所：大阪府例示市髙橋町１－２－３　例示ハイツ２０１号室\n災害区分：火災\n消防隊が出動しています。"
)

// reference is the least that a reader of the same bytes could do.
type reference func(wire []byte) error

func anyJSON(wire []byte) error {
	var v any
	return json.Unmarshal(wire, &v)
}

func tokens(wire []byte) error {
	d := xml.NewDecoder(bytes.NewReader(wire))
	for {
		if _, err := d.Token(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

func parts(wire []byte) error {
	_, body, _ := bytes.Cut(wire, []byte("\n\n"))
	r := multipart.NewReader(bytes.NewReader(body), "b")
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		inside, err := io.ReadAll(p)
		if err != nil {
			return err
		}
		if err := tokens(inside); err != nil {
			return err
		}
	}
}

// view is what a headquarters hands on of a report in dialog.
func view() eido.View {
	at := time.Date(2026, 4, 1, 9, 12, 3, 0, time.UTC)
	lat, lon := 34.7039, 135.5012
	v := eido.View{ReportID: "019a-0001", Number: "0401-0017", Mode: stdif.Exercise, State: eido.InDialog, UpdatedAt: at, Headquarters: eido.Agency{ID: "hq.example", Name: "例示消防本部"},
		Report: stdif.Report{ID: "N-1", Revision: 1, EventTime: at, Kind: stdif.IncidentType{Code: "ems", Label: "救急"}, Text: "息が苦しい",
			Locations:  []stdif.Location{{Role: "caller", Shape: "circle", Lat: &lat, Lon: &lon, RadiusM: 25}, {Role: "registered-home", Civic: &stdif.Civic{Line: "本町１－２－３"}}},
			Subscriber: &stdif.SubscriberInfo{Name: "例示 花子", Phone: "+819000000000"}}}
	for range 4 {
		v.Chat = append(v.Chat, eido.Line{ChatMessage: stdif.ChatMessage{ID: "1", ReportID: "N-1", From: stdif.FromCaller, At: at, Text: "煙が見えます"}})
	}
	return v
}

// BenchmarkCodecs reads one message of each format, beside a reference that only
// walks the same bytes, in the same run.
func BenchmarkCodecs(b *testing.B) {
	v := view()
	document, err := eido.Encode(v)
	if err != nil {
		b.Fatal(err)
	}
	foreign := bytes.Replace(document, []byte(`"eidoVersion":"1.0"`), []byte(`"eidoVersion":"1.0","x":1`), 1)
	native, err := open1.Marshal(v.Report)
	if err != nil {
		b.Fatal(err)
	}
	body := "Call-Info: <R-17>;purpose=emergency-CallId\nDate: Wed, 01 Apr 2026 01:01:00 GMT\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\nContent-Type: application/pidf+xml\n\n" + location + "\n--b\nContent-Type: application/EmergencyCallData.VEDS+xml\n\n" + crashed + "\n--b--\n"
	read := func(c stdif.Codec) func([]byte) error {
		return func(wire []byte) error {
			_, _, err := c.Decode(wire)
			return err
		}
	}
	for _, c := range []struct {
		name string
		wire string
		ours func([]byte) error
		than reference
	}{
		{"open1", string(native), read(open1.ReportCodec{}), anyJSON},
		{"eido, whole", string(document), read(eido.Codec{Now: time.Now}), anyJSON},
		{"eido, changed", string(foreign), read(eido.Codec{Now: time.Now}), anyJSON},
		{"cap", alerted, read(cap.Codec{}), tokens},
		{"veds", crashed, read(veds.Codec{Now: time.Now}), tokens},
		{"pidf-lo", location, func(wire []byte) error { _, _, err := pidf.Read(wire); return err }, tokens},
		{"multipart", body, read(bodies.Codec{Now: time.Now}), parts},
		{"notice", spoken, read(notice.Codec{Now: time.Now}), nil},
	} {
		b.Run(strings.ReplaceAll(c.name, ", ", " ")+"/codec", func(b *testing.B) { throughput(b, []byte(c.wire), c.ours) })
		if c.than != nil {
			b.Run(strings.ReplaceAll(c.name, ", ", " ")+"/reference", func(b *testing.B) { throughput(b, []byte(c.wire), c.than) })
		}
	}
	b.Run("eido write/codec", func(b *testing.B) {
		throughput(b, document, func([]byte) error { _, err := eido.Encode(v); return err })
	})
	b.Run("eido write/reference", func(b *testing.B) {
		throughput(b, document, func([]byte) error { _, err := json.Marshal(v); return err })
	})
}

func throughput(b *testing.B, wire []byte, read func([]byte) error) {
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		if err := read(wire); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
