package incident

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)

func anyTrace(t *rapid.T, name string) Trace {
	index := rapid.SampledFrom([]string{"", "p1", "p2"})
	tr := Trace{
		Kind: rapid.SampledFrom([]Kind{Report, Call}).Draw(t, name+".kind"), ID: rapid.StringMatching(`[a-z]{4}`).Draw(t, name+".id"),
		Mode:   rapid.SampledFrom([]stdif.Mode{stdif.Actual, stdif.Exercise}).Draw(t, name+".mode"),
		At:     noon.Add(time.Duration(rapid.Int64Range(-8*3600, 8*3600).Draw(t, name+".at")) * time.Second),
		Phones: []string{index.Draw(t, name+".phone")}, Vehicles: []string{index.Draw(t, name+".vin")},
		Places: []string{rapid.SampledFrom([]string{"", "例示市本町1-2-3", "例示市本町9-9"}).Draw(t, name+".place")},
	}
	for range rapid.IntRange(0, 3).Draw(t, name+".spots") {
		tr.Spots = append(tr.Spots, anySpot(t, name))
	}
	return tr
}

func anySpot(t *rapid.T, name string) Spot {
	return Spot{
		34.7 + rapid.Float64Range(-0.02, 0.02).Draw(t, name+".lat"), 135.5 + rapid.Float64Range(-0.02, 0.02).Draw(t, name+".lon"),
		rapid.Float64Range(0, 3000).Draw(t, name+".radius"),
	}
}

// What is proposed does not depend on which of the two is on the screen, never
// mixes modes, never names itself, and says why.
func TestCompare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyTrace(t, "a"), anyTrace(t, "b")
		ab, ba := Compare(a, b), Compare(b, a)
		if !slices.Equal(ab, ba) {
			t.Fatalf("Compare(a, b) = %v, Compare(b, a) = %v", ab, ba)
		}
		if got := Compare(a, a); got != nil {
			t.Fatalf("Compare(a, a) = %v", got)
		}
		if len(ab) > 0 && a.Mode != b.Mode {
			t.Fatalf("an exercise is proposed with the emergency beside it: %v", ab)
		}
		apart := a.At.Sub(b.At).Abs()
		for _, r := range ab {
			switch {
			case r.Apart != apart || apart > NumberWindow:
				t.Fatalf("apart %v: %v", apart, r)
			case (r.Why == Near || r.Why == SamePlace) && apart > NearWindow:
				t.Fatalf("a place after %v: %v", apart, r)
			case r.Why == Near && (r.DistanceM < 0 || r.DistanceM >= r.ReachM):
				t.Fatalf("near, and out of reach: %v", r)
			}
		}
	})
}

// Near is exactly: less than the larger of both radii apart.
func TestNear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := anySpot(t, "p"), anySpot(t, "q")
		a := Trace{Kind: Report, ID: "a", Mode: stdif.Actual, At: noon, Spots: []Spot{p}}
		b := Trace{Kind: Call, ID: "b", Mode: stdif.Actual, At: noon.Add(time.Minute), Spots: []Spot{q}}
		d, reach := Distance(p, q), max(p.RadiusM, q.RadiusM, LeastReachM)
		if got := len(Compare(a, b)) > 0; got != (d < reach) {
			t.Fatalf("%v m apart, reach %v: proposed %v", d, reach, got)
		}
		if math.Abs(d-Distance(q, p)) > 1e-6 || d < 0 {
			t.Fatalf("distance %v, back %v", d, Distance(q, p))
		}
	})
}

func TestDistance(t *testing.T) {
	// One minute of latitude is a nautical mile.
	if d := Distance(Spot{Lat: 34, Lon: 135}, Spot{Lat: 34 + 1.0/60, Lon: 135}); math.Abs(d-1853) > 2 {
		t.Errorf("one minute of latitude = %v m", d)
	}
	if d := Distance(Spot{Lat: 0, Lon: 179.999}, Spot{Lat: 0, Lon: -179.999}); d > 300 {
		t.Errorf("across the date line = %v m", d)
	}
}

// The order of the others changes nothing; the same number stands first.
func TestPropose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := anyTrace(t, "of")
		var others []Trace
		for i := range rapid.IntRange(0, 6).Draw(t, "n") {
			o := anyTrace(t, "o")
			o.ID += string(rune('A' + i))
			others = append(others, o)
		}
		first := Propose(of, others)
		slices.Reverse(others)
		again := Propose(of, others)
		if !slices.EqualFunc(first, again, func(a, b Proposal) bool { return a.Kind == b.Kind && a.ID == b.ID }) {
			t.Fatalf("%v, then %v", first, again)
		}
		for i, p := range first {
			if len(p.Reasons) == 0 || i > 0 && strength[first[i-1].Reasons[0].Why] < strength[p.Reasons[0].Why] {
				t.Fatalf("order: %v", first)
			}
		}
	})
}

func TestPlaceKey(t *testing.T) {
	want := PlaceKey("例示市本町1-2-3")
	if want == "" {
		t.Fatal("an address has no key")
	}
	for _, same := range []string{"例示市本町１丁目２番３号", "例示市本町１－２－３　付近", "例示市 本町1丁目2番地3", "例示市本町1丁目2の3地内"} {
		if got := PlaceKey(same); got != want {
			t.Errorf("PlaceKey(%s) = %q, want %q", same, got, want)
		}
	}
	for _, vague := range []string{"", "大阪府", "例示市本町付近", "駅前の広場のあたり"} {
		if got := PlaceKey(vague); got != "" {
			t.Errorf("PlaceKey(%s) = %q: a whole town is no place", vague, got)
		}
	}
	if PlaceKey("例示市本町1-2-3") == PlaceKey("例示市本町12-3") {
		t.Error("two houses are one")
	}
}

func TestJoinAndPart(t *testing.T) {
	by := By{"c-a", "yamada"}
	i := Begin("i1", Number(stdif.Exercise, 7), stdif.Exercise, by, noon)
	if i.Number != "E007" {
		t.Errorf("number = %s", i.Number)
	}
	if _, err := Join(i, Report, "r1", stdif.Actual, by, noon); fault.Of(err) != fault.Conflict {
		t.Errorf("an actual report in an exercise: %v", err)
	}
	l, err := Join(i, Report, "r1", stdif.Exercise, by, noon)
	if err != nil || !l.Live() {
		t.Fatalf("join: %v, %v", l, err)
	}
	if _, err := l.Part("", by, noon); fault.Of(err) != fault.Invalid {
		t.Errorf("parted without a reason: %v", err)
	}
	l, err = l.Part(Slip, by, noon)
	if err != nil || l.Live() {
		t.Fatalf("part: %v, %v", l, err)
	}
	if _, err := l.Part(Slip, by, noon); fault.Of(err) != fault.Conflict {
		t.Errorf("parted twice: %v", err)
	}
	if _, err := i.Close(1, by, noon); fault.Of(err) != fault.Conflict {
		t.Errorf("closed over an open report: %v", err)
	}
	if i, err = i.Close(0, by, noon); err != nil || i.State != Closed {
		t.Errorf("close: %v, %v", i, err)
	}
}

// Notices come twice and out of order; a state never goes back.
func TestNotices(t *testing.T) {
	c := FirstNotice(VoiceCall{ID: "v", State: Ringing, Number: "+819000000000", PhoneIndex: "p"}, noon)
	c, changed := c.Notice(VoiceCall{State: Ended}, noon.Add(time.Minute))
	if !changed || c.State != Ended || c.EndedAt.IsZero() || c.Number == "" {
		t.Fatalf("ended: %+v", c)
	}
	lat, lon := 34.7, 135.5
	c, changed = c.Notice(VoiceCall{State: Ringing, Place: &CallPlace{Lat: &lat, Lon: &lon, RadiusM: 500}}, noon.Add(2*time.Minute))
	if !changed || c.State != Ended || c.Place == nil {
		t.Fatalf("a late place: %+v", c)
	}
	lat2, lon2 := lat, lon
	if _, changed = c.Notice(VoiceCall{State: Ringing, Place: &CallPlace{Lat: &lat2, Lon: &lon2, RadiusM: 500}}, noon.Add(3*time.Minute)); changed {
		t.Error("the same notice again changed something")
	}
}
