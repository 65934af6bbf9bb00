package cap

import (
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// mapping is one alert on its way to a report. taken marks the elements whose
// whole content a field has taken; everything else goes to Additional.
type mapping struct {
	alert    *markup.Element
	report   stdif.Report
	mode     stdif.Mode
	warnings []stdif.Problem
	taken    markup.Taken
	primary  *markup.Element // the info block that the report's own text comes from
}

func (m *mapping) warn(code stdif.Code, place, detail string) {
	m.warnings = append(m.warnings, stdif.Problem{Code: code, Place: place, Detail: detail})
}

func (m *mapping) take(parent *markup.Element, name string) {
	for _, e := range parent.All(name) {
		m.taken.Take(e)
		return // only the first: a second one stays visible
	}
}

// envelope reads what CAP requires of every alert (CAP 1.2, §3.2.1). An alert
// without it is refused, as is one that says any of it twice.
func (m *mapping) envelope() *stdif.Problem {
	for _, name := range [...]string{"identifier", "sender", "sent", "status", "msgType", "scope"} {
		switch all := m.alert.All(name); {
		case len(all) == 0 || all[0].Text == "":
			return stdif.Problemf(stdif.CodeMissing, "/alert/"+name, "required element is missing")
		case len(all) > 1:
			return stdif.Problemf(stdif.CodeSyntax, "/alert/"+name, "an element that is allowed once is there twice")
		}
	}
	sent, err := time.Parse(time.RFC3339, m.alert.Value("sent"))
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
	if m.report.ID == m.alert.Value("identifier") {
		m.take(m.alert, "identifier")
	}
	return nil
}

// status becomes the mode. Draft and System are no emergencies by the words of
// CAP; they are shown as tests and not thrown away.
func (m *mapping) status() *stdif.Problem {
	switch m.alert.Value("status") {
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
	switch m.alert.Value("msgType") {
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
func numberOf(alert *markup.Element, m *mapping) string {
	own := markup.SafeID(alert.Value("identifier"))
	switch alert.Value("msgType") {
	case "Update", "Cancel":
	default:
		return own
	}
	oldest, when := "", time.Time{}
	for _, reference := range strings.Fields(alert.Value("references")) {
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
	return markup.SafeID(oldest)
}
