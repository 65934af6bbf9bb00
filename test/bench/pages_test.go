package bench

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/matoi119/matoi/ui"
)

// pieces are the parts of the built pages by name.
func pieces(tb testing.TB) map[string][]string {
	tb.Helper()
	if !ui.Built() {
		tb.Skip("the pages are not built here: make ui")
	}
	pages := ui.Dist()
	out := map[string][]string{}
	for _, p := range []string{ui.ConsolePage, ui.TerminalPage} {
		files, err := starts(pages, p)
		if err != nil {
			tb.Fatal(err)
		}
		out[p] = files
	}
	assets, err := fs.Glob(pages, "assets/*")
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range assets {
		switch {
		case strings.HasSuffix(name, ".woff2"):
			out["face"] = append(out["face"], name)
		case strings.HasPrefix(name, "assets/canvas-") || strings.HasPrefix(name, "assets/maplibre-"):
			out["map"] = append(out["map"], name)
		}
	}
	return out
}

// A console comes up at night without waiting for a map that nobody opened.
func TestConsoleStartsWithoutTheMap(t *testing.T) {
	all := pieces(t)
	if len(all["map"]) < 3 { // script, style, worker
		t.Errorf("the map has the files %v", all["map"])
	}
	for _, name := range all[ui.ConsolePage] {
		if slices.Contains(all["map"], name) {
			t.Errorf("the console reads %s before it works", name)
		}
	}
}

// BenchmarkPages weighs what a browser reads.
func BenchmarkPages(b *testing.B) {
	t := Table{Title: "What a browser reads, built pages", Heads: []string{"part", "files", "KB", "KB gzip"}}
	all := pieces(b)
	for _, p := range []struct{ name, key string }{
		{"console, before it works", ui.ConsolePage}, {"terminal's page, before it works", ui.TerminalPage},
		{"map, when first opened", "map"}, {"BIZ UDGothic, all parts (read as their letters are needed, and only where the machine has no such face)", "face"},
	} {
		s, err := weigh(ui.Dist(), all[p.key])
		if err != nil {
			b.Fatal(err)
		}
		t.Row(p.name, s.Files, float64(s.Bytes)/1000, float64(s.Packed)/1000)
	}
	print(b, &t)
}
