package hubsante

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/matoi119/matoi/stdif/internal/jsontree"
	"github.com/matoi119/matoi/stdif/internal/samples"
)

// schemas compiles the schemas of the samples. All share one $id: each gets its own.
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is fetched
	out := map[string]*jsonschema.Schema{}
	var names []string
	for _, f := range samples.Below(t, "hub-sante/json-schema/") {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(f.Read(t)))
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(f.Name[strings.LastIndexByte(f.Name, '/')+1:], ".schema.json")
		delete(doc.(map[string]any), "$id")
		if err := c.AddResource("https://hub.example/"+name+".schema.json", doc); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	for _, name := range names {
		s, err := c.Compile("https://hub.example/" + name + ".schema.json")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = s
	}
	return out
}

// judge returns the places of what is wrong with a message, in the form in which
// the origin writes them.
func judge(t *testing.T, all map[string]*jsonschema.Schema, folder, name string, wire []byte) []string {
	t.Helper()
	if strings.HasSuffix(name, ".xml") {
		tree, p := parse(name, wire)
		if p != nil {
			return []string{p.Place}
		}
		return places(all[folder].Validate(typed(tree.Members[0].Value, all[folder])))
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(wire))
	if err != nil {
		return []string{"byte"}
	}
	if folder != "EDXL-DE" {
		return places(all[folder].Validate(doc))
	}
	out := places(all["EDXL-DE-envelope-only"].Validate(doc))
	contents, _ := doc.(map[string]any)["content"].([]any)
	for _, one := range contents {
		message, ok := dig(one, "jsonContent", "embeddedJsonContent", "message").(map[string]any)
		if !ok {
			continue
		}
		// Two kinds of content travel without a header; of the others no schema is
		// known before the header is whole.
		header := places(all["RC-DE"].Validate(any(message)))
		known := 0
		for member, schema := range map[string]string{"technical": "TECHNICAL", "technicalNoreq": "TECHNICAL_NOREQ", "customContent": "customContent", "createCase": "RC-EDA"} {
			v, there := message[member]
			if !there {
				continue
			}
			if member == "technicalNoreq" || member == "customContent" {
				header = nil
			} else if len(header) > 0 {
				continue
			}
			known++
			for _, place := range places(all[schema].Validate(v)) {
				out = append(out, member+"."+place)
			}
		}
		out = append(out, header...)
		if known != 1 {
			out = append(out, "embeddedJsonContent")
		}
	}
	return out
}

func dig(v any, path ...string) any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// places lists where a validation fails: the missing or unknown member itself,
// not the object that lacks or has it.
func places(err error) []string {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return nil
	}
	if len(v.Causes) > 0 {
		var out []string
		for _, c := range v.Causes {
			out = append(out, places(c)...)
		}
		return out
	}
	at := ""
	for _, step := range v.InstanceLocation {
		if _, err := strconv.Atoi(step); err == nil {
			at += "[" + step + "]"
		} else {
			at = strings.TrimPrefix(at+"."+step, ".")
		}
	}
	var names []string
	switch k := v.ErrorKind.(type) {
	case *kind.Required:
		names = k.Missing
	case *kind.AdditionalProperties:
		names = k.Properties
	default:
		return []string{at}
	}
	var out []string
	for _, name := range names {
		out = append(out, strings.TrimPrefix(at+"."+name, "."))
	}
	return out
}

// typed gives the texts of an XML message the types that the schema has for them.
func typed(n *jsontree.Node, s *jsonschema.Schema) any {
	for s != nil && s.Ref != nil {
		s = s.Ref
	}
	kinds := []string{}
	if s != nil && s.Types != nil {
		kinds = s.Types.ToStrings()
	}
	switch {
	case slices.Contains(kinds, "array") && n.Kind != '[':
		return []any{typed(n, items(s))}
	case n.Kind == '[':
		var out []any
		for _, item := range n.Items {
			out = append(out, typed(item, items(s)))
		}
		return out
	case n.Kind == '{':
		out := map[string]any{}
		for _, m := range n.Members {
			var p *jsonschema.Schema
			if s != nil {
				p = s.Properties[m.Name]
			}
			out[m.Name] = typed(m.Value, p)
		}
		return out
	case slices.Contains(kinds, "integer") || slices.Contains(kinds, "number"):
		if v, err := strconv.ParseFloat(n.Text, 64); err == nil {
			return v
		}
	case slices.Contains(kinds, "boolean"):
		if v, err := strconv.ParseBool(n.Text); err == nil {
			return v
		}
	}
	return n.Text
}

func items(s *jsonschema.Schema) *jsonschema.Schema {
	if s == nil {
		return nil
	}
	if one, ok := s.Items.(*jsonschema.Schema); ok {
		return one
	}
	return s.Items2020
}

var said = regexp.MustCompile(`(?m)^ - (\S+): `)

// Every broken message is named at the places that the origin names, and at no
// other; its words are its own.
func TestFailing(t *testing.T) {
	all := schemas(t)
	texts := map[string]string{}
	var broken []samples.File
	for _, f := range samples.Below(t, "hub-sante/failing/") {
		if name, ok := strings.CutSuffix(f.Name, ".errors"); ok {
			texts[name] = string(f.Read(t))
		} else {
			broken = append(broken, f)
		}
	}
	if len(broken) != 18 || len(texts) != 18 {
		t.Errorf("%d broken messages, %d texts", len(broken), len(texts))
	}
	for _, f := range broken {
		folder := strings.Split(f.Name, "/")[2]
		ours := judge(t, all, folder, f.Name, f.Read(t))
		if len(ours) == 0 {
			t.Errorf("%s: nothing is wrong with it", f.Name)
			continue
		}
		if strings.HasSuffix(f.Name, ".xml") { // a schema of another language: elements are named
			named := 0
			for _, place := range ours {
				last := place[strings.LastIndexByte(place, '.')+1:]
				if last, _, _ = strings.Cut(last, "["); strings.Contains(texts[f.Name], last) {
					named++
				}
			}
			// It stops at the first missing element: the second one is ours alone.
			if named == 0 || named < len(ours) && !strings.Contains(f.Name, "missing") {
				t.Errorf("%s: %v are not the places that the origin names", f.Name, ours)
			}
			continue
		}
		var theirs []string
		for _, m := range said.FindAllStringSubmatch(texts[f.Name], -1) {
			theirs = append(theirs, strings.TrimPrefix(m[1], "$."))
		}
		if strings.Contains(texts[f.Name], "Could not detect any schemas") || strings.Contains(texts[f.Name], "one and only one schema") {
			theirs = append(theirs, "embeddedJsonContent")
		}
		if a, b := set(ours), set(theirs); !slices.Equal(a, b) {
			t.Errorf("%s:\nours   %v\norigin %v", f.Name, a, b)
		}
	}
}

func set(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// What the origin calls valid has nothing wrong, and the mapping takes it.
func TestValid(t *testing.T) {
	all := schemas(t)
	for _, f := range samples.Below(t, "hub-sante/valid/") {
		folder := strings.Split(f.Name, "/")[2]
		tree, p := parse(f.Name, f.Read(t))
		if p != nil {
			t.Errorf("%s: %v", f.Name, p)
			continue
		}
		report := decode(tree)
		lost(t, f.Name, tree, report)
		schema := map[string]string{"TECHNICAL": "TECHNICAL"}[folder]
		if schema == "" || strings.HasSuffix(f.Name, ".xml") {
			continue
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(f.Read(t)))
		if err != nil {
			t.Fatal(err)
		}
		if wrong := places(all[schema].Validate(doc)); len(wrong) > 0 && len(places(all["TECHNICAL_NOREQ"].Validate(doc))) > 0 {
			t.Errorf("%s: %v", f.Name, wrong)
		}
	}
}
