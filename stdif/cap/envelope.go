package cap

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"

	"github.com/matoi119/matoi/stdif"
)

// mapping is one alert on its way to a report. taken marks the elements whose
// whole content a field has taken; everything else goes to Additional.
type mapping struct {
	alert    *element
	report   stdif.Report
	mode     stdif.Mode
	warnings []stdif.Problem
	taken    map[*element]bool
	primary  *element // the info block that the report's own text comes from
}

func (m *mapping) warn(code stdif.Code, place, detail string) {
	m.warnings = append(m.warnings, stdif.Problem{Code: code, Place: place, Detail: detail})
}

func (m *mapping) take(parent *element, name string) {
	for _, e := range parent.all(name) {
		m.takeElement(e)
		return // only the first: a second one stays visible
	}
}

// takeElement marks an element, unless it says more than its text.
func (m *mapping) takeElement(e *element) {
	if m.taken == nil {
		m.taken = map[*element]bool{}
	}
	if len(e.children) == 0 && len(e.attrs) == 0 {
		m.taken[e] = true
	}
}

// envelope reads what CAP requires of every alert (CAP 1.2, §3.2.1). An alert
// without it is refused, as is one that says any of it twice.
func (m *mapping) envelope() *stdif.Problem {
	for _, name := range [...]string{"identifier", "sender", "sent", "status", "msgType", "scope"} {
		switch all := m.alert.all(name); {
		case len(all) == 0 || all[0].text == "":
			return stdif.Problemf(stdif.CodeMissing, "/alert/"+name, "required element is missing")
		case len(all) > 1:
			return stdif.Problemf(stdif.CodeSyntax, "/alert/"+name, "an element that is allowed once is there twice")
		}
	}
	sent, err := time.Parse(time.RFC3339, m.alert.value("sent"))
	if err != nil {
		return stdif.Problemf(stdif.CodeTime, "/alert/sent", "a time has an offset, for example 2026-04-01T09:12:03+09:00")
	}
	if sent.Unix() < 1 {
		return stdif.Problemf(stdif.CodeTime, "/alert/sent", "a time after 1970 is needed")
	}
	if p := m.status(); p != nil {
		return p
	}
	if p := m.messageType(); p != nil {
		return p
	}
	m.report.EventTime = sent
	m.report.Revision = sent.Unix()
	m.report.ID = numberOf(m.alert, m)
	m.take(m.alert, "sent")
	if m.report.ID == m.alert.value("identifier") {
		m.take(m.alert, "identifier")
	}
	return nil
}

// status becomes the mode. Draft and System are no emergencies by the words of
// CAP; they are shown as tests and not thrown away.
func (m *mapping) status() *stdif.Problem {
	switch m.alert.value("status") {
	case "Actual":
		m.mode = stdif.Actual
	case "Exercise":
		m.mode = stdif.Exercise
	case "Test":
		m.mode = stdif.Test
	case "Draft", "System":
		m.mode = stdif.Test
		m.warn(stdif.CodeUnknownValue, "/alert/status", "neither actual nor exercise: shown as a test")
		return nil
	default: // never guess whether lives are at stake
		return stdif.Problemf(stdif.CodeMode, "/alert/status", "status is Actual, Exercise, Test, System or Draft")
	}
	m.take(m.alert, "status")
	return nil
}

func (m *mapping) messageType() *stdif.Problem {
	switch m.alert.value("msgType") {
	case "Alert":
		m.take(m.alert, "msgType")
	case "Cancel":
		m.report.Cancelled = true
	case "Update":
	case "Ack", "Error":
		return stdif.Problemf(stdif.CodeSyntax, "/alert/msgType", "an answer to another message is no report")
	default:
		m.warn(stdif.CodeUnknownValue, "/alert/msgType", "unknown type of message; read as an alert")
	}
	return nil
}

// numberOf returns the number of the report that an alert belongs to.
func numberOf(alert *element, m *mapping) string {
	own := safeID(alert.value("identifier"))
	switch alert.value("msgType") {
	case "Update", "Cancel":
	default:
		return own
	}
	oldest, when := "", time.Time{}
	for _, reference := range strings.Fields(alert.value("references")) {
		part := strings.Split(reference, ",")
		if len(part) != 3 || part[1] == "" {
			continue
		}
		sent, err := time.Parse(time.RFC3339, part[2])
		if err != nil {
			continue
		}
		if oldest == "" || sent.Before(when) {
			oldest, when = part[1], sent
		}
	}
	if oldest == "" {
		m.warn(stdif.CodeMissing, "/alert/references", "names no earlier message: shown as a report of its own")
		return own
	}
	return safeID(oldest)
}

// safeID returns an identifier as it is where it can be an id of this interface.
func safeID(identifier string) string {
	if len(identifier) <= stdif.MaxID && !strings.ContainsFunc(identifier, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
	}) {
		return identifier
	}
	sum := sha256.Sum256([]byte(identifier))
	return "sha256:" + hex.EncodeToString(sum[:])
}
