package blob

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// Free is how many bytes of the disk are free for us.
func (s *Store) Free() (int64, error) {
	name, err := windows.UTF16PtrFromString(s.dir)
	if err != nil {
		return 0, fmt.Errorf("media: %w", err)
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, fmt.Errorf("media: %w", err)
	}
	return int64(free), nil
}
