package hostile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// maker makes cases whose report ids are unique to one run.
type maker struct {
	run  string
	now  time.Time
	n    int
	list []Case
}

// Made returns the generated cases. run makes their ids unique; now is the
// moment at which they will be sent.
func Made(run string, now time.Time) []Case {
	m := &maker{run: run, now: now}
	m.broken()
	m.content()
	m.order()
	m.doors()
	m.below()
	m.heavy()
	return m.list
}

func (m *maker) id() string {
	m.n++
	return fmt.Sprintf("H-%s-%d", m.run, m.n)
}

// native returns a whole report with members replaced or added; "" removes one.
func (m *maker) native(id string, change map[string]string) []byte {
	members := []string{"reportId", "revision", "eventTime", "kind", "text"}
	v := map[string]string{
		"reportId": fmt.Sprintf("%q", id), "revision": "1", "eventTime": m.now.Format(`"` + time.RFC3339Nano + `"`),
		"kind": `{"code":"other","label":"その他"}`, "text": `"` + marker + ` 試験です"`,
	}
	for k, x := range change {
		if _, known := v[k]; !known {
			members = append(members, k)
		}
		v[k] = x
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for _, k := range members {
		if v[k] == "" {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", k, v[k])
	}
	b.WriteByte('}')
	return b.Bytes()
}

func of(b []byte) func() io.Reader { return func() io.Reader { return bytes.NewReader(b) } }

func asJSON(mode string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	if mode != "" {
		h.Set(intake.ModeHeader, mode)
	}
	return h
}

func post(body []byte, want Expect) Step {
	return Step{Method: http.MethodPost, Path: open1.PathIntakeReports, Header: asJSON(string(stdif.Test)), Body: of(body), Expect: want}
}

func (m *maker) add(group, name string, steps ...Step) {
	m.list = append(m.list, Case{Group: group, Name: name, Steps: steps})
}

// one adds a case of one report with changed members.
func (m *maker) one(group, name string, change map[string]string, want Expect) {
	m.add(group, name, post(m.native(m.id(), change), want))
}

// broken is what is not the format that it claims to be.
func (m *maker) broken() {
	whole := m.native(m.id(), nil)
	for _, cut := range []int{0, 1, 10, len(whole) / 3, len(whole) / 2, len(whole) - 2, len(whole) - 1} {
		m.add("broken", fmt.Sprintf("cut after %d bytes", cut), post(whole[:cut], refused.with(stdif.CodeSyntax, stdif.CodeMissing, stdif.CodeEncoding)))
	}
	m.add("broken", "two values", post(append(bytes.Clone(whole), whole...), refused.with(stdif.CodeSyntax)))
	m.add("broken", "null", post([]byte("null"), refused))
	m.add("broken", "array", post([]byte("[]"), refused.with(stdif.CodeSyntax)))
	m.add("broken", "only white space", post([]byte(" \n\t "), refused))
	m.add("broken", "zero bytes", post(make([]byte, 512), refused))
	m.one("broken", "invalid UTF-8 in the text", map[string]string{"text": "\"\xff\xfe\xc3\""}, refused.with(stdif.CodeEncoding, stdif.CodeSyntax))
	m.one("broken", "surrogate half", map[string]string{"text": `"\ud800"`}, refused.with(stdif.CodeEncoding, stdif.CodeSyntax))
	m.one("broken", "same member twice", map[string]string{"kind": `{"code":"ems"},"reportId":"other"`}, refused.with(stdif.CodeSyntax))
	deep := strings.Repeat("[", stdif.MaxDepth+8) + strings.Repeat("]", stdif.MaxDepth+8)
	m.one("broken", "nested too deep", map[string]string{"x": deep}, refused.with(stdif.CodeTooLarge, stdif.CodeSyntax))
	m.one("broken", "nested 100000 deep", map[string]string{"x": strings.Repeat("[", 100000)}, refused.with(stdif.CodeTooLarge, stdif.CodeSyntax))
	m.one("broken", "over the size limit", map[string]string{"text": `"` + strings.Repeat("あ", stdif.MaxFrame/3) + `"`}, Expect{Status: []int{http.StatusRequestEntityTooLarge}, Codes: []stdif.Code{stdif.CodeTooLarge}})
	m.add("broken", "eight megabytes", post(bytes.Repeat([]byte("x"), 8<<20), Expect{Status: []int{http.StatusRequestEntityTooLarge}, NoAnswer: true}))
	xml := post([]byte(`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">&b;</alert>`), refused)
	xml.Header = http.Header{"Content-Type": {"application/cap+xml"}}
	m.add("broken", "outside entity", xml)
}

// content is a report that is JSON but cannot be true.
func (m *maker) content() {
	for name, change := range map[string]map[string]string{
		"reportId": {"reportId": ""}, "revision": {"revision": ""}, "eventTime": {"eventTime": ""}, "kind": {"kind": ""},
	} {
		m.one("content", name+" is missing", change, refused.with(stdif.CodeMissing, stdif.CodeTime).at("/"+name))
	}
	m.one("content", "empty id", map[string]string{"reportId": `""`}, refused.with(stdif.CodeMissing).at("/reportId"))
	m.one("content", "id over the limit", map[string]string{"reportId": `"` + strings.Repeat("x", stdif.MaxID+1) + `"`}, refused.with(stdif.CodeTooLarge).at("/reportId"))
	m.one("content", "control characters in the id", map[string]string{"reportId": `"a\u0000b\u001b[2J"`}, refused.at("/reportId"))
	m.one("content", "revision 0", map[string]string{"revision": "0"}, refused.with(stdif.CodeMissing).at("/revision"))
	m.one("content", "negative revision", map[string]string{"revision": "-1"}, refused.at("/revision"))
	m.one("content", "revision past 64 bits", map[string]string{"revision": "99999999999999999999"}, refused.at("/revision"))
	m.one("content", "revision as text", map[string]string{"revision": `"1"`}, refused.at("/revision"))
	for name, at := range map[string]string{"without offset": "2026-04-01T09:00:00", "in words": "昨日の朝", "a number": "1775001600", "February 30": "2026-02-30T00:00:00+09:00"} {
		m.one("content", "time "+name, map[string]string{"eventTime": `"` + at + `"`}, refused.with(stdif.CodeTime).at("/eventTime"))
	}
	// A wrong clock never stops a report; headquarters shows 時刻ずれ.
	for name, by := range map[string]time.Duration{"10 minutes ahead": 10 * time.Minute, "10 minutes behind": -10 * time.Minute} {
		m.one("content", "clock "+name, map[string]string{"eventTime": m.now.Add(by).Format(`"` + time.RFC3339 + `"`)}, taken)
	}
	place := func(lat, lon string) map[string]string {
		return map[string]string{"locations": fmt.Sprintf(`[{"role":"caller","shape":"point","lat":%s,"lon":%s}]`, lat, lon)}
	}
	// A place that cannot be never stops a report: it is kept and shown as such.
	where := Expect{Status: []int{http.StatusCreated, http.StatusUnprocessableEntity}, Codes: []stdif.Code{stdif.CodeLocation, stdif.CodeSyntax}, Place: "/locations/0"}
	m.one("content", "latitude 139", place("139.76", "35.68"), where)
	m.one("content", "null island", place("0", "0"), where)
	m.one("content", "longitude past the end", place("35", "1e999"), where)
	m.one("content", "65 locations", map[string]string{"locations": "[" + strings.TrimSuffix(strings.Repeat(`{"role":"caller"},`, stdif.MaxLocations+1), ",") + "]"}, refused.with(stdif.CodeTooLarge).at("/locations"))
	m.one("content", "text over the limit", map[string]string{"text": `"` + strings.Repeat("長", stdif.MaxText+1) + `"`}, refused.with(stdif.CodeTooLarge).at("/text"))
	m.one("content", "unknown kind", map[string]string{"kind": `{"code":"alien"}`}, Expect{Status: taken.Status, Warning: stdif.CodeUnknownValue})
	m.one("content", "unknown members survive", map[string]string{"future": `{"a":[1,{"b":null}]}`}, taken)
	m.one("content", "voice among the media", map[string]string{"media": `[{"id":"v","mime":"audio/mpeg","bytes":1,"sha256":"` + strings.Repeat("0", 64) + `"}]`}, Expect{Status: taken.Status, Warning: stdif.CodeVoice})
	m.one("content", "terminal codes and right-to-left", map[string]string{"text": `"\u001b[31m\u202e` + marker + `\u0007"`}, taken)
}

// order is wrong revisions, replays, other content and changed modes.
func (m *maker) order() {
	id := m.id()
	rev := func(n, text string, want Expect) Step {
		return post(m.native(id, map[string]string{"revision": n, "text": `"` + marker + text + `"`}), want)
	}
	stale := Expect{Status: []int{http.StatusConflict}, Codes: []stdif.Code{stdif.CodeStaleRevision}}
	m.add("order", "revisions go back", rev("3", "c", taken), rev("2", "b", stale), rev("1", "a", stale), rev("4", "d", taken))
	id = m.id()
	again := rev("1", "a", Expect{Status: []int{http.StatusOK}})
	m.add("order", "replay", rev("1", "a", Expect{Status: []int{http.StatusCreated}}), again, again, again)
	id = m.id()
	m.add("order", "same number, other content", rev("1", "a", taken), rev("1", "b", stale), rev("1", "a", taken))
	id = m.id()
	other := rev("2", "b", Expect{Status: []int{http.StatusConflict, http.StatusUnprocessableEntity}, Codes: []stdif.Code{stdif.CodeMode}})
	other.Header = asJSON(string(stdif.Exercise))
	m.add("order", "mode changes within a report", rev("1", "a", taken), other)
}

// doors is wrong credentials, types, methods and addresses.
func (m *maker) doors() {
	no := Expect{Status: []int{http.StatusUnauthorized}}
	for name, credential := range map[string]string{"no credential": "", "wrong credential": "wrong", "long credential": strings.Repeat("x", 4000)} {
		s := post(m.native(m.id(), nil), no)
		s.Credential = &credential
		m.add("door", name, s)
	}
	for _, mode := range []string{"", "real", "Actual "} {
		s := post(m.native(m.id(), nil), Expect{Status: []int{http.StatusUnprocessableEntity, http.StatusBadRequest}, Codes: []stdif.Code{stdif.CodeMode}})
		s.Header = asJSON(mode)
		m.add("door", fmt.Sprintf("mode %q", mode), s)
	}
	for _, mime := range []string{"", "text/html", "image/png", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "\"", "application/pdf"} {
		s := post(m.native(m.id(), nil), Expect{Status: []int{http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusCreated}})
		s.Header = http.Header{"Content-Type": {mime}, intake.ModeHeader: {string(stdif.Test)}}
		m.add("door", fmt.Sprintf("content type %q", mime), s)
	}
	s := post(m.native(m.id(), nil), Expect{Status: []int{http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity}})
	s.Header.Set("Content-Encoding", "gzip")
	m.add("door", "claims to be compressed", s)
	m.add("door", "JSON sent as XML", Step{Method: http.MethodPost, Path: open1.PathIntakeReports, Header: http.Header{"Content-Type": {"application/xml"}}, Body: of(m.native(m.id(), nil)), Expect: refused})
	lost := Expect{Status: []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusBadRequest}}
	m.add("door", "DELETE", Step{Method: http.MethodDelete, Path: open1.PathIntakeReports, Expect: lost})
	m.add("door", "unknown report", Step{Method: http.MethodGet, Path: open1.PathIntakeReports + "/H-none", Expect: lost})
	m.add("door", "path traversal", Step{Method: http.MethodGet, Path: open1.PathIntakeReports + "/..%2f..%2f..%2fetc%2fpasswd", Expect: lost})
}

// below is what is wrong underneath a report: lines, states, media.
func (m *maker) below() {
	id := m.id()
	first := post(m.native(id, nil), taken)
	path := open1.PathIntakeReports + "/" + url.PathEscape(id)
	below := func(rest, body string, want Expect) Step {
		return Step{Method: http.MethodPost, Path: path + rest, Header: asJSON(""), Body: of([]byte(body)), Expect: want}
	}
	at := m.now.Format(time.RFC3339)
	m.add("below", "line without text", first, below(open1.PathIntakeChat, `{"id":"c","reportId":"`+id+`","from":"caller","at":"`+at+`"}`, refused))
	m.add("below", "line of another report", below(open1.PathIntakeChat, `{"id":"c","reportId":"H-other","from":"caller","at":"`+at+`","text":"x"}`, Expect{Status: []int{http.StatusUnprocessableEntity, http.StatusConflict, http.StatusNotFound}}))
	m.add("below", "line that is not JSON", below(open1.PathIntakeChat, `{`, refused))
	m.add("below", "state that is not JSON", below(open1.PathIntakeState, `]`, Expect{Status: refused.Status, Loose: true}))
	m.add("below", "unknown state", below(open1.PathIntakeState, `{"reportId":"`+id+`","state":"asleep","at":"`+at+`"}`, Expect{Status: []int{http.StatusCreated, http.StatusOK, http.StatusAccepted, http.StatusNoContent, http.StatusUnprocessableEntity}}))
	m.add("below", "line under an unknown report", Step{Method: http.MethodPost, Path: open1.PathIntakeReports + "/H-none" + open1.PathIntakeChat, Header: asJSON(""),
		Body: of([]byte(`{"id":"c","reportId":"H-none","from":"caller","at":"` + at + `","text":"x"}`)), Expect: Expect{Status: []int{http.StatusNotFound}, Codes: []stdif.Code{stdif.CodeUnknownReport}}})
	media := func(mime string, body []byte, want Expect) Step {
		return Step{Method: http.MethodPut, Path: path + open1.PathIntakeMedia + "m" + fmt.Sprint(m.n), Header: http.Header{"Content-Type": {mime}}, Body: of(body), Expect: want}
	}
	no := Expect{Status: []int{http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity}}
	m.add("below", "voice", media("audio/mpeg", []byte("ID3"), no.with(stdif.CodeVoice, stdif.CodeMediaType)))
	m.add("below", "a web page as medium", media("text/html", []byte("<script>"), no.with(stdif.CodeMediaType, stdif.CodeMediaDecode)))
}

// heavy is floods, slow bodies and connections that break.
func (m *maker) heavy() {
	flood := post(nil, Expect{Status: []int{http.StatusCreated, http.StatusOK, http.StatusTooManyRequests}})
	flood.Times = 200
	ids := make(chan string, flood.Times)
	for range flood.Times {
		ids <- m.id()
	}
	flood.Body = func() io.Reader {
		select {
		case id := <-ids:
			return bytes.NewReader(m.native(id, nil))
		default: // the case is run again: the same numbers, taken already
			return bytes.NewReader(m.native(fmt.Sprintf("H-%s-%d", m.run, m.n), nil))
		}
	}
	m.add("heavy", "200 reports at once", flood)
	whole := m.native(m.id(), nil)
	slow := post(nil, Expect{Status: []int{http.StatusCreated, http.StatusRequestTimeout}, NoAnswer: true})
	slow.Body = func() io.Reader { return &trickle{b: whole} }
	m.add("heavy", "a byte at a time", slow)
	broken := post(nil, Expect{Status: []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, NoAnswer: true})
	cut := m.id()
	broken.Body = func() io.Reader { return io.MultiReader(bytes.NewReader(m.native(cut, nil)[:40]), failing{}) }
	m.add("heavy", "the connection breaks in the body", broken, Step{Method: http.MethodGet, Path: open1.PathIntakeReports + "/" + cut, Expect: Expect{Status: []int{http.StatusNotFound}}})
	m.one("heavy", "and the next report is taken", nil, taken)
}

// failing is a body that breaks off.
type failing struct{}

var errBroken = errors.New("hostile: broken off on purpose")

func (failing) Read([]byte) (int, error) { return 0, errBroken }

// trickle gives one byte each 20 ms: some seconds for a small report.
type trickle struct{ b []byte }

func (t *trickle) Read(p []byte) (int, error) {
	if len(t.b) == 0 {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	pause := time.NewTimer(20 * time.Millisecond)
	<-pause.C
	p[0], t.b = t.b[0], t.b[1:]
	return 1, nil
}
