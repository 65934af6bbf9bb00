package act_test

import (
	"testing"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
)

// A line goes from sent to read and never back, in whatever order the terminal's
// answer and the service's receipts come; a receipt for what was never sent
// marks nothing and is kept.
func TestReceiptsMarkLines(t *testing.T) {
	h := newHouse(t, "")
	id := h.reported(1, net119, "N-1").ID
	h.must(h.Claim(ctx(h), yamada, id))
	h.must(h.Say(ctx(h), yamada, id, "l1", "救急車が向かっています"))
	marked := func(want string) {
		t.Helper()
		lines, err := h.store.Content().Chat(t.Context(), id)
		h.must(err)
		if len(lines) != 1 || lines[0].Delivery != want {
			t.Errorf("lines = %+v, want %s", lines, want)
		}
	}
	seq := int64(2)
	receipt := func(line string, s stdif.ReceiptState) {
		t.Helper()
		h.arrive(h.wire(seq, net119, stdif.Actual, stdif.Inbound{Receipt: &stdif.Receipt{ReportID: "N-1", ID: line, State: s, At: noon}}))
		seq++
	}
	marked(report.LineSent)
	receipt("l1", stdif.ReceiptDelivered) // before the terminal's answer was recorded
	marked(report.LineService)
	waiting, err := h.store.Undelivered(t.Context(), "terminal/t-01", 10)
	h.must(err)
	var done []act.Delivered
	for _, m := range waiting {
		done = append(done, act.Delivered{Message: m})
	}
	h.must(h.Deliver(ctx(h), act.Gateway(), "terminal/t-01", done))
	marked(report.LineService)
	receipt("l1", stdif.ReceiptRead)
	marked(report.LineRead)
	receipt("l1", stdif.ReceiptDelivered)
	receipt("l1", "glanced")
	receipt("l9", stdif.ReceiptRead)
	marked(report.LineRead)
}
