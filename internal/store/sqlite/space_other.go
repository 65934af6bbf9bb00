//go:build !unix

package sqlite

import "errors"

// freeSpace is not known here; the reserve is then tried.
func freeSpace(string) (int64, error) { return 0, errors.ErrUnsupported }
