package httpapi

import (
	"context"

	"github.com/matoi119/matoi/i18n"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/console"
)

// SnippetView is the list of ready sentences and its version.
type SnippetView struct {
	Version int64             `json:"version" doc:"0: nobody has written one; the lines are the program's own proposal"`
	Lines   []console.Snippet `json:"lines"`
}

// proposed are sentences to begin with; they stand in the catalogue, in Japanese
// and English.
var proposed = []string{
	"snippet.proposed.hello", "snippet.proposed.fire-or-ems", "snippet.proposed.where", "snippet.proposed.conscious",
	"snippet.proposed.breathing", "snippet.proposed.safe", "snippet.proposed.on-the-way", "snippet.proposed.stay", "snippet.proposed.picture",
}

func (s *Server) readSnippets(ctx context.Context, _ authn.Identity, _ *nothing) (SnippetView, error) {
	list, err := s.store.Snippets().Snippets(ctx)
	if err != nil {
		return SnippetView{}, err
	}
	v := SnippetView{Version: list.Version, Lines: list.Lines}
	if list.Version == 0 {
		for _, key := range proposed {
			v.Lines = append(v.Lines, console.Snippet{
				Text:         i18n.Sentence(i18n.Japanese, key, nil),
				Translations: map[string]string{i18n.English: i18n.Sentence(i18n.English, key, nil)},
			})
		}
	}
	if v.Lines == nil {
		v.Lines = []console.Snippet{}
	}
	return v, nil
}

type snippetsInput struct {
	Body struct {
		Version int64             `json:"version" minimum:"0" doc:"the version that was changed; another one is a conflict"`
		Lines   []console.Snippet `json:"lines" maxItems:"40"`
	}
}

func (s *Server) changeSnippets(ctx context.Context, id authn.Identity, in *snippetsInput) (SnippetView, error) {
	if err := s.acts.ChangeSnippets(ctx, s.whoOf(id), in.Body.Version, in.Body.Lines); err != nil {
		return SnippetView{}, err
	}
	return s.readSnippets(ctx, id, nil)
}
