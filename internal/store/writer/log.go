package writer

import (
	"context"
	"database/sql"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/entry"
	"golang.org/x/mod/sumdb/tlog"
)

// lock takes the head row, which orders writers of all processes, and makes
// sure that the edge is the one of that head.
func (w *Writer) lock(ctx context.Context, tx *sql.Tx) (Head, error) {
	var h Head
	err := prepared{w, tx}.QueryRowContext(ctx, "UPDATE evidence_head SET size = size WHERE hq = $1 RETURNING size, seq", w.hq).Scan(&h.Size, &h.Seq)
	if err != nil {
		return h, fmt.Errorf("lock log: %w", err)
	}
	if w.edge == nil || w.edge.Size() != h.Size { // another process wrote, or a batch failed
		if w.edge, err = loadEdge(ctx, tx, w.hq, h.Size); err != nil {
			return h, err
		}
	}
	return h, nil
}

type querier interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

func loadEdge(ctx context.Context, q querier, hq string, size int64) (*audit.Edge, error) {
	var hashes []tlog.Hash
	for _, i := range audit.EdgeIndexes(size) {
		var h []byte
		if err := q.QueryRowContext(ctx, "SELECT hash FROM evidence_node WHERE hq = $1 AND idx = $2", hq, i).Scan(&h); err != nil {
			return nil, fmt.Errorf("read node %d of the log: %w", i, err)
		}
		if len(h) != tlog.HashSize {
			return nil, fmt.Errorf("read node %d of the log: it has %d bytes", i, len(h))
		}
		hashes = append(hashes, tlog.Hash(h))
	}
	return audit.LoadEdge(size, hashes)
}

// log collects what a batch adds to the log and the feed.
type log struct {
	w       *Writer
	head    Head
	entries [][]any
	nodes   [][]any
	changes [][]any
	tables  map[string]bool
}

// add numbers the entry and appends it to the tree.
func (l *log) add(t *Tx, e entry.Entry) error {
	if e.Act == "" {
		return nil
	}
	for _, r := range t.rows {
		l.tables[r.Table] = true
	}
	leaf, at := l.head.Size, t.now.UnixMicro()
	b := audit.Body{
		V: 1, HQ: l.w.hq, Leaf: leaf, At: at, Act: e.Act, Actor: e.Actor, Subject: e.Subject,
		Mode: string(e.Mode), Facts: e.Facts, Rows: t.rows,
	}
	for _, c := range t.changes {
		l.head.Seq++
		b.Changes = append(b.Changes, audit.Change{Seq: l.head.Seq, Kind: c.Kind, Subject: c.Subject, Detail: c.Detail})
		l.changes = append(l.changes, []any{l.w.hq, l.head.Seq, at, c.Kind, c.Subject, c.Detail, leaf})
	}
	if l.w.plain {
		return nil
	}
	body, err := b.Encode()
	if err != nil {
		return err
	}
	nodes, err := l.w.edge.Append(body)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		l.nodes = append(l.nodes, []any{l.w.hq, n.Index, n.Hash[:]})
	}
	l.entries = append(l.entries, []any{l.w.hq, leaf, at, e.Act, e.Subject, body})
	l.head.Size++
	return nil
}

// flush hands in what the batch adds to the log.
func (l *log) flush(ctx context.Context) error {
	if len(l.entries) == 0 && len(l.changes) == 0 {
		return nil
	}
	for _, part := range []struct {
		table, columns string
		rows           [][]any
	}{
		{"evidence_entry", "hq, leaf, at, act, subject, body", l.entries},
		{"evidence_node", "hq, idx, hash", l.nodes},
		{"feed_change", "hq, seq, at, kind, subject, detail, leaf", l.changes},
	} {
		if err := l.insertMany(ctx, part.table, part.columns, part.rows); err != nil {
			return err
		}
	}
	err := l.w.write(ctx, "evidence_head", "UPDATE evidence_head SET size = $2, seq = $3 WHERE hq = $1", []any{l.w.hq, l.head.Size, l.head.Seq})
	if err != nil {
		return fmt.Errorf("move head: %w", err)
	}
	return nil
}

// chunk is how many rows of the log one statement writes. More would not help
// SQLite, which looks for each parameter among all others by name, when it parses
// and when it binds; fewer would be round trips to PostgreSQL.
const chunk = 16

// insertMany writes rows of one width, a power of two in each statement, so that
// there are few texts and each is prepared once.
func (l *log) insertMany(ctx context.Context, table, columns string, rows [][]any) error {
	insert := "INSERT INTO " + table + " (" + columns + ") VALUES "
	for len(rows) > 0 {
		n := min(1<<(bits.Len(uint(len(rows)))-1), chunk)
		args := make([]any, 0, n*len(rows[0]))
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if err := l.w.write(ctx, table, insertText(insert, n, len(rows[0])), args); err != nil {
			return fmt.Errorf("write log: %w", err)
		}
		rows = rows[n:]
	}
	return nil
}

// insertText is insert with places for n rows of a width.
func insertText(insert string, n, width int) string {
	var b strings.Builder
	b.WriteString(insert)
	for i := range n * width {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%width == 0:
			b.WriteString("),(")
		default:
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}
