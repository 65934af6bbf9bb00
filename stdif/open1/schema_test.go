package open1

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/matoi119/matoi/stdif"
)

const schemaBase = "https://github.com/matoi119/matoi/docs/schemas/"

// schemasOf compiles every schema and refuses one that names another address.
func schemasOf(t testing.TB) map[string]*jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is fetched
	names, err := fs.Glob(Schemas(), "*.schema.json")
	if err != nil || len(names) < 10 {
		t.Fatalf("schemas: %v, %v", names, err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(Schemas(), name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if id := doc.(map[string]any)["$id"]; id != schemaBase+name {
			t.Errorf("%s: $id is %v", name, id)
		}
		if err := c.AddResource(schemaBase+name, doc); err != nil {
			t.Fatal(err)
		}
	}
	out := make(map[string]*jsonschema.Schema)
	for _, name := range names {
		if out[strings.TrimSuffix(name, ".schema.json")], err = c.Compile(schemaBase + name); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func instance(t testing.TB, wire []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(wire))
	if err != nil {
		t.Fatalf("%s: %v", wire, err)
	}
	return v
}

// docs/schemas is what providers read; it is the same as what is embedded.
func TestPublishedSchemasAreTheSame(t *testing.T) {
	published := os.DirFS(filepath.Join("..", "..", "docs", "schemas"))
	for _, pair := range [][2]fs.FS{{Schemas(), published}, {published, Schemas()}} {
		names, err := fs.Glob(pair[0], "*")
		if err != nil || len(names) == 0 {
			t.Fatalf("%v, %v", names, err)
		}
		for _, name := range names {
			if strings.HasPrefix(name, "check-") { // of the package check, which compares it itself
				continue
			}
			a, errA := fs.ReadFile(pair[0], name)
			b, errB := fs.ReadFile(pair[1], name)
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				t.Errorf("docs/schemas/%s is not stdif/open1/schema/%s: copy it", name, name)
			}
		}
	}
}

// types says which Go value each schema describes.
var types = map[string]reflect.Type{
	"frame": reflect.TypeFor[Frame](), "report": reflect.TypeFor[stdif.Report](), "state": reflect.TypeFor[stdif.ReportState](),
	"chat": reflect.TypeFor[stdif.ChatMessage](), "media": reflect.TypeFor[stdif.Media](), "raw": reflect.TypeFor[stdif.Undecodable](),
	"problem": reflect.TypeFor[stdif.Problem](), "ack": reflect.TypeFor[stdif.Ack](), "input": reflect.TypeFor[stdif.Input](),
	"input-result": reflect.TypeFor[stdif.InputResult](), "hello": reflect.TypeFor[Hello](), "snapshot": reflect.TypeFor[Snapshot](),
	"receipt": reflect.TypeFor[stdif.Receipt](), "offer": reflect.TypeFor[stdif.Offer](),
	"frame-ack": reflect.TypeFor[AckFrame](), "status": reflect.TypeFor[Status](), "health": reflect.TypeFor[Health](),
	"screen-notice": reflect.TypeFor[ScreenNotice](), "screen-watch": reflect.TypeFor[ScreenWatch](),
}

// The members of every schema are the fields of its Go type, at every depth.
func TestSchemasHaveTheFields(t *testing.T) {
	all := schemasOf(t)
	for name, schema := range all {
		typ, ok := types[name]
		if !ok {
			t.Errorf("no Go type is named for schema %s", name)
			continue
		}
		sameFields(t, name, schema, typ)
	}
	if len(all) != len(types) {
		t.Errorf("%d schemas for %d types", len(all), len(types))
	}
}

func sameFields(t *testing.T, path string, schema *jsonschema.Schema, typ reflect.Type) {
	t.Helper()
	for schema.Ref != nil {
		schema = schema.Ref
	}
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == reflect.TypeFor[time.Time]():
		if schema.Format == nil {
			t.Errorf("%s: a time without its format", path)
		}
	case typ.Kind() == reflect.Slice && typ.Elem().Kind() != reflect.Uint8:
		items, ok := schema.Items2020, schema.Items2020 != nil
		if !ok {
			t.Errorf("%s: no items", path)
			return
		}
		sameFields(t, path+"[]", items, typ.Elem())
	case typ.Kind() == reflect.Struct:
		var fields []string
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" {
				continue
			}
			fields = append(fields, name)
			if p := schema.Properties[name]; p == nil {
				t.Errorf("%s.%s: not in the schema", path, name)
			} else {
				sameFields(t, path+"."+name, p, f.Type)
			}
		}
		for name := range schema.Properties {
			if !slices.Contains(fields, name) {
				t.Errorf("%s.%s: no field", path, name)
			}
		}
		for _, name := range schema.Required {
			if !slices.Contains(fields, name) {
				t.Errorf("%s.%s: required and no field", path, name)
			}
		}
	}
}

// full fills every field of a value, so that the encoder writes every member.
func full(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		full(v.Elem(), name)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 4, 1, 9, 0, 0, 0, time.FixedZone("", 9*3600))))
			return
		}
		for i := range v.NumField() {
			tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			if tag != "-" {
				full(v.Field(i), tag)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if v.Type() == reflect.TypeFor[json.RawMessage]() {
				return
			}
			v.SetBytes([]byte{1})
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		full(v.Index(0), name)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("en"), reflect.ValueOf("x"))
	case reflect.String:
		v.SetString(fullString(name))
	case reflect.Int, reflect.Int64:
		v.SetInt(301)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(true)
	}
}

func fullString(name string) string {
	switch name {
	case "v":
		return Version
	case "type":
		return string(TypePing)
	case "mode":
		return string(stdif.Test)
	case "step":
		return string(stdif.Seen)
	case "mime":
		return "image/png"
	case "sha256":
		return strings.Repeat("0", 64)
	}
	return "x"
}

// What the encoder writes is what the schema says, for every type with every
// member; each required member is missed when it is taken away.
func TestEncoderKeepsTheSchemas(t *testing.T) {
	for name, schema := range schemasOf(t) {
		v := reflect.New(types[name])
		full(v.Elem(), "")
		wire, err := Marshal(v.Interface())
		if err != nil {
			t.Fatal(err)
		}
		value := instance(t, wire)
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %s: %v", name, wire, err)
		}
		for _, member := range schema.Required {
			object := value.(map[string]any)
			was := object[member]
			delete(object, member)
			if schema.Validate(object) == nil {
				t.Errorf("%s without %s is valid", name, member)
			}
			object[member] = was
		}
	}
}

// Reader and schema agree on what is required: without it both refuse.
func TestReaderAndSchemaRequireTheSame(t *testing.T) {
	readers := map[string]func([]byte) *stdif.Problem{
		"report":  func(b []byte) *stdif.Problem { _, _, p := finish[stdif.Report](b, nil); return p },
		"state":   func(b []byte) *stdif.Problem { _, _, p := finish[stdif.ReportState](b, nil); return p },
		"chat":    func(b []byte) *stdif.Problem { _, _, p := finish[stdif.ChatMessage](b, nil); return p },
		"media":   func(b []byte) *stdif.Problem { _, _, p := finish[stdif.Media](b, nil); return p },
		"input":   func(b []byte) *stdif.Problem { _, _, p := finish[stdif.Input](b, nil); return p },
		"receipt": func(b []byte) *stdif.Problem { _, _, p := finish[stdif.Receipt](b, nil); return p },
		"offer":   func(b []byte) *stdif.Problem { _, _, p := finish[stdif.Offer](b, nil); return p },
	}
	all := schemasOf(t)
	for name, read := range readers {
		v := reflect.New(types[name])
		full(v.Elem(), "")
		if in, ok := v.Interface().(*stdif.Input); ok {
			in.Verb = stdif.VerbAck
		}
		whole, err := Marshal(v.Interface())
		if err != nil {
			t.Fatal(err)
		}
		if p := read(whole); p != nil {
			t.Fatalf("%s: %v", name, p)
		}
		for member := range all[name].Properties {
			var object map[string]json.RawMessage
			if err := json.Unmarshal(whole, &object); err != nil {
				t.Fatal(err)
			}
			delete(object, member)
			wire, err := Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			conditional := name == "input" && member == "ack" // with its verb only
			required := slices.Contains(all[name].Required, member)
			if p := read(wire); !conditional && (p != nil) != required {
				t.Errorf("%s without %s: reader says %v, schema required %v", name, member, p, required)
			}
		}
	}
}

func TestSampleKeepsTheSchema(t *testing.T) {
	frame := schemasOf(t)["frame"]
	if err := frame.Validate(instance(t, []byte(sample))); err != nil {
		t.Error(err)
	}
	for old, new := range map[string]string{
		`"mode":"exercise",`: ``, `"revision":2`: `"revision":0`, `09:11:58+09:00`: `09:11:58`, `"code":"ems",`: ``,
	} {
		if frame.Validate(instance(t, []byte(strings.Replace(sample, old, new, 1)))) == nil {
			t.Errorf("valid with %q for %q", new, old)
		}
	}
}
