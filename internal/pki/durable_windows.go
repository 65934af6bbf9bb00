package pki

import "io/fs"

// syncDir: NTFS keeps names in its journal; a directory cannot be synced.
func syncDir(string) error { return nil }

// checkMode: Windows has no modes; who may read the key is up to the access
// list of the directory, which the installer sets.
func checkMode(fs.FileInfo) error { return nil }
