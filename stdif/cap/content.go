package cap

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// kinds are the categories of CAP that have a common code; the others are
// "other", and the sender's own words stand beside it.
var kinds = map[string]string{"Fire": stdif.KindFire, "Health": stdif.KindEMS, "Rescue": stdif.KindRescue}

// content reads the info blocks.
func (m *mapping) content() {
	m.report.Kind.Code = stdif.KindOther
	infos := m.alert.All("info")
	if len(infos) == 0 { // allowed, and usual in a Cancel
		m.warn(stdif.CodeMissing, "/alert/info", "no info block: the kind is not known")
		m.setText(m.alert, "note")
		return
	}
	m.primary = infos[0]
	for _, info := range infos {
		if language(info) == "ja" {
			m.primary = info
			break
		}
	}
	m.kind(m.primary)
	m.setText(m.primary, "headline", "description")
	m.contact(m.primary)
	for i, info := range infos {
		place := "/alert/info"
		if len(infos) > 1 {
			place = fmt.Sprintf("/alert/info[%d]", i+1)
		}
		m.translation(info)
		m.areas(info, place)
		m.times(info, place)
		m.resources(info, place)
	}
}

// language returns the primary subtag; CAP's default is en-US.
func language(info *markup.Element) string {
	tag := strings.ToLower(info.Value("language"))
	if tag == "" {
		return "en"
	}
	primary, _, _ := strings.Cut(tag, "-")
	return primary
}

func (m *mapping) kind(info *markup.Element) {
	k := &m.report.Kind
	k.LocalCode = info.Value("category")
	chosen := ""
	for _, c := range info.All("category") {
		if code := kinds[c.Text]; code != "" {
			k.Code, k.LocalCode, chosen = code, c.Text, c.Text
			m.taken.Take(c)
			break
		}
	}
	if chosen == "" {
		m.take(info, "category")
	}
	if k.LocalCode == "" {
		m.warn(stdif.CodeMissing, "/alert/info/category", "required element is missing")
	}
	if event := info.Value("event"); event == "" {
		m.warn(stdif.CodeMissing, "/alert/info/event", "required element is missing")
	} else if markup.Fits(event, stdif.MaxShort) {
		k.Label = event
		m.take(info, "event")
	}
}

// setText joins elements into the report's text, one per line. What would go
// over the limit stays whole among Additional; nothing is cut.
func (m *mapping) setText(parent *markup.Element, names ...string) {
	for _, name := range names {
		text := parent.Value(name)
		if text == "" {
			continue
		}
		joined := text
		if m.report.Text != "" {
			joined = m.report.Text + "\n" + text
		}
		if !markup.Fits(joined, stdif.MaxText) {
			m.warn(stdif.CodeTooLarge, "/alert/info/"+name, "longer than a text can be: stands whole among the additional items")
			continue
		}
		m.report.Text = joined
		m.take(parent, name)
	}
}

// translation keeps the text of a block in another language than the report's.
// The elements stay among Additional as well: a block may differ in more.
func (m *mapping) translation(info *markup.Element) {
	tag := info.Value("language")
	if info == m.primary || tag == "" || language(info) == language(m.primary) || !markup.Fits(tag, stdif.MaxShort) {
		return
	}
	if _, done := m.report.Translation[tag]; done || len(m.report.Translation) >= stdif.MaxListed {
		return
	}
	var lines []string
	for _, name := range [...]string{"event", "headline", "description"} {
		if text := info.Value(name); text != "" {
			lines = append(lines, text)
		}
	}
	text := strings.Join(lines, "\n")
	if text == "" || !markup.Fits(text, stdif.MaxText) {
		return
	}
	if m.report.Translation == nil {
		m.report.Translation = map[string]string{}
	}
	m.report.Translation[tag] = text
}

var telephone = regexp.MustCompile(`^(tel:)?\+?[0-9][0-9() -]{4,30}$`)

// contact takes a telephone number by which the sender can be asked.
func (m *mapping) contact(info *markup.Element) {
	number := info.Value("contact")
	if !telephone.MatchString(number) {
		return
	}
	name := info.Value("senderName")
	if name == "" {
		name = m.alert.Value("sender")
	}
	if !markup.Fits(name, stdif.MaxShort) {
		return
	}
	m.report.Contacts = []stdif.Contact{{Name: name, Relation: "sender", Phone: strings.TrimPrefix(number, "tel:")}}
	m.take(info, "contact")
}

// times warns of a time that nobody can place: it is shown as it was written.
func (m *mapping) times(info *markup.Element, place string) {
	for _, name := range [...]string{"effective", "onset", "expires"} {
		text := info.Value(name)
		if text == "" {
			continue
		}
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			m.warn(stdif.CodeTime, place+"/"+name, "a time without offset, or not a time; kept as it came")
		}
	}
}

// resources are never fetched: a server of somebody else is no part of this
// interface. Voice is named as such (S3-L8).
func (m *mapping) resources(info *markup.Element, place string) {
	for i, r := range info.All("resource") {
		if stdif.IsVoice(r.Value("mimeType")) {
			m.warn(stdif.CodeVoice, fmt.Sprintf("%s/resource[%d]/mimeType", place, i+1), "voice is not carried on this interface")
		}
	}
}

// rest keeps everything that no field took. More items than a report may have
// are joined into the last one.
func (m *mapping) rest() {
	var items []stdif.Additional
	m.taken.Rest(m.alert, "alert", func(path, value string) {
		items = append(items, stdif.Additional{Name: path, Value: value})
	})
	items, joined := markup.Fit(items, "alert")
	if joined {
		m.warn(stdif.CodeTooLarge, "/alert", "more items than a report has room for: the last ones are joined")
	}
	m.report.Additional = items
}
