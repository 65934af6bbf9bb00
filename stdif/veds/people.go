package veds

import (
	"fmt"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/markup"
	"github.com/matoi119/matoi/stdif/japanese"
)

// reader is one document on its way to a report.
type reader struct {
	root, crash *markup.Element
	out         Notice
	warnings    []stdif.Problem
	taken       markup.Taken
}

func (r *reader) warn(code stdif.Code, place, detail string) {
	r.warnings = append(r.warnings, stdif.Problem{Code: code, Place: "/" + rootName + place, Detail: detail})
}

// text takes an element into a field of the length of a line.
func (r *reader) text(field *string, e *markup.Element) {
	if e.Says() != "" && markup.Fits(e.Text, stdif.MaxShort) {
		*field = e.Text
		r.taken.Take(e)
	}
}

func (r *reader) yes(e *markup.Element) (value, said bool) {
	if value, said = markup.Yes(e.Says()); said {
		r.taken.Take(e)
	}
	return value, said
}

// heading reads number, times, kind and words of the document.
func (r *reader) heading() {
	out := &r.out.Report
	out.Kind.Code = stdif.KindRescue // a crash; the device that noticed it is the sender's own code
	r.text(&out.Kind.LocalCode, r.root.Child("NotificationDeviceTypeCode"))
	if e := r.crash.Child("ActivityIdentification", "IdentificationID"); e.Says() != "" {
		out.ID = markup.SafeID(e.Text)
		if out.ID == e.Text {
			r.taken.Take(e)
		}
	}
	out.EventTime = r.time(r.crash.Child("ActivityDate", "DateTime"), "/Crash/ActivityDate/DateTime")
	r.out.SentAt = r.time(r.root.Child("DocumentPostDate", "DateTime"), "/DocumentPostDate/DateTime")
	if e := r.root.Child("DocumentDescriptionText"); e.Says() != "" && markup.Fits(e.Text, stdif.MaxText) {
		out.Text = e.Text
		r.taken.Take(e)
	}
}

// time reads a time; one without offset is nobody's time and stays visible.
func (r *reader) time(e *markup.Element, place string) time.Time {
	if e.Says() == "" {
		return time.Time{}
	}
	at, ok := markup.Time(e.Text)
	if !ok {
		r.warn(stdif.CodeTime, place, "a time without offset, or not a time; kept as it came")
		return time.Time{}
	}
	r.taken.Take(e)
	return at
}

// people reads who notifies, whom to call, and the one person that a document
// names. Of several persons none is picked.
func (r *reader) people() {
	out := &r.out.Report
	originator := r.root.Child("NotificationOriginatingOrganization")
	own := r.contactOf(originator)
	if originator != nil {
		p := new(stdif.Proxy)
		r.text(&p.Organisation, originator.Child("OrganizationName"))
		r.text(&p.Operator, originator.Child("EmployeeIdentification", "IdentificationID"))
		r.text(&p.Callback, phone(own))
		if *p != (stdif.Proxy{}) {
			out.Proxy = p
		}
	}
	for i, e := range r.root.Named("ContactInformation") {
		if e == own {
			continue
		}
		if i >= stdif.MaxContacts-1 {
			r.warn(stdif.CodeTooLarge, "/ContactInformation", "more contacts than a report has room for: the others stand among the additional items")
			break
		}
		c := stdif.Contact{Relation: "ContactInformation"}
		r.text(&c.Name, e.Child("ContactEntityDescriptionText"))
		r.text(&c.Phone, phone(e))
		if c.Name+c.Phone != "" {
			out.Contacts = append(out.Contacts, c)
		}
	}
	if e := phone(r.root.Child("ContactActivity")); e.Says() != "" {
		c := stdif.Contact{Relation: "ContactActivity"} // whether car or centre answers there, VEDS does not say
		r.text(&c.Phone, e)
		out.Contacts = append(out.Contacts, c)
	}
	if all := r.root.Named("Person"); len(all) == 1 {
		r.person(all[0])
	}
}

// phone returns the first number of a contact.
func phone(contact *markup.Element) *markup.Element {
	return contact.Child("ContactTelephoneNumber", "FullTelephoneNumber", "TelephoneNumberFullID")
}

// contactOf follows the association between an organisation and its contact.
func (r *reader) contactOf(organisation *markup.Element) *markup.Element {
	id := organisation.Attr("id")
	if id == "" {
		return nil
	}
	for _, a := range r.root.Named("OrganizationContactInformationAssociation") {
		if a.Child("OrganizationReference").Attr("ref") != id {
			continue
		}
		for _, e := range r.root.Named("ContactInformation") {
			if e.Attr("id") == a.Child("ContactInformationReference").Attr("ref") {
				return e
			}
		}
	}
	return nil
}

var sexes = map[string]string{"M": "male", "F": "female", "U": "unknown"}

func (r *reader) person(e *markup.Element) {
	s := new(stdif.SubscriberInfo)
	r.text(&s.Name, e.Child("PersonName", "PersonFullName"))
	r.text(&s.Language, e.Child("PersonPrimaryLanguage", "LanguageName"))
	if sex := e.Child("PersonSexCode"); sexes[sex.Says()] != "" {
		s.Sex = sexes[sex.Text]
		r.taken.Take(sex)
	}
	date := e.Child("PersonBirthDate", "Date")
	if _, err := time.Parse(time.DateOnly, date.Says()); err == nil {
		r.text(&s.Birth, date)
	}
	if s.Name+s.Language+s.Sex+s.Birth != "" {
		r.out.Report.Subscriber = s
	}
}

// places reads the positions. Minutes and seconds are parts of a degree here.
func (r *reader) places() {
	for i, e := range r.root.Named("Location") {
		place := fmt.Sprintf("/Location[%d]", i+1)
		if i >= stdif.MaxLocations {
			r.warn(stdif.CodeTooLarge, place, "more locations than a report has room for: the others stand among the additional items")
			return
		}
		l := stdif.Location{Role: "vehicle"}
		r.text(&l.Label, e.Child("LocationDescriptionText"))
		if c := e.Child("LocationTwoDimensionalGeographicCoordinate"); c != nil {
			r.position(&l, c, place)
		}
		if l.Lat == nil && l.Label != "" {
			c := stdif.Civic{Note: l.Label}
			if japanese.IsPlace(l.Label) {
				c = japanese.SplitPlace(l.Label)
			}
			l.Shape, l.Civic, l.Label = "civic", &c, ""
		}
		if l.Shape != "" {
			r.out.Report.Locations = append(r.out.Report.Locations, l)
		}
	}
}

func (r *reader) position(l *stdif.Location, c *markup.Element, place string) {
	lat, latOK := angle(c.Child("GeographicCoordinateLatitude"), "Latitude")
	lon, lonOK := angle(c.Child("GeographicCoordinateLongitude"), "Longitude")
	switch datum := strings.ToUpper(c.Child("GeographicDatumCode").Says()); {
	case !latOK || !lonOK || !stdif.ValidPosition(lat, lon):
		r.warn(stdif.CodeLocation, place, "not a place on earth, 0,0, or latitude and longitude swapped; kept as text and never drawn")
		return
	case datum != "" && datum != "WGE" && datum != "WGS84" && !strings.HasPrefix(datum, "NAR"): // NAD 83 is the same within 2 m
		r.warn(stdif.CodeLocation, place, "a datum other than WGS 84: a position in it would be drawn at a wrong place; kept as text")
		return
	}
	l.Shape, l.Lat, l.Lon = "point", &lat, &lon
	r.taken.TakeWhole(c.Child("GeographicCoordinateLatitude"))
	r.taken.TakeWhole(c.Child("GeographicCoordinateLongitude"))
	if e := r.crash.Child("ConveyanceHeadingMeasure", "MeasurePointValue"); e != nil {
		if v, ok := markup.Number(e.Text); ok && v >= 0 && v <= 360 {
			l.HeadingDeg = &v
			r.taken.Take(e)
		}
	}
}

func angle(e *markup.Element, name string) (float64, bool) {
	value, ok := markup.Number(e.Child(name + "DegreeValue").Says())
	if !ok {
		return 0, false
	}
	sign := 1.0
	if strings.HasPrefix(e.Child(name+"DegreeValue").Says(), "-") {
		sign = -1
	}
	for part, size := range map[string]float64{"MinuteValue": 60, "SecondValue": 3600} {
		text := e.Child(name + part).Says()
		if text == "" {
			continue
		}
		v, ok := markup.Number(text)
		if !ok || v < 0 || v >= 60 {
			return 0, false
		}
		value += sign * v / size
	}
	return value, true
}

func (r *reader) rest() {
	var items []stdif.Additional
	r.taken.Rest(r.root, rootName, func(path, value string) {
		items = append(items, stdif.Additional{Name: path, Value: value})
	})
	items, joined := markup.Fit(items, rootName)
	if joined {
		r.warn(stdif.CodeTooLarge, "", "more items than a report has room for: the last ones are joined")
	}
	r.out.Report.Additional = items
}
