package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// description is an OpenAPI document as far as compatibility goes.
type description struct {
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]shape }
}

type operation struct {
	Parameters  []struct{ Name, In string }
	RequestBody struct {
		Content map[string]struct{ Schema shape }
	}
	Responses map[string]struct {
		Content map[string]struct{ Schema shape }
	}
}

type shape struct {
	Ref        string `json:"$ref"`
	Type       any
	Enum       []any
	Required   []string
	Properties map[string]shape
	Items      *shape
}

// breaks lists what a client of the old description would stumble over. seen
// keeps recursive schemas finite.
func breaks(was, is description) (found []string) {
	for path, operations := range was.Paths {
		for method, old := range operations {
			now, ok := is.Paths[path][method]
			where := strings.ToUpper(method) + " " + path
			if !ok {
				found = append(found, where+" is gone")
				continue
			}
			c := comparison{was: was, is: is, seen: map[string]bool{}}
			for kind, body := range old.RequestBody.Content {
				c.request(where+" request", body.Schema, now.RequestBody.Content[kind].Schema)
			}
			c.seen = map[string]bool{}
			for status, answer := range old.Responses {
				for kind, body := range answer.Content {
					c.answer(where+" "+status, body.Schema, now.Responses[status].Content[kind].Schema)
				}
			}
			found = append(found, c.found...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

type comparison struct {
	was, is description
	seen    map[string]bool
	found   []string
}

func (d description) of(s shape) shape {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.Components.Schemas[name]
	}
	return s
}

// both resolves a pair, once.
func (c *comparison) both(was, is shape) (shape, shape, bool) {
	key := was.Ref + "→" + is.Ref
	if was.Ref != "" && c.seen[key] {
		return was, is, false
	}
	c.seen[key] = true
	return c.was.of(was), c.is.of(is), true
}

func (c *comparison) request(where string, was, is shape) {
	was, is, ok := c.both(was, is)
	if !ok {
		return
	}
	for _, need := range is.Required {
		if !slices.Contains(was.Required, need) {
			c.found = append(c.found, where+" needs "+need)
		}
	}
	for _, v := range was.Enum {
		if len(is.Enum) > 0 && !slices.Contains(is.Enum, v) {
			c.found = append(c.found, fmt.Sprintf("%s may not be %v any more", where, v))
		}
	}
	c.members(where, was, is, c.request)
}

func (c *comparison) answer(where string, was, is shape) {
	was, is, ok := c.both(was, is)
	if !ok {
		return
	}
	c.members(where, was, is, c.answer)
}

func (c *comparison) members(where string, was, is shape, each func(string, shape, shape)) {
	if fmt.Sprint(was.Type) != fmt.Sprint(is.Type) {
		c.found = append(c.found, fmt.Sprintf("%s was %v and is %v", where, was.Type, is.Type))
		return
	}
	for name, old := range was.Properties {
		now, ok := is.Properties[name]
		if !ok {
			c.found = append(c.found, where+" has no "+name+" any more")
			continue
		}
		each(where+"."+name, old, now)
	}
	if was.Items != nil && is.Items != nil {
		each(where+"[]", *was.Items, *is.Items)
	}
}

func readDescription(t *testing.T, name string) description {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// A client of the last release still works (docs/api.md, "What may change").
func TestNothingBreaksWithinAVersion(t *testing.T) {
	const released = "../../docs/openapi-released.json"
	if _, err := os.Stat(released); errors.Is(err, fs.ErrNotExist) {
		t.Skip("nothing is released yet: the first release copies docs/openapi.json to docs/openapi-released.json")
	}
	for _, b := range breaks(readDescription(t, released), readDescription(t, "../../docs/openapi.json")) {
		t.Errorf("breaks clients of the last release: %s", b)
	}
}

// What breaks is found, and what may come is not taken for it.
func TestBreaksAreFound(t *testing.T) {
	now := func() description { return readDescription(t, "../../docs/openapi.json") }
	if found := breaks(now(), now()); len(found) != 0 {
		t.Fatalf("the same description breaks itself: %v", found)
	}
	const close = "/api/v1/reports/{id}/close"
	for name, tt := range map[string]struct {
		change func(*description)
		want   string
	}{
		"a route went":   {func(d *description) { delete(d.Paths, close) }, "POST " + close + " is gone"},
		"a member went":  {func(d *description) { delete(d.Components.Schemas["Card"].Properties, "excerpt") }, "has no excerpt"},
		"a type changed": {func(d *description) { d.Components.Schemas["Card"].Properties["number"] = shape{Type: "integer"} }, "was string and is integer"},
		"a member is needed": {func(d *description) {
			s := d.Components.Schemas["CloseInputBody"]
			s.Required = append(s.Required, "note")
			d.Components.Schemas["CloseInputBody"] = s
		}, "needs note"},
		"a member came": {func(d *description) { d.Components.Schemas["Card"].Properties["more"] = shape{Type: "string"} }, ""},
		"a route came":  {func(d *description) { d.Paths["/api/v1/more"] = map[string]operation{"get": {}} }, ""},
	} {
		is := now()
		tt.change(&is)
		found := breaks(now(), is)
		hit := slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, tt.want) })
		if tt.want == "" && len(found) > 0 || tt.want != "" && !hit {
			t.Errorf("%s: found %.300v, want %q", name, found, tt.want)
		}
	}
}

var mentioned = regexp.MustCompile("(?:\\$HQ|`(?:GET|POST|DELETE) )(/api/v1/[^\\s`\"?]+)")

// Every route that the guide shows is there, and every route without a key is
// named in it.
func TestGuideShowsRoutesThatExist(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	known := readDescription(t, "../../docs/openapi.json").Paths
	raw := []string{"/api/v1/reports/{id}/eido", "/api/v1/eido", "/api/v1/openapi.json"}
	n := 0
	for _, m := range mentioned.FindAllStringSubmatch(string(text), -1) {
		n++
		path := strings.NewReplacer("$ID", "{id}", "/self/", "/{id}/", "/t-01/", "/{id}/").Replace(m[1])
		if _, ok := known[path]; !ok && !slices.Contains(raw, path) {
			t.Errorf("docs/api.md shows %s, which is no route", path)
		}
	}
	if n < 20 {
		t.Errorf("the guide shows %d routes", n)
	}
	for path := range unkeyed {
		if !strings.Contains(string(text), "`POST "+base+path+"`") {
			t.Errorf("docs/api.md does not say that POST %s takes no key", path)
		}
		if _, ok := known[base+path]; !ok {
			t.Errorf("unkeyed names %s, which is no route", path)
		}
	}
}
