package httpapi

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/matoi119/matoi/internal/authz"
)

// FeedEvent stands in the description for the stream: the name of an event is a
// member here, its data that member's value.
type FeedEvent struct {
	Change  *Change `json:"change,omitempty" doc:"numbered by the event's id: where to go on after a break"`
	Unsaved *Card   `json:"unsaved,omitempty" doc:"a message that could not be stored, from memory"`
	Saved   *Saved  `json:"saved,omitempty"`
	Link    *Link   `json:"link,omitempty" doc:"what of a link is stored nowhere has changed"`
	Beat    *Beat   `json:"beat,omitempty" doc:"every second; a page that hears nothing for 3 s says so"`
}

// Saved names what is unsaved no longer.
type Saved struct {
	ID string `json:"id"`
}

const schemas = "#/components/schemas/"

// describe completes the description with what huma does not see: the stream,
// which writes its own answer, and which members may be null.
func (s *Server) describe() {
	api := s.api.OpenAPI()
	known := api.Components.Schemas
	event := known.Schema(reflect.TypeFor[FeedEvent](), true, "")
	refused := &huma.Response{Content: map[string]*huma.MediaType{"application/problem+json": {Schema: &huma.Schema{Ref: schemas + "Problem"}}}}
	api.AddOperation(&huma.Operation{
		Method: http.MethodGet, Path: base + "/feed", OperationID: operationID(http.MethodGet, "/feed"),
		Summary: "What happens, as Server-Sent Events from a cursor on", Description: "Right: `" + string(authz.FeedRead) + "`.",
		Parameters: []*huma.Param{
			{Name: "console", In: "query", Required: true, Description: "the console's id: an event source sends no headers", Schema: &huma.Schema{Type: huma.TypeString}},
			{Name: "cursor", In: "query", Description: "of the board, when there is no Last-Event-ID", Schema: &huma.Schema{Type: huma.TypeInteger, Format: "int64"}},
		},
		Responses: map[string]*huma.Response{
			"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: event}}},
			"401": described(refused, "Unauthorized"), "403": described(refused, "Forbidden"), "410": described(refused, "Gone: read the board anew"),
		},
	})
	for name, schema := range known.Map() {
		exact(schema, known.TypeFromRef(schemas+name))
	}
}

func described(r *huma.Response, words string) *huma.Response {
	out := *r
	out.Description = words
	return &out
}

// exact says of each member whether it may be null: our lists never are, and a
// pointer is unless it is left out instead.
func exact(schema *huma.Schema, t reflect.Type) {
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := schema.Properties[name]
		switch {
		case p == nil:
		case p.Type == huma.TypeArray:
			p.Nullable = false
		case p.Ref != "" && f.Type.Kind() == reflect.Pointer && !strings.Contains(options, "omitempty"):
			schema.Properties[name] = &huma.Schema{Description: p.Description, AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
		}
	}
}
