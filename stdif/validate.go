package stdif

import (
	"fmt"
	"time"
)

// Validate returns the first fault for which the report is refused, with its
// place, or nil. Call Normalize before: it sets aside what would otherwise be
// in the way (a voice attachment).
func (r Report) Validate() *Problem { return r.check().fault }

// Warnings returns what is wrong with a report that is taken all the same.
func (r Report) Warnings() []Problem { return r.check().warnings }

func (r *Report) check() *finding {
	f := new(finding)
	f.id("/reportId", r.ID)
	if r.Revision < 1 {
		f.refuse(CodeMissing, "/revision", "a revision counts from 1")
	}
	f.when("/eventTime", r.EventTime)
	f.short("/requestId", r.RequestID)
	r.Kind.check(f)
	f.length("/text", r.Text, MaxText)
	f.list("/locations", len(r.Locations), MaxLocations)
	for i := range r.Locations {
		r.Locations[i].check(f, i)
	}
	if r.Subscriber != nil {
		r.Subscriber.check(f)
	}
	if r.Medical != nil {
		r.Medical.check(f)
	}
	r.checkPeople(f)
	if r.Vehicle != nil {
		r.Vehicle.check(f)
	}
	if r.Severity != nil {
		r.Severity.check(f)
	}
	f.list("/media", len(r.Media), MaxMedia)
	for i := range r.Media {
		if p := r.Media[i].Validate(); p != nil { // only before Normalize
			f.warn(p.Code, fmt.Sprintf("/media/%d%s", i, p.Place), p.Detail)
		}
	}
	f.additional("/additional", r.Additional)
	r.checkRest(f)
	return f
}

func (k IncidentType) check(f *finding) {
	if k.Code == "" {
		f.refuse(CodeMissing, "/kind/code", whyMissing)
	}
	f.among("/kind/code", k.Code, KindFire, KindEMS, KindRescue, KindOther)
	f.short("/kind/localCode", k.LocalCode)
	f.short("/kind/label", k.Label)
}

func (s *SubscriberInfo) check(f *finding) {
	f.short("/subscriber/name", s.Name)
	f.short("/subscriber/kana", s.Kana)
	f.short("/subscriber/phone", s.Phone)
	f.short("/subscriber/mail", s.Mail)
	f.short("/subscriber/address", s.Address)
	f.short("/subscriber/language", s.Language)
	f.short("/subscriber/birth", s.Birth)
	f.shorts("/subscriber/communication", s.Communication)
	f.among("/subscriber/sex", s.Sex, "male", "female", "other", "unknown")
	if _, err := time.Parse(time.DateOnly, s.Birth); s.Birth != "" && err != nil {
		f.warn(CodeTime, "/subscriber/birth", "not a date YYYY-MM-DD; kept as it came")
	}
}

func (m *Medical) check(f *finding) {
	f.shorts("/medical/conditions", m.Conditions)
	f.shorts("/medical/medications", m.Medications)
	f.shorts("/medical/allergies", m.Allergies)
	f.short("/medical/hospital", m.Hospital)
	f.short("/medical/bloodType", m.BloodType)
	f.length("/medical/note", m.Note, MaxText)
}

func (r *Report) checkPeople(f *finding) {
	f.list("/contacts", len(r.Contacts), MaxContacts)
	for i, c := range r.Contacts {
		if len(c.Name)+len(c.Relation)+len(c.Phone) > MaxShort {
			f.short(fmt.Sprintf("/contacts/%d/name", i), c.Name)
			f.short(fmt.Sprintf("/contacts/%d/relation", i), c.Relation)
			f.short(fmt.Sprintf("/contacts/%d/phone", i), c.Phone)
		}
	}
	if p := r.Proxy; p != nil {
		f.short("/proxy/organisation", p.Organisation)
		f.short("/proxy/operator", p.Operator)
		f.short("/proxy/callback", p.Callback)
		f.among("/proxy/verified", p.Verified, "answered", "no-answer", "not-tried")
	}
	if q := r.Routing; q != nil {
		f.short("/routing/registeredHq", q.RegisteredHQ)
		f.short("/routing/locatedHq", q.LocatedHQ)
		f.short("/routing/handledHq", q.HandledHQ)
		f.among("/routing/handover", q.Handover, "wire", "telephone")
	}
}

func (v *Vehicle) check(f *finding) {
	f.short("/vehicle/vin", v.VIN)
	f.short("/vehicle/plate", v.Plate)
	f.short("/vehicle/make", v.Make)
	f.short("/vehicle/model", v.Model)
	f.short("/vehicle/colour", v.Colour)
	f.short("/vehicle/propulsion", v.Propulsion)
	if v.Occupants < 0 {
		f.warn(CodeUnknownValue, "/vehicle/occupants", whyUnknown)
	}
	if v.Belted != nil && *v.Belted < 0 {
		f.warn(CodeUnknownValue, "/vehicle/belted", whyUnknown)
	}
	f.list("/vehicle/crashes", len(v.Crashes), MaxListed)
	for i, c := range v.Crashes {
		if c.Direction < 0 || c.Direction > 12 {
			f.warn(CodeUnknownValue, fmt.Sprintf("/vehicle/crashes/%d/direction", i), whyUnknown)
		}
	}
}

func (s *Severity) check(f *finding) {
	f.short("/severity/algorithm", s.Algorithm)
	f.short("/severity/version", s.Version)
	if !(s.Value >= 0 && s.Value <= 1) {
		f.warn(CodeUnknownValue, "/severity/value", "a probability is 0 to 1; kept as it came")
	}
	if s.Algorithm == "" {
		f.warn(CodeMissing, "/severity/algorithm", "an estimate says by which algorithm it was made")
	}
}

func (r *Report) checkRest(f *finding) {
	if r.Raw != nil {
		f.raw("/raw", *r.Raw)
	}
	f.list("/translation", len(r.Translation), MaxListed)
	for _, text := range r.Translation { // place without the key: map order is not a place
		f.length("/translation", text, MaxText)
	}
	for tag := range r.Translation {
		f.short("/translation", tag)
	}
}

func (f *finding) raw(place string, raw Raw) {
	f.short(place+"/mime", raw.MIME)
	if len(raw.Bytes) > MaxFrame {
		f.refuse(CodeTooLarge, place+"/b64", "raw bytes are over the limit")
	}
}

// Validate returns the first fault for which the state is refused.
func (s ReportState) Validate() *Problem { return s.check().fault }

// Warnings returns what is wrong with a state that is taken all the same.
func (s ReportState) Warnings() []Problem { return s.check().warnings }

func (s ReportState) check() *finding {
	f := new(finding)
	f.id("/reportId", s.ReportID)
	switch {
	case s.State == "":
		f.refuse(CodeMissing, "/state", whyMissing)
	case !s.State.Valid():
		f.among("/state", string(s.State)) // kept: an unknown state changes nothing, and is shown
	}
	f.when("/at", s.At)
	f.length("/note", s.Note, MaxText)
	f.additional("/additional", s.Additional)
	return f
}

// Validate returns the first fault for which the line is refused.
func (c ChatMessage) Validate() *Problem { return c.check().fault }

// Warnings returns what is wrong with a line that is taken all the same.
func (c ChatMessage) Warnings() []Problem { return c.check().warnings }

func (c ChatMessage) check() *finding {
	f := new(finding)
	f.id("/id", c.ID)
	f.id("/reportId", c.ReportID)
	if c.From == "" {
		f.refuse(CodeMissing, "/from", whyMissing)
	}
	f.among("/from", string(c.From), string(FromCaller), string(FromOperator),
		string(FromHeadquarters), string(FromTerminal), string(FromSystem))
	f.when("/at", c.At)
	if c.Text == "" {
		f.refuse(CodeMissing, "/text", whyMissing)
	}
	f.length("/text", c.Text, MaxText)
	f.additional("/additional", c.Additional)
	return f
}

// Validate returns the first fault for which the message is refused. It is the
// one message that is hardly ever refused: it carries what nothing else could.
func (u Undecodable) Validate() *Problem {
	f := new(finding)
	f.raw("/raw", u.Raw)
	if u.ReportID != "" {
		f.id("/reportId", u.ReportID)
	}
	f.length("/problem/place", u.Problem.Place, MaxShort)
	f.length("/problem/detail", u.Problem.Detail, MaxShort)
	f.additional("/additional", u.Additional)
	return f.fault
}

// Validate returns the first fault for which the input is refused.
func (in Input) Validate() *Problem { return in.check().fault }

// Warnings returns what is wrong with an input that is taken all the same.
func (in Input) Warnings() []Problem { return in.check().warnings }

func (in Input) check() *finding {
	f := new(finding)
	f.id("/id", in.ID)
	f.id("/serviceId", in.ServiceID)
	f.id("/reportId", in.ReportID)
	if !in.Mode.Valid() {
		f.refuse(CodeMode, "/mode", "mode is actual, exercise or test")
	}
	if in.Verb == "" {
		f.refuse(CodeMissing, "/verb", whyMissing)
	}
	f.among("/verb", string(in.Verb), verbs()...)
	f.when("/at", in.At)
	f.short("/hqReportNo", in.HQNumber)
	f.short("/kind", in.Kind)
	f.short("/reason", in.Reason)
	f.length("/summary", in.Summary, MaxText)
	f.short("/toHq", in.ToHQ)
	f.additional("/additional", in.Additional)
	in.checkBody(f)
	return f
}

func (in Input) checkBody(f *finding) {
	if in.Verb == VerbAck {
		if in.Ack == nil {
			f.refuse(CodeMissing, "/ack", whyMissing)
		} else if in.Ack.Step == "" {
			f.refuse(CodeMissing, "/ack/step", whyMissing)
		}
	}
	in.checkRequest(f)
	if in.Verb != VerbMessage {
		return
	}
	if in.Message == nil {
		f.refuse(CodeMissing, "/message", whyMissing)
		return
	}
	if p := in.Message.Validate(); p != nil {
		f.refuse(p.Code, "/message"+p.Place, p.Detail)
	}
}

func verbs() []string {
	return []string{
		string(VerbAck), string(VerbRing), string(VerbAccept), string(VerbRelease), string(VerbMessage), string(VerbClose),
		string(VerbReopen), string(VerbLink), string(VerbDispatched), string(VerbTransfer), string(VerbMedia), string(VerbGuide), string(VerbCallBack),
	}
}

// checkRequest checks what the headquarters asks of a service. A request for
// media may come without its body: then it is about the report's own caller.
func (in Input) checkRequest(f *finding) {
	if m := in.Media; m != nil && in.Verb == VerbMedia {
		f.id("/media/id", m.ID)
		f.short("/media/phone", m.Phone)
		f.among("/media/purpose", m.Purpose, PurposePosition, PurposeScene, PurposePatient)
		f.length("/media/text", m.Text, MaxText)
	}
	if in.Verb == VerbGuide {
		if in.Guide == nil {
			f.refuse(CodeMissing, "/guide", whyMissing)
		} else {
			f.id("/guide/id", in.Guide.ID)
			f.id("/guide/clip", in.Guide.Clip)
		}
	}
	if in.Verb == VerbCallBack {
		if in.CallBack == nil {
			f.refuse(CodeMissing, "/callBack", whyMissing)
		} else {
			f.id("/callBack/id", in.CallBack.ID)
			f.length("/callBack/text", in.CallBack.Text, MaxText)
		}
	}
}
