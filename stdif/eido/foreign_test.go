package eido

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// foreign is a document of another maker, written by hand: it has its own
// spelling of the time, a place by reference, an object where an array belongs.
const foreign = `{
 "$id":"urn:emergency:uid:incidentid:77:bcf.example","lastUpdateTimestamp":"2026-04-01T10:02:03.456+09:00","updatedByAgencyReference":{"$ref":"psap.example"},
 "eidoVersion":"1.0","issuingElementIdentification":"idx.example",
 "incidentComponent":{"$id":"i","incidentTypeCommonRegistryText":"Structure Fire","incidentStatusCommonRegistryText":["Active"],"incidentCommonPriorityNumber":1},
 "callComponent":[{"$id":"urn:emergency:uid:callid:77:bcf.example","callStateRegistryText":"callAnswered","standardPrimaryCallType":"emergency",
  "direction":"incoming","callStartTimestamp":"2026-04-01T10:00:00+09:00","queueIdentifier":"sos@example"}],
 "callbackComponent":{"$id":"cb","callBackInformationUri":["sip:1@example","tel:+819000000002"]},
 "locationComponent":[
  {"$id":"l1","locationTypeDescriptionRegistryText":"RoutingLocation","locationByValue":"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\" entity=\"pres:a@example\"><tuple id=\"t\"><status><gp:geopriv><gp:location-info><civicAddress xmlns=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr\"><A1>大阪府</A1><A2>例示市</A2></civicAddress></gp:location-info></gp:geopriv></status></tuple></presence>"},
  {"$id":"l2","locationTypeDescriptionRegistryText":"Caller","locationByReferenceUrl":"https://lrf.example?x"},
  {"$id":"l3","locationTypeDescriptionRegistryText":"Staging","locationDescriptionText":"北側の駐車場"},
  {"$id":"l4","locationTypeDescriptionRegistryText":"Caller","locationByValue":"<presence"}],
 "additionalDataComponent":[
  {"$id":"a1","additionalDataByValue":"<EmergencyCallData.ProviderInfo xmlns=\"urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo\"><DataProviderString>例示リレー</DataProviderString><TypeOfProvider>Relay Provider</TypeOfProvider><ContactURI>tel:+81312345678</ContactURI></EmergencyCallData.ProviderInfo>"},
  {"$id":"a2","additionalDataByReferenceUrl":"https://adr.example/1","urlPurpose":"EmergencyCallData.SubscriberInfo"}],
 "notesComponent":[{"$id":"n1","notesActionComments":"<b>煙が見える</b>"}],
 "personComponent":[{"$id":"p1","personIncidentRoleRegistryText":["Caller"]}],
 "emergencyResourceComponent":[{"$id":"r1","primaryUnitStatusRegistryText":"Available"}]}`

func TestForeign(t *testing.T) {
	in, warnings, err := Codec{}.Decode([]byte(foreign))
	if err != nil {
		t.Fatal(err)
	}
	r := in.Report
	at := time.Date(2026, 4, 1, 10, 2, 3, 456_000_000, time.FixedZone("", 9*3600))
	if r.ID != "urn:emergency:uid:callid:77:bcf.example" || r.Revision != at.UnixMilli() || r.EventTime.Unix() != at.Unix()-123 || in.Mode != "" {
		t.Errorf("%s, %d, %s, mode %q", r.ID, r.Revision, r.EventTime, in.Mode)
	}
	if (r.Kind != stdif.IncidentType{Code: stdif.KindFire, Label: "Structure Fire"}) || r.Text != "<b>煙が見える</b>" {
		t.Errorf("kind %+v, text %q", r.Kind, r.Text)
	}
	var places []string
	for _, l := range r.Locations {
		places = append(places, l.Role+" "+stdif.OneLine(l))
	}
	if d := cmp.Diff([]string{"caller 大阪府例示市", "Staging 北側の駐車場"}, places); d != "" {
		t.Error(d)
	}
	if r.Proxy == nil || *r.Proxy != (stdif.Proxy{Organisation: "例示リレー", Callback: "+81312345678"}) || len(r.Contacts) != 1 || r.Contacts[0].Phone != "+819000000002" {
		t.Errorf("proxy %+v, contacts %+v", r.Proxy, r.Contacts)
	}
	for name, value := range map[string]string{
		"locationComponent[2].locationByReferenceUrl": "https://lrf.example?x", "locationComponent[4].locationByValue": "<presence",
		"additionalDataComponent[2].additionalDataByReferenceUrl": "https://adr.example/1", "callComponent[1].queueIdentifier": "sos@example",
		"emergencyResourceComponent[1].primaryUnitStatusRegistryText": "Available", "incidentComponent.incidentCommonPriorityNumber": "1",
		"callbackComponent.callBackInformationUri[1]": "sip:1@example", "issuingElementIdentification": "idx.example",
	} {
		if !has(r, name, value) {
			t.Errorf("%s is not kept", name)
		}
	}
	var said []string
	for _, w := range warnings {
		said = append(said, w.Place)
	}
	for _, place := range []string{"/locationComponent[2]/locationByReferenceUrl", "/locationComponent[4]/locationByValue", "/locations/1/role"} {
		if !strings.Contains(strings.Join(said, " "), place) {
			t.Errorf("nothing is said of %s: %v", place, said)
		}
	}
}

func TestRefused(t *testing.T) {
	for wire, code := range map[string]stdif.Code{
		`{"reportId":"1"}`: stdif.CodeSyntax, `[]`: stdif.CodeSyntax, `{"eidoVersion":"1.0"}`: stdif.CodeMissing, `{"eidoVersion":"1.0"`: stdif.CodeSyntax,
		`{"eidoVersion":"1.0","callComponent":[{"$id":"1"}]}`: stdif.CodeMissing, "{\"eidoVersion\":\"\xff\"}": stdif.CodeEncoding,
		`{"eidoVersion":"1.0","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`: stdif.CodeSyntax,
	} {
		in, _, err := Codec{}.Decode([]byte(wire))
		p, _ := err.(*stdif.Problem)
		if p == nil || p.Code != code || in.Report != nil {
			t.Errorf("%.60s: %v, want %d", wire, err, code)
		}
	}
}

// An EIDO is known under any label, and nothing else is taken for one.
func TestSniff(t *testing.T) {
	for wire, want := range map[string]bool{foreign: true, `{"callComponent":[]}`: true, `{"reportId":"1","text":"\"eidoVersion\":"}`: false, `{"reportId":"1"}`: false, `<a/>`: false} {
		if got := (Codec{}).Sniff([]byte(wire)); got != want {
			t.Errorf("%.40s: %v", wire, got)
		}
	}
}

// A document is read whole or not at all, and what was read can be carried.
func FuzzDecode(f *testing.F) {
	ours, err := Encode(added(View{Report: stdif.Report{ID: "1", Revision: 1, EventTime: time.Unix(1_700_000_000, 0).UTC(), Kind: stdif.IncidentType{Code: "fire"}}}))
	if err != nil {
		f.Fatal(err)
	}
	for _, wire := range []string{foreign, string(ours), strings.Replace(string(ours), "handled", "other", 1), "{}", `{"callComponent":[{"$id":"1","callStartTimestamp":"2026-04-01T10:00:00Z"}]}`,
		`{"incidentComponent":[1,null,{"a":[]}],"locationComponent":{"locationByValue":"<a"}}`} {
		f.Add([]byte(wire))
	}
	clock := func() time.Time { return time.Unix(1_700_000_000, 0) }
	f.Fuzz(func(t *testing.T, wire []byte) {
		in, _, err := Codec{Now: clock}.Decode(wire)
		if err != nil {
			if in.Report != nil {
				t.Fatalf("half-read: %+v", in.Report)
			}
			return
		}
		if in.Report.Raw == nil {
			t.Fatal("no raw")
		}
		frame, err := open1.FrameOf(in, time.Unix(0, 0).UTC())
		if err != nil {
			t.Fatal(err)
		}
		frame.Spool, frame.Seq, frame.ServiceID = "s", 1, "cad.example"
		if frame.Mode == "" {
			frame.Mode, in.Mode = stdif.Test, stdif.Test
		}
		encoded, err := open1.Encode(frame)
		if err != nil {
			t.Fatal(err)
		}
		again, p := open1.Decode(encoded)
		if p != nil {
			t.Fatalf("own frame: %v", p)
		}
		out, _, p := open1.DecodeBody(again)
		if p != nil {
			t.Fatalf("own body: %v", p)
		}
		if d := cmp.Diff(in, out, equal); d != "" {
			t.Fatalf("carried (-read +received):\n%s", d)
		}
		if _, err := Encode(View{Report: *out.Report, Mode: out.Mode}); err != nil {
			t.Fatal(err)
		}
	})
}
