package httpapi

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/matoi119/matoi/i18n"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/calendar"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
)

//go:embed paper.html
var paperText string

// paper is the open list as it is printed: A4, black on white, no script.
var paper = template.Must(template.New("paper").Parse(paperText))

// paperRow is one report on paper.
type paperRow struct {
	Number, Mode, State, Received, Kind, Place, Text, Phone, Holder, Since string

	Points []string
	Actual bool
}

// Paper renders the open list for the hours without us, and counts it. It is
// Japanese, because a room that works on paper is.
func (s *Server) Paper(ctx context.Context) (html []byte, reports int, err error) {
	n, err := s.names(ctx)
	if err != nil {
		return nil, 0, err
	}
	open, err := s.store.Reports().Board(ctx)
	if err != nil {
		return nil, 0, err
	}
	page := struct {
		Headquarters, At string
		Rows             []paperRow
	}{s.hqName, onPaper(s.now()), nil}
	for _, r := range open {
		row, err := s.paperRow(ctx, n, r)
		if err != nil {
			return nil, 0, err
		}
		page.Rows = append(page.Rows, row)
	}
	var out bytes.Buffer
	if err := paper.Execute(&out, page); err != nil {
		return nil, 0, fmt.Errorf("render the open list: %w", err)
	}
	return out.Bytes(), len(open), nil
}

func (s *Server) paperRow(ctx context.Context, n *names, r report.Report) (paperRow, error) {
	c, err := s.card(ctx, n, r)
	if err != nil {
		return paperRow{}, err
	}
	row := paperRow{
		Number: c.Number, Actual: c.Mode == stdif.Actual, Mode: word("mode", string(c.Mode)), State: word("state", string(c.State)),
		Received: onPaper(c.ReceivedAt), Kind: c.Kind.Label, Place: c.Place, Text: c.Excerpt,
	}
	if row.Kind == "" {
		row.Kind = word("kind", c.Kind.Code)
	}
	if c.Undecodable {
		row.Kind = i18n.Sentence(i18n.Japanese, "card.undecodable", nil)
	}
	if c.Claim != nil {
		row.Holder, row.Since = c.Claim.ConsoleName+" "+c.Claim.PersonName, onPaper(c.Claim.At)
	}
	if row.Phone, err = s.phoneOf(ctx, r); err != nil {
		return row, err
	}
	words, err := s.saidIn(ctx, r)
	if err != nil || words == nil {
		return row, err
	}
	for _, l := range words.Locations {
		if l.Lat != nil && l.Lon != nil {
			row.Points = append(row.Points, fmt.Sprintf("%.5f, %.5f", *l.Lat, *l.Lon))
		}
	}
	return row, nil
}

// word is the Japanese word for a code, or the code itself.
func word(prefix, code string) string {
	if key := prefix + "." + code; i18n.Has(key) {
		return i18n.Sentence(i18n.Japanese, key, nil)
	}
	return code
}

func onPaper(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Zone()).Format("01/02 15:04:05")
}

// printBoard answers the open list as a page to print. It is asked for by a
// person's key, and the log says by whose.
func (s *Server) printBoard(w http.ResponseWriter, r *http.Request) {
	id, _ := authn.From(r.Context())
	html, reports, err := s.Paper(r.Context())
	if err == nil {
		err = s.acts.Printed(r.Context(), s.whoOf(id), reports)
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(html) // the page is gone if this fails
}
