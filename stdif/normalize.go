package stdif

import (
	"encoding/json"
	"fmt"
	"strings"
)

// cleaner cleans the texts of one message and remembers where it changed one.
type cleaner struct{ changed []Problem }

func (c *cleaner) text(place string, text *string) {
	if isClean(*text) {
		return
	}
	was := *text
	if *text = Clean(was); *text == was {
		return
	}
	detail := "composed characters were written in normal form C; the raw is kept"
	if strings.ContainsFunc(was, removed) {
		detail = "control characters were removed for showing; the raw is kept"
	}
	c.changed = append(c.changed, Problem{Code: CodeCleaned, Place: place, Detail: detail})
}

func (c *cleaner) texts(place string, texts []string) {
	for i := range texts {
		if !isClean(texts[i]) {
			c.text(fmt.Sprintf("%s/%d", place, i), &texts[i])
		}
	}
}

func (c *cleaner) additional(items []Additional) {
	for i := range items {
		if !isClean(items[i].Name) || !isClean(items[i].Value) {
			c.text(fmt.Sprintf("/additional/%d/name", i), &items[i].Name)
			c.text(fmt.Sprintf("/additional/%d/value", i), &items[i].Value)
		}
	}
}

// Normalize makes the report ready to be shown: every free text through Clean,
// and what this interface does not carry (voice, S3-L8) or cannot fetch (an
// attachment without id or type) set aside among Additional, where it is still
// seen. It returns what it changed, as warnings with their places. Ids are left
// as they are: Validate judges them. Normalize is idempotent.
//
// Whoever calls it keeps the raw bytes when anything was returned (Report.Raw).
func (r *Report) Normalize() []Problem {
	c := new(cleaner)
	c.text("/kind/code", &r.Kind.Code)
	c.text("/kind/localCode", &r.Kind.LocalCode)
	c.text("/kind/label", &r.Kind.Label)
	c.text("/text", &r.Text)
	c.text("/requestId", &r.RequestID)
	for i := range r.Locations {
		r.Locations[i].normalize(c, i)
	}
	if r.Subscriber != nil {
		r.Subscriber.normalize(c)
	}
	if m := r.Medical; m != nil {
		c.texts("/medical/conditions", m.Conditions)
		c.texts("/medical/medications", m.Medications)
		c.texts("/medical/allergies", m.Allergies)
		c.text("/medical/hospital", &m.Hospital)
		c.text("/medical/bloodType", &m.BloodType)
		c.text("/medical/note", &m.Note)
	}
	r.normalizePeople(c)
	r.normalizeVehicle(c)
	c.additional(r.Additional)
	r.normalizeTranslation(c)
	return append(c.changed, r.setAside()...)
}

func (s *SubscriberInfo) normalize(c *cleaner) {
	c.text("/subscriber/name", &s.Name)
	c.text("/subscriber/kana", &s.Kana)
	c.text("/subscriber/birth", &s.Birth)
	c.text("/subscriber/sex", &s.Sex)
	c.text("/subscriber/phone", &s.Phone)
	c.text("/subscriber/mail", &s.Mail)
	c.text("/subscriber/address", &s.Address)
	c.text("/subscriber/language", &s.Language)
	c.texts("/subscriber/communication", s.Communication)
}

func (l *Location) normalize(c *cleaner, i int) {
	fields := []struct {
		item string
		text *string
	}{{"/role", &l.Role}, {"/shape", &l.Shape}, {"/method", &l.Method}, {"/label", &l.Label}}
	for _, f := range fields {
		if !isClean(*f.text) {
			c.text(fmt.Sprintf("/locations/%d%s", i, f.item), f.text)
		}
	}
	if l.Civic == nil {
		return
	}
	v := l.Civic
	for _, text := range []*string{&v.Postcode, &v.Prefecture, &v.City, &v.Line, &v.Building, &v.Floor, &v.Room, &v.Note} {
		if !isClean(*text) {
			c.text(fmt.Sprintf("/locations/%d/civic", i), text)
		}
	}
}

func (r *Report) normalizePeople(c *cleaner) {
	for i := range r.Contacts {
		p := &r.Contacts[i]
		for _, text := range []*string{&p.Name, &p.Relation, &p.Phone} {
			if !isClean(*text) {
				c.text(fmt.Sprintf("/contacts/%d", i), text)
			}
		}
	}
	if p := r.Proxy; p != nil {
		c.text("/proxy/organisation", &p.Organisation)
		c.text("/proxy/operator", &p.Operator)
		c.text("/proxy/callback", &p.Callback)
		c.text("/proxy/verified", &p.Verified)
	}
	if q := r.Routing; q != nil {
		c.text("/routing/registeredHq", &q.RegisteredHQ)
		c.text("/routing/locatedHq", &q.LocatedHQ)
		c.text("/routing/handledHq", &q.HandledHQ)
		c.text("/routing/handover", &q.Handover)
	}
}

func (r *Report) normalizeVehicle(c *cleaner) {
	if v := r.Vehicle; v != nil {
		c.text("/vehicle/vin", &v.VIN)
		c.text("/vehicle/plate", &v.Plate)
		c.text("/vehicle/make", &v.Make)
		c.text("/vehicle/model", &v.Model)
		c.text("/vehicle/colour", &v.Colour)
		c.text("/vehicle/propulsion", &v.Propulsion)
	}
	if s := r.Severity; s != nil {
		c.text("/severity/algorithm", &s.Algorithm)
		c.text("/severity/version", &s.Version)
	}
}

func (r *Report) normalizeTranslation(c *cleaner) {
	for tag, text := range r.Translation {
		if isClean(text) {
			continue
		}
		c.text("/translation", &text)
		r.Translation[tag] = text
	}
}

// setAside moves what cannot be an attachment here to Additional. The report
// itself is taken: its text may be all there is.
func (r *Report) setAside() (why []Problem) {
	var kept []Media
	for i := range r.Media {
		m := r.Media[i]
		m.Normalize()
		p := m.Validate()
		if p == nil {
			kept = append(kept, m)
			continue
		}
		value, err := json.Marshal(r.Media[i])
		if err != nil { // a time beyond year 9999
			kept = append(kept, m)
			continue
		}
		place := fmt.Sprintf("/media/%d", i)
		r.Additional = append(r.Additional, Additional{Name: place, Value: Clean(string(value))})
		why = append(why, Problem{Code: p.Code, Place: place + p.Place, Detail: p.Detail})
	}
	r.Media = kept
	return why
}

// Normalize cleans the text of a line.
func (m *ChatMessage) Normalize() []Problem {
	c := new(cleaner)
	c.text("/text", &m.Text)
	c.additional(m.Additional)
	return c.changed
}

// Normalize cleans the note of a state.
func (s *ReportState) Normalize() []Problem {
	c := new(cleaner)
	c.text("/note", &s.Note)
	c.additional(s.Additional)
	return c.changed
}

// Normalize cleans the label of an attachment and writes type and digest the
// one way in which they are compared.
func (m *Media) Normalize() []Problem {
	c := new(cleaner)
	c.text("/label", &m.Label)
	c.additional(m.Additional)
	m.MIME = mediaType(m.MIME)
	m.SHA256 = strings.ToLower(m.SHA256)
	return c.changed
}

// Normalize cleans the texts of an input.
func (in *Input) Normalize() []Problem {
	c := new(cleaner)
	c.text("/hqReportNo", &in.HQNumber)
	c.text("/kind", &in.Kind)
	c.text("/reason", &in.Reason)
	c.text("/summary", &in.Summary)
	c.text("/toHq", &in.ToHQ)
	if in.Media != nil {
		c.text("/media/phone", &in.Media.Phone)
		c.text("/media/purpose", &in.Media.Purpose)
		c.text("/media/text", &in.Media.Text)
	}
	if in.CallBack != nil {
		c.text("/callBack/text", &in.CallBack.Text)
	}
	c.additional(in.Additional)
	if in.Message != nil {
		for _, p := range in.Message.Normalize() {
			p.Place = "/message" + p.Place
			c.changed = append(c.changed, p)
		}
	}
	return c.changed
}

// Normalize cleans what is said about an undecodable message; its raw bytes
// stay as they are.
func (u *Undecodable) Normalize() []Problem {
	c := new(cleaner)
	c.additional(u.Additional)
	return c.changed
}
