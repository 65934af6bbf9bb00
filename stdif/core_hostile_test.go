package stdif_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/matoi119/matoi/stdif"
)

// Messages as large as one may be, made to cost as much as they can. Whatever
// the verdict, memory stays bounded.
func TestHostileMessagesAreCheap(t *testing.T) {
	fill := func(head, part, tail string) string {
		return head + strings.Repeat(part, (stdif.MaxFrame-len(head)-len(tail))/len(part)) + tail
	}
	const report = `{"reportId":"r","revision":1,"eventTime":"2026-04-01T09:12:03+09:00","kind":{"code":"fire"}`
	const alert = `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>n</identifier><sender>s</sender>` +
		`<sent>2026-04-01T10:00:00+09:00</sent><status>Test</status><msgType>Alert</msgType><scope>Private</scope>`
	const wreck = `<AutomatedCrashNotification xmlns="http://www.veds.org/acn/3.1"><Crash><ActivityDate><DateTime>2026-04-01T10:00:00+09:00</DateTime></ActivityDate>`
	const places = `<presence xmlns="urn:ietf:params:xml:ns:pidf"><tuple><status><geopriv><location-info>`
	const point = `<Point xmlns="http://www.opengis.net/gml"><pos>34 135</pos></Point>`
	long := strings.Repeat("n", 10_000)
	deep, undeep := "", ""
	for range 20 {
		deep, undeep = deep+"<"+long[:2000]+">", "</"+long[:2000]+">"+undeep
	}
	for name, wire := range map[string]string{
		"many locations":      fill(report+`,"locations":[`, `{},`, `{}]}`),
		"many unknown":        fill(report+`,"x":[`, `[[[]]],`, `1]}`),
		"many numbers":        fill(report+`,"x":`, `9`, `}`),
		"escapes":             fill(report+`,"text":"`, `\u0000`, `"}`),
		"quotes":              fill(report+`,"x":"`, `\"`, `"}`),
		"wrong media":         fill(report+`,"media":[`, `{"id":"","label":"\"\"\""},`, `{}]}`),
		"combining":           fill(report+`,"text":"a`, "\u0300", `"}`),
		"many elements":       fill(alert, `<a/>`, `</alert>`),
		"comments":            fill(alert+"<note>", `x<!---->`, `</note></alert>`),
		"deep names":          fill(alert+deep, `<a/>`, undeep+`</alert>`),
		"attributes":          fill(alert, `<a b="c"/>`, `</alert>`),
		"one long attribute":  fill(alert+`<a b="`, `c`, `"/></alert>`),
		"info blocks":         fill(alert, `<info><area><circle>1,1 1</circle></area></info>`, `</alert>`),
		"references":          fill(strings.Replace(alert, "Alert", "Update", 1)+"<references>", "a,b,2026-04-01T10:00:00Z ", `</references></alert>`),
		"never closed":        fill("", `<a>`, ``),
		"parts":               fill("", "--b\n\nx\n", "--b--"),
		"nested parts":        fill("--b\nContent-Type: multipart/mixed; boundary=c\n\n", "--c\n\n--d\n", "--c--\n--b--"),
		"header lines":        fill("A: b\n", " c\n", "\n--b\n\nx\n--b--"),
		"one part of places":  fill("--b\nContent-Type: application/pidf+xml\n\n"+places, point, "</location-info></geopriv></status></tuple></presence>\n--b--"),
		"impacts":             fill(wreck+"<CrashVehicle>", "<VehicleCrashPulse/>", "</CrashVehicle></Crash></AutomatedCrashNotification>"),
		"contacts":            fill(wreck+"</Crash>", `<ContactInformation id="a"/><OrganizationContactInformationAssociation/>`, "</AutomatedCrashNotification>"),
		"points of a polygon": fill(alert+`<info><area><polygon>`, `1,1 `, `</polygon></area></info></alert>`),
	} {
		for _, c := range codecs() {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			in, _, err := c.Decode([]byte(wire))
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > 128<<20 {
				t.Errorf("%s: %s took %d MiB", c.Name(), name, took>>20)
			}
			if err == nil && in.Oversized() != nil {
				t.Errorf("%s: %s was taken and cannot be carried", c.Name(), name)
			}
		}
	}
}
