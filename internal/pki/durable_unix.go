//go:build !windows

package pki

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// syncDir makes a new name in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", filepath.Base(dir), err)
	}
	return nil
}

// checkMode refuses a key that others can read: something is wrong with how the
// machine was set up, and whoever can read the key can be us.
func checkMode(info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others (mode %o); it must be 0600", info.Name(), info.Mode().Perm())
	}
	return nil
}
