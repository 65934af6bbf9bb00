package writer

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"testing/fstest"

	"github.com/pressly/goose/v3"
)

//go:embed migration/*.sql
var own embed.FS

// Migrate brings a database to the newest schema: the writer's own tables
// first, then those of the room that owns the database. Files are numbered
// from 0001; the room starts at 0100.
func Migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, room fs.FS) error {
	all := fstest.MapFS{}
	for _, f := range []fs.FS{own, room} {
		err := fs.WalkDir(f, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := fs.ReadFile(f, path)
			all[d.Name()] = &fstest.MapFile{Data: b}
			return err
		})
		if err != nil {
			return fmt.Errorf("read migrations: %w", err)
		}
	}
	p, err := goose.NewProvider(dialect, db, all)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
