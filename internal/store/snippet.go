package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/matoi119/matoi/internal/console"
	consoleq "github.com/matoi119/matoi/internal/store/query/console"
	"github.com/matoi119/matoi/internal/store/writer"
)

// snippets implements console.SnippetStore; tx is nil outside of acts.
type snippets struct {
	q  *consoleq.Queries
	hq string
	tx *writer.Tx
}

// Snippets are the ready sentences inside an act.
func (u *Unit) Snippets() console.SnippetStore {
	return snippets{u.s.consoleQueries(u.tx.Query()), u.s.hq, u.tx}
}

// Snippets reads the ready sentences outside of acts.
func (s *Store) Snippets() console.SnippetStore { return snippets{s.consoleQueries(s.read), s.hq, nil} }

func (s snippets) Snippets(ctx context.Context) (console.Snippets, error) {
	row, err := orNothing(s.q.Snippets(ctx, consoleq.SnippetsParams{HQ: s.hq, List: console.SnippetList}))
	if err != nil {
		return console.Snippets{}, fmt.Errorf("read snippets: %w", err)
	}
	out := console.Snippets{Version: row.Version, ChangedBy: row.ChangedBy, ChangedAt: instant(row.ChangedAt)}
	if row.Version == 0 {
		return out, nil
	}
	if err := json.Unmarshal([]byte(row.Lines), &out.Lines); err != nil {
		return console.Snippets{}, fmt.Errorf("read snippets: %w", err)
	}
	return out, nil
}

func (s snippets) SaveSnippets(ctx context.Context, v console.Snippets) error {
	lines, err := json.Marshal(v.Lines)
	if err != nil {
		return fmt.Errorf("encode snippets: %w", err)
	}
	return put(ctx, s.tx, "console_snippets", consoleq.ConsoleSnippet{
		HQ: s.hq, List: console.SnippetList, Version: v.Version, Lines: string(lines), ChangedBy: v.ChangedBy, ChangedAt: micros(v.ChangedAt),
	})
}
