package httpapi

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Difference is what a revision says otherwise than the one before it.
type Difference struct {
	From    int64     `json:"from" doc:"the revision before"`
	To      int64     `json:"to"`
	Changes []Changed `json:"changes"`
}

// Changed is one item that a revision says otherwise; an empty text is absent; health data has neither.
type Changed struct {
	Place  string `json:"place" doc:"JSON pointer into the report"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// maxChanges bounds what a page has to show: beyond it a revision is another
// report, and is read whole.
const maxChanges = 100

// readDifference compares the present revision with the newest one before it.
// Of health data it says only that it changed: opening it is an act of its own.
func (s *Server) readDifference(ctx context.Context, r report.Report, d *Detail) error {
	if r.Revision < 2 || r.Frame == "" {
		return nil
	}
	frames, err := s.store.Content().Frames(ctx, r.ID)
	if err != nil {
		return err
	}
	var before report.Frame
	for _, f := range frames {
		if f.Type == string(open1.TypeReport) && f.Problem == 0 && f.Revision < r.Revision && f.Revision > before.Revision {
			before = f
		}
	}
	if before.ID == "" {
		return nil // the one before never came
	}
	older, err := s.wordsOf(ctx, before.ID)
	if err != nil || older == nil {
		return err
	}
	newer, err := s.wordsOf(ctx, r.Frame)
	if err != nil || newer == nil {
		return err
	}
	health := !reflect.DeepEqual(older.Medical, newer.Medical)
	older.Medical, newer.Medical = nil, nil
	d.Changed = &Difference{From: before.Revision, To: r.Revision, Changes: differ(older, newer)}
	if health {
		d.Changed.Changes = append(d.Changed.Changes, Changed{Place: "/medical"})
	}
	return nil
}

// wordsOf reads the report of a frame; nil where it can no longer be read.
func (s *Server) wordsOf(ctx context.Context, frame string) (*stdif.Report, error) {
	f, err := s.store.Content().Frame(ctx, frame)
	if unreadable(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	words, _, _ := content(f)
	return words, nil
}

// differ compares two revisions item by item. Their raw bytes and numbers differ
// always and say nothing.
func differ(older, newer *stdif.Report) []Changed {
	a, b := flat(*older), flat(*newer)
	places := maps.Clone(a)
	maps.Copy(places, b)
	out := []Changed{}
	for _, place := range slices.Sorted(maps.Keys(places)) {
		if a[place] != b[place] && len(out) < maxChanges {
			out = append(out, Changed{place, a[place], b[place]})
		}
	}
	return out
}

func flat(r stdif.Report) map[string]string {
	r.Raw, r.Revision = nil, 0
	wire, err := json.Marshal(r)
	if err != nil {
		return nil
	}
	var v any
	if err := json.Unmarshal(wire, &v); err != nil {
		return nil
	}
	out := map[string]string{}
	flatten("", v, out)
	delete(out, "/revision")
	return out
}

func flatten(place string, v any, out map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			flatten(place+"/"+strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1"), item, out)
		}
	case []any:
		for i, item := range v {
			flatten(place+"/"+strconv.Itoa(i), item, out)
		}
	case string:
		out[place] = v
	case nil:
	default:
		wire, _ := json.Marshal(v) // a number or a truth value
		out[place] = string(wire)
	}
}
