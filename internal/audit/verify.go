package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/tlog"
)

// StoredEntry is one row of the entry table.
type StoredEntry struct {
	Leaf    int64
	At      int64
	Act     string
	Subject string
	Body    []byte
}

// StoredRow is any row of a table that acts write.
type StoredRow struct {
	Table  string
	Key    string
	Digest Digest
	Fault  error // the row cannot even be encoded, for example a NULL
}

// StoredChange is one row of the change feed.
type StoredChange struct {
	Change
	Leaf int64
	At   int64
}

// Source is what Verify reads: the four stored things of one headquarters,
// each in order. An error ends the sequence and the verification.
type Source interface {
	Head(ctx context.Context) (size, seq int64, err error)
	Entries(ctx context.Context) iter.Seq2[StoredEntry, error] // by leaf
	Nodes(ctx context.Context) iter.Seq2[Node, error]          // by index
	Rows(ctx context.Context) iter.Seq2[StoredRow, error]      // every registered table
	Changes(ctx context.Context) iter.Seq2[StoredChange, error]
	// Strangers names tables that hold rows of a headquarters without a log.
	Strangers(ctx context.Context) ([]string, error)
}

// ErrNoHead is what a Source's Head answers when the headquarters has none.
var ErrNoHead = errors.New("no head")

// Finding is one thing that is not as the log says.
type Finding struct {
	Where string // "entry 17", "row report_report [\"…\"]", "node 35", "change 9", "head"
	What  string
}

func (f Finding) String() string { return f.Where + ": " + f.What }

// Result is what a verification saw.
type Result struct {
	Entries, Rows, Changes int64
	Root                   tlog.Hash
	Findings               []Finding
	More                   int64 // findings beyond the first 100
}

// OK reports whether nothing was found.
func (r Result) OK() bool { return len(r.Findings) == 0 }

func (r *Result) find(where, format string, args ...any) {
	if len(r.Findings) >= 100 {
		r.More++
		return
	}
	r.Findings = append(r.Findings, Finding{where, fmt.Sprintf(format, args...)})
}

type rowID struct{ table, key string }

// Verify reads everything once and compares it with the log. It trusts nothing
// that is stored: hashes are recomputed from the entries' bytes.
func Verify(ctx context.Context, s Source) (Result, error) {
	var r Result
	rows := map[rowID]string{}
	changes := map[int64]changeAt{}
	edge, nodes, err := verifyEntries(ctx, s, &r, rows, changes)
	if err != nil {
		return r, err
	}
	if err := verifyNodes(ctx, s, &r, nodes); err != nil {
		return r, err
	}
	if err := verifyRows(ctx, s, &r, rows); err != nil {
		return r, err
	}
	if err := verifyChanges(ctx, s, &r, changes); err != nil {
		return r, err
	}
	strangers, err := s.Strangers(ctx)
	if err != nil {
		return r, fmt.Errorf("read strangers: %w", err)
	}
	for _, t := range strangers {
		r.find("table "+t, "holds rows of a headquarters that has no log here")
	}
	if err := verifyHead(ctx, s, &r, edge.Size(), int64(len(changes))); err != nil {
		return r, err
	}
	r.Root, err = edge.Root()
	return r, err
}

func verifyHead(ctx context.Context, s Source, r *Result, entries, changes int64) error {
	size, seq, err := s.Head(ctx)
	if errors.Is(err, ErrNoHead) {
		r.find("head", "there is none")
		return nil
	}
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	if size != entries {
		r.find("head", "says %d entries, %d are there", size, entries)
	}
	if seq != changes {
		r.find("head", "says %d changes, the entries name %d", seq, changes)
	}
	return nil
}

type changeAt struct {
	Change
	leaf, at int64
}

// verifyEntries walks the leaves and returns the tree's edge and every node hash.
func verifyEntries(ctx context.Context, s Source, r *Result, rows map[rowID]string, changes map[int64]changeAt) (*Edge, []tlog.Hash, error) {
	edge := new(Edge)
	var nodes []tlog.Hash
	for e, err := range s.Entries(ctx) {
		if err != nil {
			return nil, nil, fmt.Errorf("read entries: %w", err)
		}
		where := fmt.Sprintf("entry %d", e.Leaf)
		if e.Leaf != r.Entries {
			r.find(where, "number %d is missing", r.Entries)
		}
		r.Entries++
		added, err := edge.Append(e.Body)
		if err != nil {
			return nil, nil, err
		}
		for _, n := range added {
			nodes = append(nodes, n.Hash)
		}
		b, err := DecodeBody(e.Body)
		if err != nil {
			r.find(where, "%v", err)
			continue
		}
		if b.Leaf != e.Leaf || b.At != e.At || b.Act != e.Act || b.Subject != e.Subject {
			r.find(where, "columns differ from the entry's body")
		}
		for _, row := range b.Rows {
			rows[rowID{row.Table, row.Key}] = row.Digest
		}
		for _, c := range b.Changes {
			changes[c.Seq] = changeAt{c, e.Leaf, b.At}
		}
	}
	return edge, nodes, nil
}

func verifyNodes(ctx context.Context, s Source, r *Result, nodes []tlog.Hash) error {
	var n int64
	for node, err := range s.Nodes(ctx) {
		if err != nil {
			return fmt.Errorf("read nodes: %w", err)
		}
		where := fmt.Sprintf("node %d", node.Index)
		switch {
		case node.Index != n:
			r.find(where, "node %d is missing", n)
			n = node.Index
		case n >= int64(len(nodes)):
			r.find(where, "no entry has this node")
		case nodes[n] != node.Hash:
			r.find(where, "is not the hash of its entries")
		}
		n++
	}
	if n < int64(len(nodes)) {
		r.find(fmt.Sprintf("node %d", n), "is missing")
	}
	return nil
}

func verifyRows(ctx context.Context, s Source, r *Result, rows map[rowID]string) error {
	for row, err := range s.Rows(ctx) {
		if err != nil {
			return fmt.Errorf("read rows: %w", err)
		}
		r.Rows++
		where := fmt.Sprintf("row %s %s", row.Table, row.Key)
		id := rowID{row.Table, row.Key}
		want, known := rows[id]
		switch {
		case row.Fault != nil:
			r.find(where, "%v", row.Fault)
		case !known:
			r.find(where, "no entry wrote it")
		case want == Gone:
			r.find(where, "is there although an entry removed it")
		case want != row.Digest.String():
			r.find(where, "differs from what its last entry wrote")
		}
		delete(rows, id)
	}
	for id, d := range rows {
		if d != Gone {
			r.find(fmt.Sprintf("row %s %s", id.table, id.key), "is gone although no entry removed it")
		}
	}
	return nil
}

func verifyChanges(ctx context.Context, s Source, r *Result, want map[int64]changeAt) error {
	for c, err := range s.Changes(ctx) {
		if err != nil {
			return fmt.Errorf("read changes: %w", err)
		}
		r.Changes++
		where := fmt.Sprintf("change %d", c.Seq)
		w, known := want[c.Seq]
		if !known {
			r.find(where, "no entry announced it")
			continue
		}
		if w.Change != c.Change || w.leaf != c.Leaf || w.at != c.At {
			r.find(where, "differs from what its entry announced")
		}
	}
	if missing := int64(len(want)) - r.Changes; missing > 0 {
		r.find("changes", "%d are missing", missing)
	}
	return nil
}
