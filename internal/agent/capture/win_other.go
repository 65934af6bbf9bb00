//go:build !windows

package capture

import "fmt"

// OpenWindows refuses: this program was built for another system.
func OpenWindows() (Screen, error) {
	return nil, fmt.Errorf("%w: the desktop of Windows is captured on Windows", ErrUnsupported)
}
