package act_test

import (
	"strings"
	"testing"

	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
)

// Nothing that a caller said stands in clear in any file of the database:
// neither in rows nor in what was written ahead, nor in what is to be sent out.
func TestNothingOfACallerInClear(t *testing.T) {
	h := newHouse(t, "")
	r := words("N-1", 1)
	r.Text = "CANARY-TEXT 本文"
	r.Subscriber = &stdif.SubscriberInfo{Name: "CANARY-NAME 例示花子", Phone: "+819000001111", Address: "CANARY-ADDRESS", Mail: "canary@example.jp"}
	r.Medical = &stdif.Medical{Conditions: []string{"CANARY-MEDICAL 喘息"}}
	r.Locations = []stdif.Location{{Role: "caller", Shape: "civic", Civic: &stdif.Civic{Line: "CANARY-PLACE 1-2-3"}}}
	digest := strings.Repeat("c0ffee42", 8)
	r.Media = []stdif.Media{{ID: "m0", MIME: "image/jpeg", Bytes: 1, SHA256: digest, Label: "CANARY-LABEL"}}
	h.arrive(h.wire(1, net119, stdif.Actual, stdif.Inbound{Report: r}))
	h.arrive(h.wire(2, net119, stdif.Actual, stdif.Inbound{Chat: &stdif.ChatMessage{ID: "c1", ReportID: "N-1", From: stdif.FromCaller, At: noon, Text: "CANARY-CHAT"}}))
	m := medium("N-1", "m1")
	m.Label, m.SHA256 = "CANARY-LABEL", digest
	h.arrive(h.wire(3, net119, stdif.Actual, stdif.Inbound{Media: m}))
	h.arrive(h.bytes([]byte(`CANARY-RAW not JSON`)))
	id := h.report("N-1").ID
	h.must(h.Say(ctx(h), yamada, id, "l1", "CANARY-ANSWER"))
	h.must(h.Close(ctx(h), yamada, id, report.Handled, "CANARY-NOTE"))

	if !h.onDisk("N-1") {
		t.Fatal("the search finds nothing at all: the service's number stands in clear")
	}
	for _, canary := range []string{"CANARY", "canary@", "例示花子", "喘息", "本文", "819000001111", "9000001111", digest} {
		if h.onDisk(canary) {
			t.Errorf("%q stands in clear in the database", canary)
		}
	}

	f, err := h.store.Content().Frame(t.Context(), h.report("N-1").Frame)
	if err != nil || !f.Health || !strings.Contains(string(f.Body), "CANARY-MEDICAL") {
		t.Errorf("frame with health data: health %t, %v", f.Health, err)
	}
	media, err := h.store.Media().OfReport(t.Context(), id)
	if err != nil || len(media) != 2 || media[1].Media.SHA256 != digest || media[1].Media.Label != "CANARY-LABEL" {
		t.Errorf("media = %+v, %v: the real digest is kept, sealed", media, err)
	}
	if note, err := h.store.Content().CloseNote(t.Context(), id); err != nil || note != "CANARY-NOTE" {
		t.Errorf("note = %q, %v", note, err)
	}
}

// A caller is found by telephone number in whatever form it is typed.
func TestFindByPhone(t *testing.T) {
	h := newHouse(t, "")
	for i, phone := range []string{"+81 90-1234-5678", "03-1234-5678", "+1 212 555 0100", "110"} {
		r := words([]string{"mobile", "tokyo", "abroad", "short"}[i], 1)
		r.Subscriber = &stdif.SubscriberInfo{Phone: phone}
		h.arrive(h.wire(int64(i+1), net119, stdif.Actual, stdif.Inbound{Report: r}))
	}
	for typed, want := range map[string]string{
		"+819012345678": "mobile", "090-1234-5678": "mobile", "09012345678": "mobile", "090 1234 5678": "mobile", "(090)1234-5678": "mobile",
		"０９０－１２３４－５６７８": "mobile", "+81 (0)90-1234-5678": "mobile", "010-81-90-1234-5678": "mobile",
		"0312345678": "tokyo", "+81-3-1234-5678": "tokyo", "+12125550100": "abroad", "010 1 212 555 0100": "abroad",
		"9012345678": "", "0901234567": "", "110": "", "なし": "",
	} {
		index, got := h.store.PhoneIndex(typed), ""
		if index != "" {
			found, err := h.store.Reports().ByPhone(t.Context(), index, 10)
			h.must(err)
			for _, r := range found {
				got += r.ServiceReport
			}
		}
		if got != want {
			t.Errorf("%s finds %q, want %q", typed, got, want)
		}
	}
}
