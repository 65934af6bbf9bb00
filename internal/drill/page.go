package drill

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/matoi119/matoi/i18n"
	"github.com/matoi119/matoi/internal/calendar"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("drill").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.In(calendar.Zone()).Format("15:04:05") },
	"step":  func(name string) string { return i18n.Sentence(i18n.Japanese, "drill.step."+name, nil) },
	"by":    func(name string) string { return i18n.Sentence(i18n.Japanese, "drill.by."+name, nil) },
	"check": func(name string) string { return i18n.Sentence(i18n.Japanese, "drill.check."+name, nil) },
}).Parse(pageText))

// Page writes a record as a page to print, in Japanese.
func Page(w io.Writer, canonical []byte, digest string) error {
	var r Record
	if err := json.Unmarshal(canonical, &r); err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	return page.Execute(w, struct {
		R            Record
		Date, Digest string
	}{r, r.CutAt.In(calendar.Zone()).Format("2006-01-02 15:04"), digest})
}
