package rfb

import "fmt"

// Error is a message that breaks the protocol or a limit. The connection cannot
// go on: where the next message begins is not known any more.
type Error struct {
	Where  string // message or item, for example "SetEncodings"
	Reason string
}

// Error implements error.
func (e *Error) Error() string { return "rfb: " + e.Where + ": " + e.Reason }

func broken(where, reason string, args ...any) error {
	return &Error{Where: where, Reason: fmt.Sprintf(reason, args...)}
}
