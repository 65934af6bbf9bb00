package veds

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/samples"
)

const crash = `<?xml version="1.0" encoding="UTF-8"?>
<v:AutomatedCrashNotification xmlns:v="http://www.veds.org/acn/3.1" xmlns:nc="http://niem.gov/niem/niem-core/2.0" xmlns:s="http://niem.gov/niem/structures/2.0">
 <nc:DocumentDescriptionText>追突</nc:DocumentDescriptionText><nc:DocumentPostDate><nc:DateTime>2026-04-01T10:00:30+09:00</nc:DateTime></nc:DocumentPostDate>
 <v:EventVerifiedIndicator>true</v:EventVerifiedIndicator>
 <v:ContactInformation s:id="C1"><nc:ContactTelephoneNumber><nc:FullTelephoneNumber><nc:TelephoneNumberFullID>+81-6-0000-0000</nc:TelephoneNumberFullID></nc:FullTelephoneNumber></nc:ContactTelephoneNumber></v:ContactInformation>
 <v:ContactInformation s:id="C2"><nc:ContactTelephoneNumber><nc:FullTelephoneNumber><nc:TelephoneNumberFullID>+819000000000</nc:TelephoneNumberFullID></nc:FullTelephoneNumber></nc:ContactTelephoneNumber>
  <nc:ContactEntityDescriptionText>例示 太郎</nc:ContactEntityDescriptionText></v:ContactInformation>
 <v:Crash><nc:ActivityIdentification><nc:IdentificationID>AACN-17</nc:IdentificationID></nc:ActivityIdentification>
  <nc:ActivityDate><nc:DateTime>2026-04-01T10:00:00+09:00</nc:DateTime></nc:ActivityDate>
  <ConveyanceHeadingMeasure><nc:MeasurePointValue>90</nc:MeasurePointValue></ConveyanceHeadingMeasure>
  <v:CrashVehicle><nc:ConveyanceColorPrimaryText>白</nc:ConveyanceColorPrimaryText><nc:ItemMakeName>例示自動車</nc:ItemMakeName><nc:ItemModelName>訓練２号</nc:ItemModelName>
   <nc:ConveyanceRegistrationPlateIdentification><nc:IdentificationID>例示 300 あ 12-34</nc:IdentificationID></nc:ConveyanceRegistrationPlateIdentification>
   <nc:VehicleIdentification><nc:IdentificationID>EXAMPLE0000000017</nc:IdentificationID></nc:VehicleIdentification>
   <v:Airbag><v:AirbagCategoryCode>FRONT</v:AirbagCategoryCode><v:AirbagDeployedIndicator>true</v:AirbagDeployedIndicator></v:Airbag>
   <v:VehicleCrashPulse><v:CrashPulseChangeInVelocityMeasure><nc:MeasurePointValue>-20</nc:MeasurePointValue><nc:MeasureUnitText>MPH</nc:MeasureUnitText></v:CrashPulseChangeInVelocityMeasure>
    <v:CrashPulsePrincipalDirectionOfForceValue>6</v:CrashPulsePrincipalDirectionOfForceValue></v:VehicleCrashPulse>
   <v:VehicleCrashPulse><v:CrashPulsePrincipalDirectionOfForceValue>13</v:CrashPulsePrincipalDirectionOfForceValue><v:CrashPulseRolloverQuarterTurnsValue>2</v:CrashPulseRolloverQuarterTurnsValue></v:VehicleCrashPulse>
   <v:VehiclePropulsionStorageCode>GASOLINE</v:VehiclePropulsionStorageCode><v:VehiclePropulsionStorageCode>ELECTRIC</v:VehiclePropulsionStorageCode>
   <v:VehicleSeat><v:VehicleSeatOccupiedIndicator>true</v:VehicleSeatOccupiedIndicator><v:VehicleSeatbeltFastenedIndicator>true</v:VehicleSeatbeltFastenedIndicator></v:VehicleSeat>
   <v:VehicleSeat><v:VehicleSeatOccupiedIndicator>true</v:VehicleSeatOccupiedIndicator><v:VehicleSeatbeltFastenedIndicator>false</v:VehicleSeatbeltFastenedIndicator></v:VehicleSeat>
   <v:VehicleSeat><v:VehicleSeatOccupiedIndicator>true</v:VehicleSeatOccupiedIndicator><v:VehicleSeatbeltFastenedIndicator>false</v:VehicleSeatbeltFastenedIndicator><v:VehicleSeatbeltMonitoredIndicator>false</v:VehicleSeatbeltMonitoredIndicator></v:VehicleSeat>
   <v:VehicleSeat><v:VehicleSeatOccupiedIndicator>false</v:VehicleSeatOccupiedIndicator></v:VehicleSeat></v:CrashVehicle>
  <v:SevereInjuryIndicator>true</v:SevereInjuryIndicator><v:VehicleFireIndicator>true</v:VehicleFireIndicator>
  <Estimate xmlns="urn:matoi119:veds:estimate:1" value="0.42" algorithm="例示法" version="3"/></v:Crash>
 <nc:Location><nc:LocationDescriptionText>例示高架下</nc:LocationDescriptionText><nc:LocationTwoDimensionalGeographicCoordinate><nc:GeographicDatumCode>WGE</nc:GeographicDatumCode>
  <nc:GeographicCoordinateLatitude><nc:LatitudeDegreeValue>34</nc:LatitudeDegreeValue><nc:LatitudeMinuteValue>30</nc:LatitudeMinuteValue></nc:GeographicCoordinateLatitude>
  <nc:GeographicCoordinateLongitude><nc:LongitudeDegreeValue>135.5</nc:LongitudeDegreeValue></nc:GeographicCoordinateLongitude></nc:LocationTwoDimensionalGeographicCoordinate></nc:Location>
 <v:NotificationDeviceTypeCode>AIRBAG</v:NotificationDeviceTypeCode>
 <v:NotificationOriginatingOrganization s:id="O1"><nc:OrganizationName>例示オペレーションセンター</nc:OrganizationName><nc:EmployeeIdentification><nc:IdentificationID>op-3</nc:IdentificationID></nc:EmployeeIdentification></v:NotificationOriginatingOrganization>
 <v:Person><nc:PersonName><nc:PersonFullName>例示 花子</nc:PersonFullName></nc:PersonName><nc:PersonBirthDate><nc:Date>1980-01-02</nc:Date></nc:PersonBirthDate><nc:PersonSexCode>F</nc:PersonSexCode></v:Person>
 <nc:OrganizationContactInformationAssociation><nc:OrganizationReference s:ref="O1"/><nc:ContactInformationReference s:ref="C1"/></nc:OrganizationContactInformationAssociation>
</v:AutomatedCrashNotification>`

func clock() time.Time { return time.Date(2026, 4, 1, 2, 0, 0, 5, time.UTC) }

func mustDecode(t testing.TB, wire string) (*stdif.Report, []stdif.Problem) {
	t.Helper()
	in, warnings, err := Codec{Now: clock}.Decode([]byte(wire))
	if err != nil || in.Mode != "" {
		t.Fatalf("Decode = %q, %v", in.Mode, err)
	}
	return in.Report, warnings
}

// A notification decodes into everything that a crew must know of a crash.
func TestDecodeCrash(t *testing.T) {
	duty(t, "S3-1-3-1")
	r, warnings := mustDecode(t, crash)
	if len(warnings) != 1 || warnings[0].Code != stdif.CodeUnknownValue || !strings.HasSuffix(warnings[0].Place, "VehicleCrashPulse[2]/CrashPulsePrincipalDirectionOfForceValue") {
		t.Errorf("warnings %v, want the hour 13", warnings)
	}
	lat, lon, heading, belted := 34.5, 135.5, 90.0, 1
	at := time.Date(2026, 4, 1, 10, 0, 0, 0, time.FixedZone("", 9*3600))
	want := &stdif.Report{
		ID: "AACN-17", Revision: at.Unix() + 30, EventTime: at, Kind: stdif.IncidentType{Code: stdif.KindRescue, LocalCode: "AIRBAG"}, Text: "追突",
		Locations:  []stdif.Location{{Role: "vehicle", Shape: "point", Lat: &lat, Lon: &lon, HeadingDeg: &heading, Label: "例示高架下"}},
		Subscriber: &stdif.SubscriberInfo{Name: "例示 花子", Birth: "1980-01-02", Sex: "female"},
		Contacts:   []stdif.Contact{{Name: "例示 太郎", Relation: "ContactInformation", Phone: "+819000000000"}},
		Proxy:      &stdif.Proxy{Organisation: "例示オペレーションセンター", Operator: "op-3", Callback: "+81-6-0000-0000"},
		Vehicle: &stdif.Vehicle{VIN: "EXAMPLE0000000017", Plate: "例示 300 あ 12-34", Make: "例示自動車", Model: "訓練２号", Colour: "白", Propulsion: "GASOLINE, ELECTRIC",
			Occupants: 3, Belted: &belted, Crashes: []stdif.Crash{{Direction: 6, DeltaV: 20 * 1.609344, Airbag: true, Fire: true}, {Rollover: true}}},
		Severity: &stdif.Severity{Value: 0.42, Algorithm: "例示法", Version: "3"},
		Raw:      &stdif.Raw{MIME: MediaType, Bytes: []byte(crash)},
	}
	rest := r.Additional
	r.Additional = nil
	if d := cmp.Diff(want, r); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
	for _, x := range []stdif.Additional{
		{Name: rootName + ".EventVerifiedIndicator", Value: "true"}, {Name: rootName + ".Crash.SevereInjuryIndicator", Value: "true"},
		{Name: rootName + ".Crash.CrashVehicle.Airbag.AirbagCategoryCode", Value: "FRONT"},
		{Name: rootName + ".Crash.CrashVehicle.VehicleCrashPulse[1].CrashPulseChangeInVelocityMeasure.MeasurePointValue", Value: "-20"},
	} {
		if !slices.Contains(rest, x) {
			t.Errorf("%s is lost: %v", x.Name, rest)
		}
	}
}

// What a document does not say is filled in by a rule, and said so: the same
// bytes are the same report, other bytes another one, and the newest wins.
func TestOpenNotice(t *testing.T) {
	bare := `<AutomatedCrashNotification xmlns="http://www.veds.org/acn/1.0"><Crash/></AutomatedCrashNotification>`
	r, warnings := mustDecode(t, bare)
	again, _ := mustDecode(t, bare)
	other, _ := mustDecode(t, bare+" ")
	if r.ID != again.ID || r.ID == other.ID || !strings.HasPrefix(r.ID, "sha256:") {
		t.Errorf("numbers %s, %s, %s", r.ID, again.ID, other.ID)
	}
	if !r.EventTime.Equal(clock().Truncate(time.Second)) || r.Revision != clock().Unix() || r.Additional[0].Name != "/eventTime" {
		t.Errorf("time %v, revision %d, %v", r.EventTime, r.Revision, r.Additional)
	}
	if len(warnings) != 2 || warnings[0].Place != "/reportId" || warnings[1].Place != "/eventTime" {
		t.Errorf("warnings %v", warnings)
	}
	if _, _, err := (Codec{}).Decode([]byte(bare)); err == nil {
		t.Error("a document without any time was taken without a clock")
	}
	r, warnings = mustDecode(t, strings.Replace(crash, "10:00:00+09:00", "10:00:00", 1))
	if r.EventTime.Unix() != r.Revision || !slices.ContainsFunc(warnings, func(p stdif.Problem) bool { return p.Code == stdif.CodeTime }) {
		t.Errorf("a time without offset: %v, %v", r.EventTime, warnings)
	}
}

// A place that cannot be, or that is in another datum, is never drawn; a yes or
// no is never a probability; an unknown unit is never a speed.
func TestNothingIsGuessed(t *testing.T) {
	for old, new := range map[string]string{
		"Value>34<": "Value>135.5<", "WGE": "TOY-C", "MinuteValue>30": "MinuteValue>75", "Value>135.5": "Value>x",
	} {
		r, warnings := mustDecode(t, strings.Replace(crash, old, new, 1))
		if len(warnings) != 2 || len(r.Locations) != 1 || r.Locations[0].Shape != "civic" || r.Locations[0].Civic.Note != "例示高架下" {
			t.Errorf("%s: %v, %v", new, r.Locations, warnings)
		}
	}
	for old, new := range map[string]string{`value="0.42"`: `value="42"`, ` algorithm="例示法"`: "", "urn:matoi119:veds:estimate:1": "urn:x"} {
		if r, _ := mustDecode(t, strings.Replace(crash, old, new, 1)); r.Severity != nil || !strings.Contains(fmt.Sprint(r.Additional), "Estimate") {
			t.Errorf("%s: %+v", new, r.Severity)
		}
	}
	if r, warnings := mustDecode(t, strings.Replace(crash, "MPH", "knots", 1)); r.Vehicle.Crashes[0].DeltaV != 0 || len(warnings) != 2 {
		t.Errorf("knots: %+v, %v", r.Vehicle.Crashes, warnings)
	}
	second := strings.Replace(crash, "</v:CrashVehicle>", "</v:CrashVehicle><v:CrashVehicle><nc:ItemMakeName>他車</nc:ItemMakeName></v:CrashVehicle>", 1)
	if r, warnings := mustDecode(t, second); r.Vehicle.Make != "例示自動車" || !strings.Contains(fmt.Sprint(r.Additional), "他車") || len(warnings) != 2 {
		t.Errorf("two vehicles: %+v, %v", r.Vehicle, warnings)
	}
}

func TestRefuses(t *testing.T) {
	for wire, want := range map[string]stdif.Problem{
		"<a/>": {Code: stdif.CodeSyntax, Place: "/"},
		`<AutomatedCrashNotification xmlns="http://www.veds.org/acn/1.0"/>`: {Code: stdif.CodeMissing, Place: "/AutomatedCrashNotification/Crash"},
		`<AutomatedCrashNotification><Crash/></AutomatedCrashNotification>`: {Code: stdif.CodeSyntax, Place: "/"},
		crash[:len(crash)-2]:                        {Code: stdif.CodeSyntax, Place: "byte "},
		"<!DOCTYPE x>" + crash:                      {Code: stdif.CodeSyntax, Place: "byte 12"},
		strings.Replace(crash, "追突", "\x92\xc7", 1): {Code: stdif.CodeEncoding, Place: "byte "},
		strings.Repeat(" ", stdif.MaxFrame+1):       {Code: stdif.CodeTooLarge},
	} {
		in, _, err := Codec{}.Decode([]byte(wire))
		var p *stdif.Problem
		if !errors.As(err, &p) || p.Code != want.Code || !strings.HasPrefix(p.Place, want.Place) || in.Report != nil {
			t.Errorf("Decode(%.40q) = %v, want %d at %s", wire, err, want.Code, want.Place)
		}
		if id := (Codec{}).ReportID([]byte(wire)); id != "" {
			t.Errorf("ReportID = %q", id)
		}
	}
}

func TestSamples(t *testing.T) {
	for _, f := range samples.Below(t, "own/veds/") {
		r, warnings := mustDecode(t, string(f.Read(t)))
		v := r.Vehicle
		if f.Expect != samples.Accept || v.Make != "例示自動車" || v.Occupants != 1 || *v.Belted != 1 || r.Severity != nil ||
			!cmp.Equal(v.Crashes, []stdif.Crash{{Direction: 12, DeltaV: 42, Airbag: true}}) || len(warnings) != 2 {
			t.Errorf("%s: %+v, %v; want %s", f.Name, v, warnings, f.Why)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(crash))
	f.Add([]byte(`<AutomatedCrashNotification xmlns="http://www.veds.org/acn/1.0"><Crash><CrashVehicle><VehicleCrashPulse/></CrashVehicle></Crash></AutomatedCrashNotification>`))
	f.Add([]byte("\xff\xfe<\x00"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		in, _, err := Codec{Now: clock}.Decode(wire)
		if err != nil {
			if in.Report != nil {
				t.Fatalf("half-read: %+v", in.Report)
			}
			return
		}
		if p := in.Report.Validate(); p != nil || string(in.Report.Raw.Bytes) != string(wire) {
			t.Fatal(p)
		}
	})
}
