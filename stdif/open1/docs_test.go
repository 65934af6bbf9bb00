package open1

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/matoi119/matoi/stdif"
)

func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "open1.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var example = regexp.MustCompile("(?ms)^ *```json ([a-z-]+)\n(.*?)^ *```$")

// Every example of the document is what its schema says, and is read.
func TestExamplesOfTheDocument(t *testing.T) {
	all := schemasOf(t)
	found := example.FindAllStringSubmatch(document(t), -1)
	if len(found) < 12 {
		t.Fatalf("only %d examples", len(found))
	}
	for _, m := range found {
		name, wire := m[1], []byte(m[2])
		schema := all[name]
		if schema == nil {
			t.Errorf("an example of %q, which is no schema", name)
			continue
		}
		if err := schema.Validate(instance(t, wire)); err != nil {
			t.Errorf("%s\n%v", wire, err)
		}
		if p, warnings := readExample(name, wire); p != nil || len(warnings) > 0 {
			t.Errorf("%s\nis read with %v, %v", wire, p, warnings)
		}
	}
}

func readExample(name string, wire []byte) (p *stdif.Problem, warnings []stdif.Problem) {
	switch name {
	case "report":
		_, warnings, p = DecodeReport(wire)
	case "state":
		_, warnings, p = DecodeState(wire, "N-20260401-000017")
	case "chat":
		_, warnings, p = DecodeChat(wire, "N-20260401-000017")
	case "media":
		_, warnings, p = finish[stdif.Media](wire, nil)
	case "offer":
		_, warnings, p = DecodeOffer(wire)
	case "receipt":
		_, warnings, p = DecodeReceipt(wire, "N-20260401-000017")
	case "input":
		_, warnings, p = finish[stdif.Input](wire, nil)
	case "status":
		_, _, p = read[Status](wire)
	case "problem":
		_, _, p = read[stdif.Problem](wire)
	case "screen-notice":
		_, p = DecodeScreenNotice(wire)
	case "screen-watch":
		_, p = DecodeScreenWatch(wire)
	case "frame":
		var f Frame
		if f, p = Decode(wire); p != nil {
			return p, nil
		}
		switch {
		case f.Type.numbered():
			_, warnings, p = DecodeBody(f)
		case f.Type == TypeHello:
			_, p = f.ReadHello()
		case f.Type == TypeAck:
			_, p = f.ReadAck()
		case f.Type == TypeSnapshotBegin:
			_, p = f.ReadSnapshot()
		}
	}
	return p, warnings
}

// The report that is sent by curl is taken without a warning.
func TestFirstReportOfTheDocument(t *testing.T) {
	bodies := regexp.MustCompile(`(?s)-d '(\{.*?\})'`).FindAllStringSubmatch(document(t), -1)
	if len(bodies) != 2 {
		t.Fatalf("%d bodies", len(bodies))
	}
	if r, warnings, p := DecodeReport([]byte(bodies[0][1])); p != nil || len(warnings) > 0 || r.Text != "息が苦しい" {
		t.Errorf("%v, %v", p, warnings)
	}
	if _, warnings, p := DecodeState([]byte(bodies[1][1]), "N-20260401-000017"); p != nil || len(warnings) > 0 {
		t.Errorf("%v, %v", p, warnings)
	}
}

// The sentences stand in the document to the letter.
func TestSentencesOfTheDocument(t *testing.T) {
	text := document(t)
	for _, c := range []struct {
		step   stdif.AckStep
		linked bool
	}{
		{stdif.Spooled, true}, {stdif.Spooled, false}, {stdif.Received, true}, {stdif.Integrated, true}, {stdif.Seen, true}, {stdif.Refused, true},
	} {
		if say := SayFor(c.step, c.linked); !strings.Contains(text, say.Ja) {
			t.Errorf("%s, linked %v: the document does not say %q", c.step, c.linked, say.Ja)
		}
	}
	var status Status
	if err := json.Unmarshal([]byte(example.FindStringSubmatch(text)[2]), &status); err != nil || status.Say != SayFor(stdif.Spooled, true) {
		t.Errorf("the first answer says %q, %v", status.Say, err)
	}
}

// The table of codes is that of the package, and the limits are those in force.
func TestCodesAndLimitsOfTheDocument(t *testing.T) {
	text := document(t)
	var documented, declared []string
	codes := text[strings.Index(text, "\n## Codes"):strings.Index(text, "\n## Limits")]
	for _, m := range regexp.MustCompile(`(?m)^\| (\d{3}) \|`).FindAllStringSubmatch(codes, -1) {
		documented = append(documented, m[1])
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "problem.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Code") {
			declared = append(declared, spec.Values[0].(*ast.BasicLit).Value)
		}
		return true
	})
	if len(declared) < 20 || !slices.Equal(documented, declared) {
		t.Errorf("documented %v\ndeclared   %v", documented, declared)
	}
	limits := text[strings.Index(text, "\n## Limits"):strings.Index(text, "\n## Versions")]
	for what, n := range map[string]int{
		"a message of a service": stdif.MaxFrame, "a frame with the raw message in it": MaxWire, "a free text": stdif.MaxText,
		"a name, a label, a line of an address": stdif.MaxShort, "an id": stdif.MaxID, "media, contacts of a report": stdif.MaxMedia,
		"locations of a report": stdif.MaxLocations, "points of a polygon": stdif.MaxPolygon, "items of any other list": stdif.MaxListed,
		"additional items": stdif.MaxAdditional, "nesting": stdif.MaxDepth, "one medium": stdif.MaxMediaBytes,
		"a binary message of the screen plane": MaxScreenMessage, "a text message of it": MaxScreenText,
	} {
		if !strings.Contains(limits, "| "+what+" | "+strconv.Itoa(n)) {
			t.Errorf("the document does not give %d as the limit of %s", n, what)
		}
	}
	if stdif.MaxContacts != stdif.MaxMedia {
		t.Error("media and contacts share a row of the document")
	}
}
