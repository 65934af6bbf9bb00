package net119_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/sim/intaketest"
	"github.com/matoi119/matoi/sim/net119"
	"github.com/matoi119/matoi/stdif"
)

// A place outside that no member answers for comes to the headquarters of
// registration, which has to telephone.
func TestRoutingByPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, "")
		term := intaketest.New(credential, "")
		defer run(t, c, term)()
		for _, x := range []struct {
			lat, lon float64
			want     stdif.Routing
		}{
			{34.7039, 135.5012, stdif.Routing{RegisteredHQ: "279999", LocatedHQ: "279999", HandledHQ: "279999", Handover: "wire"}},
			{34.70, 135.70, stdif.Routing{RegisteredHQ: "279999", LocatedHQ: "279998", HandledHQ: "279999", Handover: "telephone"}},
		} {
			id, _, err := c.Place(net119.Call{Person: "jiro", Kind: "fire", Place: "here", Lat: &x.lat, Lon: &x.lon, RadiusM: 20, Mode: stdif.Exercise})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if k, ok := term.Get(id); !ok || k.Report.Routing == nil || !cmp.Equal(*k.Report.Routing, x.want) {
				t.Errorf("%v, %v: %+v", x.lat, x.lon, k.Report.Routing)
			}
		}
	})
}

// A line is with the caller when a page of the caller showed it, not before; a
// call-back is one mail, however often it is delivered.
func TestReceiptsAndCallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, "")
		term := intaketest.New(credential, "")
		defer run(t, c, term)()
		id := place(t, c)
		synctest.Wait()
		if o := term.Offer(); o == nil || !o.Receipts || !o.Accepts(stdif.VerbCallBack) || o.Accepts(stdif.VerbMedia) {
			t.Fatalf("offer = %+v", o)
		}
		mails := len(look(t, c, id).Mails)
		back := stdif.Input{ID: "b-1", ReportID: id, Verb: stdif.VerbCallBack, CallBack: &stdif.CallBack{ID: "b-1", Text: "折り返してください"}}
		term.Ask(back)
		term.Ask(back)
		synctest.Wait()
		if v := look(t, c, id); len(v.Mails) != mails+1 {
			t.Errorf("%d mails after one call-back, were %d", len(v.Mails), mails)
		}
		term.Say(id, "l-1", "消防です")
		synctest.Wait()
		said := func() map[string]int {
			out := map[string]int{}
			k, _ := term.Get(id)
			for _, r := range k.Receipts {
				out[r.ID+" "+string(r.State)]++
			}
			return out
		}
		if got := said(); got["b-1 delivered"] != 1 || got["l-1 delivered"] != 0 {
			t.Errorf("before the page stands: %v", got)
		}
		detach, err := c.Attach(id)
		if err != nil {
			t.Fatal(err)
		}
		defer detach()
		synctest.Wait()
		if got := said(); got["l-1 delivered"] != 1 {
			t.Errorf("once the page stands: %v", got)
		}
	})
}
