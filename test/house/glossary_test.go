package house

import (
	"go/ast"
	"go/token"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// born are the glossary's terms that the tree has today. A term whose
// identifier is renamed or lost fails here; a new room adds its terms.
var born = []string{
	"Report", "ReportService", "SubscriberInfo", "Location", "IncidentType", "Media", "ChatMessage", "AckStep", "Claim", "Mode",
	"Codec", "DataPort", "DataRequest", "OutputOnly", "Terminal", "Console", "Headquarters", "Caller",
}

// short are terms whose identifier leaves out a word that its place says
// already; a longer form elsewhere is welcome.
var short = map[string]string{
	"ReportService": "Service", // nothing else in the tree is called a service
	"ProxyReport":   "Proxy",   // a field of Report
}

// synonyms are words that people bring along for a term of the glossary. None
// of them may name a type, a table, a column or a field of the API.
var synonyms = map[string]string{
	"desk": "Console", "workstation": "Console", "seat": "Console",
	"attachment": "Media", "photo": "Media", "picture": "Media",
	"vendor": "Provider", "supplier": "Provider",
	"reporter": "Caller", "victim": "Patient", "casualty": "Patient",
	"tenant": "Headquarters", "firehouse": "Headquarters",
	"calltaker": "Dispatcher", "handoff": "Handover", "takeover": "Preemption", "steal": "Preemption",
	"ticket": "Report", "alert": "Report", "employee": "CrewMember", "tablet": "Device",
}

// meant are names in which a synonym is a word of somebody else's standard or
// means something else, each with its reason.
var meant = map[string]string{
	"Alert":                                  "CAP 1.2 calls its document <alert>; only package stdif/cap says so",
	"alert":                                  "the same, as the XML name",
	"agentWorkstationPositionIdentification": "NENA-STA-021 calls a console so; only package stdif/eido writes it",
}

// romanised are Japanese words that must not be spelled in Latin letters in
// code: the glossary has the field's own English for each.
var romanised = []string{
	"shirei", "shireidai", "tsuho", "tsuuho", "tsuhou", "tsuuhou", "tanmatsu", "honbu", "shobo", "shoubou", "shobou", "kyukyu", "kyuukyuu",
	"jian", "saigai", "shutsudo", "shutsudou", "kunren", "renkei", "uketsuke", "daicho", "daichou", "kitei", "shiji", "sechi",
}

var term = regexp.MustCompile("`([A-Za-z]+)`")

// terms reads the second column of the glossary's table.
func terms(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for line := range strings.Lines(read(t, "docs/glossary.md")) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 { // the table of terms has four columns
			continue
		}
		for _, m := range term.FindAllStringSubmatch(cells[2], -1) {
			if found[m[1]] {
				t.Errorf("the glossary names two things %s", m[1])
			}
			found[m[1]] = true
		}
	}
	if len(found) < 100 {
		t.Fatalf("the glossary has %d terms, want its whole table", len(found))
	}
	return found
}

// words splits an identifier of any style: ReportID, report_id, reportId.
func words(name string) []string {
	var all []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			all = append(all, strings.ToLower(b.String()))
			b.Reset()
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case r == '_' || r == '-' || r == '.':
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush()
		}
		b.WriteRune(r)
	}
	flush()
	return all
}

// named is an identifier that somebody outside its function can see.
type named struct{ name, where string }

// identifiers lists exported Go names and the JSON and database names of
// fields. Simulators are left out: they speak as other people's programs do.
func identifiers(t *testing.T) []named {
	t.Helper()
	var all []named
	for _, s := range sources(t) {
		if s.test || s.generated || within(s.room, "test", "sim") {
			continue
		}
		add := func(id *ast.Ident) {
			if id.IsExported() {
				all = append(all, named{id.Name, s.at(id)})
			}
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				add(n.Name)
			case *ast.FuncDecl:
				add(n.Name)
				return true
			case *ast.GenDecl:
				if n.Tok == token.CONST || n.Tok == token.VAR {
					for _, spec := range n.Specs {
						for _, id := range spec.(*ast.ValueSpec).Names {
							add(id)
						}
					}
				}
			case *ast.Field:
				for _, id := range n.Names {
					add(id)
				}
				for _, wire := range wireNames(n) {
					all = append(all, named{wire, s.at(n)})
				}
			}
			return true
		})
	}
	return all
}

func wireNames(f *ast.Field) []string {
	if f.Tag == nil {
		return nil
	}
	tag, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		return nil
	}
	var found []string
	for _, key := range []string{"json", "db"} {
		name, _, _ := strings.Cut(reflect.StructTag(tag).Get(key), ",")
		if name != "" && name != "-" {
			found = append(found, name)
		}
	}
	return found
}

func TestTermsOfTheGlossaryAreIdentifiers(t *testing.T) {
	glossary := terms(t)
	seen := map[string]bool{}
	for _, id := range identifiers(t) {
		seen[strings.Join(words(id.name), "")] = true
	}
	for _, b := range append(slices.Sorted(maps.Keys(short)), born...) {
		if !glossary[b] {
			t.Errorf("%s is no term of the glossary", b)
		}
		want := strings.ToLower(b)
		if s, ok := short[b]; ok {
			want = strings.ToLower(s)
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(name string) bool { return strings.Contains(name, want) }) {
			t.Errorf("no exported name of the tree holds the glossary's term %s", b)
		}
	}
}

// complaint says which rule a name breaks, or "".
func complaint(name string) string {
	if meant[name] != "" {
		return ""
	}
	for _, w := range words(name) {
		if right, ok := synonyms[strings.TrimSuffix(w, "s")]; ok {
			return "the glossary calls it " + right
		}
		if slices.Contains(romanised, w) {
			return "romanised Japanese; the glossary has the field's English for it"
		}
	}
	return ""
}

func TestNamesUseNoSynonyms(t *testing.T) {
	for _, id := range identifiers(t) {
		if wrong := complaint(id.name); wrong != "" {
			t.Errorf("%s: %s: %s", id.where, id.name, wrong)
		}
	}
	for _, table := range tables(t) {
		for _, name := range append([]string{table.name}, table.columns...) {
			if wrong := complaint(name); wrong != "" {
				t.Errorf("%s: %s: %s", table.file, name, wrong)
			}
		}
	}
}

// Even unexported names and folders are English.
func TestNoRomanisedJapanese(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				for _, w := range words(id.Name) {
					if slices.Contains(romanised, w) {
						t.Errorf("%s: %s is romanised Japanese", s.at(id), id.Name)
					}
				}
			}
			return true
		})
	}
	for _, name := range files(t, nil) {
		for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == '.' || r == '_' || r == '-' }) {
			if slices.Contains(romanised, strings.ToLower(part)) {
				t.Errorf("%s: romanised Japanese in a file name", name)
			}
		}
	}
}

func TestComplaints(t *testing.T) {
	for _, name := range []string{"Seat", "SeatID", "ShireiDai", "desk_id", "mediaAttachment", "vendors", "TenantID"} {
		if complaint(name) == "" {
			t.Errorf("%s passes, want a complaint", name)
		}
	}
	for _, name := range []string{"Console", "ConsoleID", "report_id", "SubscriberInfo", "Seatbelt", "HTTPAddress", "Alert"} {
		if wrong := complaint(name); wrong != "" {
			t.Errorf("%s: %s, want no complaint", name, wrong)
		}
	}
}
