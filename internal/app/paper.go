package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/matoi119/matoi/internal/act"
)

// PaperFile is the open list in the directory of ServerConfig.Paper.
const PaperFile = "open-list.html"

// keepPaper writes the open list for the hours without us, where somebody asked
// for it: personal data in clear, for the server's account alone. The record
// comes before the file: a list that nobody can account for is not written.
func (s *Server) keepPaper(ctx context.Context) error {
	if s.c.Paper == "" {
		<-ctx.Done()
		return nil
	}
	if err := os.MkdirAll(s.c.Paper, 0o700); err != nil {
		return fmt.Errorf("directory of the open list: %w", err)
	}
	every := s.c.PaperEvery
	if every < time.Minute {
		every = time.Minute
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := s.writePaper(ctx); err != nil && ctx.Err() == nil {
			s.c.Log.Error("write the open list", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Server) writePaper(ctx context.Context) error {
	html, reports, err := s.api.Paper(ctx)
	if err != nil {
		return err
	}
	if err := s.Acts.Exported(ctx, act.Timer(), reports); err != nil {
		return err
	}
	next := filepath.Join(s.c.Paper, "."+PaperFile+".next")
	if err := os.WriteFile(next, html, 0o600); err != nil {
		return fmt.Errorf("write the open list: %w", err)
	}
	if err := os.Chmod(next, 0o600); err != nil { // one that was left behind with other rights
		return fmt.Errorf("write the open list: %w", err)
	}
	return os.Rename(next, filepath.Join(s.c.Paper, PaperFile))
}
