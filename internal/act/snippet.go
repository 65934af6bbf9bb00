package act

import (
	"context"
	"strconv"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/store"
)

// ChangeSnippets replaces the headquarters' ready sentences. after is the version
// that the person had on the screen: of two who write at once the second is told.
func (a *Acts) ChangeSnippets(ctx context.Context, who Who, after int64, lines []console.Snippet) error {
	if err := console.CheckSnippets(lines); err != nil {
		return err
	}
	return a.do(ctx, who, SnippetChange, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		now, err := u.Snippets().Snippets(ctx)
		if err != nil {
			return Told{}, err
		}
		if now.Version != after {
			return Told{}, fault.New(fault.Conflict, "snippet.changed")
		}
		next := console.Snippets{Version: now.Version + 1, Lines: lines, ChangedBy: who.ID, ChangedAt: u.Now()}
		u.Changed("snippets", console.SnippetList, string(SnippetChange))
		return Told{Subject: "snippets/" + console.SnippetList, Facts: map[string]string{"count": strconv.Itoa(len(lines))}}, u.Snippets().SaveSnippets(ctx, next)
	})
}
