//go:build unix

package blob

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Free is how many bytes of the disk are free for us.
func (s *Store) Free() (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(s.dir, &st); err != nil {
		return 0, fmt.Errorf("media: %w", err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
