package additional

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/samples"
)

const provider = `<ad:EmergencyCallData.ProviderInfo xmlns:ad="urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo">
 <ad:DataProviderReference>r1@example.jp</ad:DataProviderReference><ad:DataProviderString>例示オペレーションセンター</ad:DataProviderString>
 <ad:ProviderID>urn:example:1</ad:ProviderID><ad:TypeOfProvider>Telematics Provider</ad:TypeOfProvider><ad:ContactURI>tel:+81-6-0000-0000</ad:ContactURI>
 <ad:DataProviderContact xmlns="urn:ietf:params:xml:ns:vcard-4.0"><vcard><fn><text>例示 花子</text></fn><org><text>例示</text></org></vcard></ad:DataProviderContact>
</ad:EmergencyCallData.ProviderInfo>`

const subscriber = `<EmergencyCallData.SubscriberInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:SubscriberInfo" privacyRequested="false">
 <DataProviderReference>r2@example.jp</DataProviderReference><SubscriberData><vcard xmlns="urn:ietf:params:xml:ns:vcard-4.0">
  <fn><text>例示 太郎</text></fn><bday><date>19800102</date></bday><gender><sex>M</sex></gender><lang><language-tag>ja</language-tag></lang>
  <adr><country>日本</country><code>5300000</code><region>大阪府</region><locality>例示市</locality><street>例示町1-2-3</street></adr>
  <tel><uri>tel:+819000000000</uri></tel><tel><uri>tel:+819000000001</uri></tel><email><text>taro@example.jp</text></email>
 </vcard></SubscriberData></EmergencyCallData.SubscriberInfo>`

func mustRead(t testing.TB, wire string) (Block, []stdif.Problem) {
	t.Helper()
	b, warnings, err := Read([]byte(wire))
	if err != nil {
		t.Fatalf("Read = %v", err)
	}
	return b, warnings
}

// An operator who speaks for the caller is a proxy; a telephone company is not.
func TestProvider(t *testing.T) {
	duty(t, "S3-1-3-1")
	b, warnings := mustRead(t, provider)
	want := &stdif.Proxy{Organisation: "例示オペレーションセンター", Operator: "例示 花子", Callback: "+81-6-0000-0000"}
	if d := cmp.Diff(want, b.Proxy); d != "" || len(warnings) > 0 || b.Contacts != nil {
		t.Errorf("proxy (-want +got):\n%s%v", d, warnings)
	}
	rest := []stdif.Additional{
		{Name: "EmergencyCallData.ProviderInfo.DataProviderReference", Value: "r1@example.jp"},
		{Name: "EmergencyCallData.ProviderInfo.ProviderID", Value: "urn:example:1"},
		{Name: "EmergencyCallData.ProviderInfo.TypeOfProvider", Value: "Telematics Provider"},
		{Name: "EmergencyCallData.ProviderInfo.DataProviderContact.vcard.org.text", Value: "例示"},
	}
	if d := cmp.Diff(rest, b.Additional); d != "" {
		t.Errorf("rest (-want +got):\n%s", d)
	}
	b, _ = mustRead(t, strings.Replace(provider, "Telematics", "Telecom", 1))
	if d := cmp.Diff([]stdif.Contact{{Name: "例示オペレーションセンター", Relation: "Telecom Provider", Phone: "+81-6-0000-0000"}}, b.Contacts); d != "" || b.Proxy != nil {
		t.Errorf("a telephone company: %+v\n%s", b.Proxy, d)
	}
}

func TestSubscriber(t *testing.T) {
	b, warnings := mustRead(t, subscriber)
	want := &stdif.SubscriberInfo{Name: "例示 太郎", Birth: "1980-01-02", Sex: "male", Language: "ja", Phone: "+819000000000", Mail: "taro@example.jp",
		Address: "日本 5300000 大阪府 例示市 例示町1-2-3"}
	if d := cmp.Diff(want, b.Subscriber); d != "" || len(warnings) > 0 {
		t.Errorf("subscriber (-want +got):\n%s%v", d, warnings)
	}
	rest := []stdif.Additional{
		{Name: "EmergencyCallData.SubscriberInfo@privacyRequested", Value: "false"},
		{Name: "EmergencyCallData.SubscriberInfo.DataProviderReference", Value: "r2@example.jp"},
		{Name: "EmergencyCallData.SubscriberInfo.SubscriberData.vcard.tel[2].uri", Value: "tel:+819000000001"},
	}
	if d := cmp.Diff(rest, b.Additional); d != "" {
		t.Errorf("rest (-want +got):\n%s", d)
	}
	b, _ = mustRead(t, strings.Replace(strings.Replace(subscriber, "19800102", "--0102", 1), "<sex>M", "<sex>X", 1))
	if b.Subscriber.Birth != "" || b.Subscriber.Sex != "" || len(b.Additional) != 5 {
		t.Errorf("half a birthday: %+v, %v", b.Subscriber, b.Additional)
	}
}

// A block of another namespace or of none that is known is flagged and kept.
func TestFlagged(t *testing.T) {
	for wire, code := range map[string]stdif.Code{
		strings.ReplaceAll(subscriber, "CallData:Sub", "CallData.Sub"):                                                                                  stdif.CodeVersion,
		`<EmergencyCallData.X xmlns="urn:ietf:params:xml:ns:EmergencyCallData:X"><a>1</a></EmergencyCallData.X>`:                                        stdif.CodeUnknownValue,
		`<EmergencyCallData.SubscriberInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:SubscriberInfo"><a>1</a></EmergencyCallData.SubscriberInfo>`: stdif.CodeMissing,
	} {
		b, warnings := mustRead(t, wire)
		if len(warnings) != 1 || warnings[0].Code != code || b.Subscriber != nil || len(b.Additional) == 0 {
			t.Errorf("%.60s: %v, %+v", wire, warnings, b)
		}
	}
}

func TestComment(t *testing.T) {
	const ns = ` xmlns="urn:ietf:params:xml:ns:EmergencyCallData:Comment"`
	b, _ := mustRead(t, `<EmergencyCallData.Comment`+ns+`><Comment>煙が見える</Comment><Comment>３階</Comment></EmergencyCallData.Comment>`)
	if b.Text != "煙が見える\n３階" || len(b.Additional) > 0 {
		t.Errorf("comment %q, rest %v", b.Text, b.Additional)
	}
	long := strings.Repeat("長", stdif.MaxText+1)
	b, warnings := mustRead(t, `<EmergencyCallData.Comment`+ns+`><Comment>`+long+`</Comment></EmergencyCallData.Comment>`)
	if b.Text != "" || len(warnings) != 1 || warnings[0].Code != stdif.CodeTooLarge || b.Additional[0].Value != long {
		t.Errorf("a long comment: %v", warnings)
	}
}

func TestCarries(t *testing.T) {
	for kind, want := range map[string]bool{
		"application/EmergencyCallData.ProviderInfo+xml": true, "Application/EMERGENCYCALLDATA.Comment+xml; charset=utf-8": true,
		"application/EmergencyCallData.VEDS+xml": false, "application/EmergencyCallData.cap+xml": false, "text/plain": false,
	} {
		if Carries(kind) != want {
			t.Errorf("Carries(%q) = %v", kind, !want)
		}
	}
}

func TestRefuses(t *testing.T) {
	for wire, code := range map[string]stdif.Code{
		"<a/>": stdif.CodeSyntax, provider[:len(provider)-4]: stdif.CodeSyntax, "<!DOCTYPE x>" + provider: stdif.CodeSyntax,
		strings.Replace(provider, "例示 花子", "\x97\xe1", 1): stdif.CodeEncoding, strings.Repeat(" ", stdif.MaxFrame+1): stdif.CodeTooLarge,
	} {
		b, _, err := Read([]byte(wire))
		var p *stdif.Problem
		if !errors.As(err, &p) || p.Code != code || b.Name != "" || b.Additional != nil {
			t.Errorf("Read(%.40q) = %v, want %d", wire, err, code)
		}
	}
}

func TestJCard(t *testing.T) {
	const wire = `["vcard",[["version",{},"text","4.0"],["fn",{},"text","例示 太郎"],["fn",{},"text","別名"],["gender",{},"text","F"],["bday",{},"date","1980-01-02"],
		["tel",{"type":"cell"},"uri","tel:+819000000000"],["n",{},"text",["例示","太郎"]],["categories",{},"text","a","b"]]]`
	s, rest, err := ReadCard([]byte(wire))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(stdif.SubscriberInfo{Name: "例示 太郎", Sex: "female", Birth: "1980-01-02", Phone: "+819000000000"}, s); d != "" {
		t.Errorf("jCard (-want +got):\n%s", d)
	}
	want := []stdif.Additional{{Name: "vcard.version", Value: "4.0"}, {Name: "vcard.fn", Value: "別名"}, {Name: "vcard.n", Value: `["例示","太郎"]`},
		{Name: "vcard.categories", Value: "a"}, {Name: "vcard.categories", Value: "b"}}
	if d := cmp.Diff(want, rest); d != "" {
		t.Errorf("rest (-want +got):\n%s", d)
	}
	for _, bad := range []string{`["vcard"]`, `["vcalendar",[]]`, `["vcard",[["fn",{},"text"]]]`, `["vcard",[[1,{},"text","x"]]]`, `[`, "<vcard/>", "{}"} {
		if s, _, err := ReadCard([]byte(bad)); err == nil || s.Name != "" {
			t.Errorf("ReadCard(%s) = %+v, %v", bad, s, err)
		}
	}
}

// Every sample gets the verdict of the index.
func TestSamples(t *testing.T) {
	n := 0
	for _, f := range samples.Below(t, "ng911lib/additional-data/", "ng911-dev/additional-data/") {
		if strings.Contains(f.Name, "PidfLo") {
			continue // a location document: stdif/pidf
		}
		n++
		wire := f.Read(t)
		var err error
		var warnings []stdif.Problem
		if strings.Contains(f.Name, "card") {
			var s stdif.SubscriberInfo
			if s, _, err = ReadCard(wire); s.Name == "" || s.Sex != "male" {
				t.Errorf("%s: %+v", f.Name, s)
			}
		} else {
			var b Block
			b, warnings, err = Read(wire)
			if err == nil && b.Proxy == nil && b.Contacts == nil && b.Text == "" && len(b.Additional) < 3 {
				t.Errorf("%s: nothing came out: %+v", f.Name, b)
			}
		}
		if (err == nil && len(warnings) == 0) != (f.Expect == samples.Accept) {
			t.Errorf("%s: %v, %v; want %s (%s)", f.Name, err, warnings, f.Expect, f.Why)
		}
	}
	if n != 8 {
		t.Errorf("%d samples, want 8", n)
	}
}

func FuzzRead(f *testing.F) {
	for _, wire := range []string{provider, subscriber, `["vcard",[["fn",{},"text","x"]]]`, "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><adr/></vcard>", "[", "<a"} {
		f.Add([]byte(wire))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		if b, _, err := Read(wire); err != nil && (b.Name != "" || b.Additional != nil) {
			t.Fatalf("half-read: %+v", b)
		} else if len(b.Additional) > stdif.MaxAdditional {
			t.Fatalf("%d items", len(b.Additional))
		}
		s, rest, err := ReadCard(wire)
		r := stdif.Report{ID: "r", Revision: 1, Kind: stdif.IncidentType{Code: "other"}, Subscriber: &s, Additional: rest}
		if p := r.Validate(); err == nil && p.Place != "/eventTime" {
			t.Fatal(p)
		}
	})
}

// Blocks that are written are read again as what they were written from.
func TestEncode(t *testing.T) {
	proxy := &stdif.Proxy{Organisation: "例示<センター>", Operator: "例示 太郎", Callback: "+81312345678"}
	b, warnings, err := Read([]byte(EncodeProxy(proxy, "hq.example")))
	if err != nil || len(warnings) > 0 || b.Proxy == nil || *b.Proxy != *proxy {
		t.Errorf("%+v, %v, %v", b.Proxy, warnings, err)
	}
	s := &stdif.SubscriberInfo{Name: "例示 花子", Birth: "1980-01-01", Sex: "female", Phone: "+819000000000", Mail: "a@example.jp", Address: "例示市本町１－２－３", Language: "ja"}
	if b, _, err = Read([]byte(EncodeSubscriber(s, "hq.example"))); err != nil || b.Subscriber == nil {
		t.Fatalf("%+v, %v", b, err)
	} else if b.Subscriber.Communication = nil; b.Subscriber.Name != s.Name || b.Subscriber.Birth != s.Birth || b.Subscriber.Sex != s.Sex ||
		b.Subscriber.Phone != s.Phone || b.Subscriber.Mail != s.Mail || b.Subscriber.Address != s.Address || b.Subscriber.Language != s.Language {
		t.Errorf("%+v of %+v", b.Subscriber, s)
	}
	if b, _, err = Read([]byte(EncodeComment("煙 & <炎>", ""))); err != nil || b.Text != "煙 & <炎>" {
		t.Errorf("%q, %v", b.Text, err)
	}
	if EncodeProxy(nil, "") != "" || EncodeSubscriber(&stdif.SubscriberInfo{}, "x") != "" || EncodeComment("", "x") != "" {
		t.Error("nothing was written as something")
	}
}
