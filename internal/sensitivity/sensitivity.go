// Package sensitivity holds values that cannot be printed by accident: a
// caller's words, names and numbers (重要性分類 秘密 and 厳秘, MQ-4-2).
package sensitivity

import (
	"errors"
	"fmt"
	"log/slog"
)

// Secret wraps a value that must not reach a log, an error text, a metric or a
// URL. The value sits behind a closure because fmt does not call methods on
// unexported fields: a plain field would print. Revealing the zero Secret panics.
type Secret[T any] struct{ reveal func() T }

const mark = "厳秘"

// Of wraps v.
func Of[T any](v T) Secret[T] { return Secret[T]{func() T { return v }} }

// Reveal returns the value. Every call is a place to review.
func (s Secret[T]) Reveal() T { return s.reveal() }

// IsZero reports whether nothing was wrapped.
func (s Secret[T]) IsZero() bool { return s.reveal == nil }

// LogValue implements slog.LogValuer.
func (s Secret[T]) LogValue() slog.Value { return slog.StringValue(mark) }

// Format implements fmt.Formatter for every verb.
func (s Secret[T]) Format(f fmt.State, _ rune) { fmt.Fprint(f, mark) }

// MarshalJSON refuses: a secret leaves the program only where somebody revealed it.
func (s Secret[T]) MarshalJSON() ([]byte, error) {
	return nil, errors.New("sensitivity: a sealed value was marshalled")
}
