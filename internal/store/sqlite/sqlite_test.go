package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// The reserve takes real space, is given back once, and is not made where it
// would fill the last of the disk.
func TestReserve(t *testing.T) {
	r := &Reserve{File: filepath.Join(t.TempDir(), "reserve"), Size: 3 << 20}
	if r.Held() || r.Release() {
		t.Error("there is a reserve before it was made")
	}
	for range 2 {
		if err := r.Ensure(); err != nil || !r.Held() {
			t.Fatalf("Ensure: %v, held %t", err, r.Held())
		}
	}
	if !r.Release() || r.Held() || r.Release() {
		t.Error("it is given back once")
	}
	if err := os.WriteFile(r.File, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r.Held() {
		t.Error("half a reserve counts")
	}
	if err := r.Ensure(); err != nil || !r.Held() {
		t.Errorf("a half one is made whole: %v", err)
	}
	huge := &Reserve{File: filepath.Join(t.TempDir(), "reserve"), Size: math.MaxInt64 / 4}
	if err := huge.Ensure(); err == nil || huge.Held() {
		t.Errorf("a reserve larger than the disk: %v", err)
	}
	if _, err := os.Stat(huge.File); !errors.Is(err, os.ErrNotExist) {
		t.Error("it was begun although it does not fit")
	}
	none := &Reserve{File: filepath.Join(t.TempDir(), "reserve")}
	if err := none.Ensure(); err != nil || !none.Held() {
		t.Errorf("where none is wanted, nothing is missing: %v", err)
	}
}

// There tells a database that was in use from what SQLite would quietly make a
// new one of, and from another file.
func TestThere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.db")
	if err := There(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	db, err := Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if err := There(file); err != nil {
		t.Errorf("a database that is open: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for what, b := range map[string][]byte{"empty": {}, "cut": []byte("SQLite"), "other": bytes.Repeat([]byte("x"), 4096)} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if There(file) == nil {
			t.Errorf("%s counts as a database", what)
		}
	}
}

// A database opened for reading cannot be written, and is not made.
func TestOpenRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.db")
	if _, err := OpenRead(t.Context(), file); err == nil {
		t.Error("a database that is not there was opened for reading")
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Error("it was made")
	}
	db, err := Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Write.Exec("CREATE TABLE x (n BIGINT)"); err != nil {
		t.Fatal(err)
	}
	r, err := OpenRead(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for what, pool := range map[string]*sql.DB{"read-only file": r.Read, "pool of readers": db.Read} {
		if _, err := pool.Exec("INSERT INTO x VALUES (1)"); !CannotStore(err) {
			t.Errorf("%s: written: %v", what, err)
		}
	}
	wrong, err := Check(context.Background(), r.Read)
	if err != nil || len(wrong) != 0 {
		t.Errorf("Check: %v, %v", wrong, err)
	}
}
