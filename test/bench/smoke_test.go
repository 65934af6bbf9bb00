package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/sim/load"
)

// The benchmark must measure a system that works: a few reports go through
// every process, and all four independent counts agree. Nothing here looks at
// how long it takes.
func TestTheSystemUnderLoadIsWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	s := open(t, shape{services: 2, consoles: 2})
	r, err := load.Run(t.Context(), load.Config{Services: s.services, Consoles: s.consoles, Rate: 20, Measure: 2 * time.Second, Drain: time.Minute, Paint: true})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Whole() || r.Integrated != r.Acknowledged {
		t.Errorf("not whole: %+v", r)
	}
}

func TestTablesAreMarkdown(t *testing.T) {
	tab := Table{Title: "t", Heads: []string{"what", "n"}}
	tab.Row("指令台", 0.5)
	tab.Row("b", 1234.4)
	tab.Note("%d cores", 2)
	var out strings.Builder
	if err := tab.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### t\n", "| what | n    |\n|------|------|\n", "| 指令台  | 0.50 |\n", "| b    | 1234 |\n", "\n2 cores\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		in   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := Median(tt.in); got != tt.want {
			t.Errorf("Median(%v) = %v, want %v", tt.in, got, tt.want)
		}
	}
}
