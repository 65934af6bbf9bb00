//go:build unix

package sqlite

import "golang.org/x/sys/unix"

// freeSpace is how many bytes a program without privileges can still write
// where dir lies.
func freeSpace(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil //nolint:unconvert // another type on other systems
}
