package writer

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"unicode/utf8"
)

// Text is a text as both engines can keep it: PostgreSQL refuses a NUL and what
// is not UTF-8. A message whose kind of incident holds a NUL must still be
// stored; as it came, it lies in its frame.
func Text(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// safeArgs makes the texts among args safe.
func safeArgs(args []any) []any {
	for i, a := range args {
		text, ok := a.(string)
		if !ok {
			continue
		}
		if kept := Text(text); kept != text {
			args = slices.Clone(args)
			args[i] = kept
		}
	}
	return args
}

// Safe reads through db with texts as rows hold them, so that an odd number is
// not found in place of breaking the statement.
func Safe(db DBTX) DBTX { return safeReads{db} }

type safeReads struct{ DBTX }

// QueryContext implements DBTX.
func (s safeReads) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.DBTX.QueryContext(ctx, query, safeArgs(args)...)
}

// QueryRowContext implements DBTX.
func (s safeReads) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return s.DBTX.QueryRowContext(ctx, query, safeArgs(args)...)
}
