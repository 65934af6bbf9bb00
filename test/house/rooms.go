package house

// rule says what the product files of some rooms may import of our own tree.
// A room means itself and what is below it. Tests are free: they put together
// what they need.
type rule struct {
	rooms []string
	may   []string
	why   string
}

var (
	base  = []string{"internal/fault", "internal/sensitivity", "internal/calendar", "internal/entry", "internal/typedcode"}
	field = []string{
		"internal/report", "internal/terminal", "internal/console", "internal/screen", "internal/incident", "internal/transfer",
		"internal/conformance", "internal/control", "internal/document", "internal/staff", "internal/device",
		"internal/client", "internal/viewing", "internal/loss", "internal/breach",
	}
	doors = []string{
		"internal/gateway", "internal/agent", "internal/httpapi", "internal/authn", "internal/authz", "internal/guard",
		"internal/pki", "internal/outbox", "internal/mdm", "internal/exchange",
		"internal/config", "internal/health", "internal/backup",
	}
)

// rules is the table "who may import whom". The first rule that names a room
// decides; a room without a rule fails the test, so that a new one is put into
// the table by somebody who thought about it.
var rules = []rule{
	{[]string{"stdif"}, []string{"stdif"}, "public: a provider imports it without the product"},
	{[]string{"rfb"}, nil, "public: RFC 6143 and no policy"},
	{[]string{"probe"}, nil, "public"},
	{[]string{"check"}, []string{"check", "stdif", "rfb", "probe"}, "public: judges a terminal from outside"},
	{[]string{"sim"}, []string{"sim", "stdif", "rfb", "probe"}, "a simulator that knew the product would repeat its mistakes"},

	{[]string{"docs", "ui", "i18n"}, nil, "embedded files"},
	{base, append([]string{"stdif"}, base...), "kinds and values that all others share"},
	{field, append([]string{"stdif"}, base...), "rules and values only; a story of several fields is a file of act"},
	{[]string{"internal/act"}, join([]string{"internal/act", "stdif", "internal/store/writer"}, field, base), "acts hand themselves to the writer"},
	{[]string{"internal/wake", "internal/watch"}, join([]string{"internal/act", "stdif"}, field, base), "they start acts and know no door"},

	{[]string{"internal/media"}, join([]string{"internal/act", "internal/sandbox", "internal/store/blob", "stdif"}, field, base), "a worker between terminals, sealed files and the sandbox; it knows no door"},
	{[]string{"internal/recording"}, join([]string{"internal/act", "internal/store/blob", "rfb", "stdif"}, field, base), "a worker between the relay, sealed files and the sandbox; it knows no door"},
	{[]string{"internal/drill"}, join([]string{"internal/act", "stdif", "i18n"}, field, base), "leads a drill and judges it; it opens no connection itself"},
	{[]string{"internal/sandbox"}, join([]string{"internal/sandbox", "stdif"}, base), "the child that decodes strangers' bytes carries nothing else"},

	{[]string{"internal/seal"}, base, "keys and envelopes"},
	{[]string{"internal/audit"}, join([]string{"internal/audit", "stdif"}, base), "tree, checkpoint, verify; no database in it"},
	{[]string{"internal/store"}, join([]string{"internal/store", "internal/audit", "internal/seal", "stdif"}, field, base), "keeps; decides nothing"},
	{[]string{"internal/mapfile"}, base, "a file of pictures to look at: no report, no store"},
	{[]string{"internal/spool"}, join([]string{"internal/spool", "internal/store/writer", "internal/store/sqlite", "internal/audit", "internal/seal", "stdif"}, base), "the store of whoever must work alone"},

	{[]string{"internal/agent"}, join([]string{"internal/agent", "internal/spool", "internal/seal", "stdif", "rfb", "i18n", "ui", "internal/terminal"}, base), "a terminal holds its spool and nothing else"},
	{[]string{"internal/httpapi"}, join([]string{"internal/authn", "internal/authz", "internal/act", "internal/store/query", "internal/store/writer", "internal/seal", "internal/audit", "stdif", "i18n", "ui", "docs"}, field, base), "who and may are asked before anything else; they open no door themselves"},
	{[]string{"internal/gateway"}, join([]string{"internal/act", "internal/store/writer", "stdif", "rfb"}, field, base), "the relay speaks rfb on both sides"},
	{doors, join([]string{"internal/act", "internal/store/query", "internal/store/writer", "internal/seal", "internal/audit", "stdif", "i18n", "ui", "docs"}, field, base), "doors meet in app, never each other"},

	{[]string{"internal/app"}, []string{"internal", "stdif", "sim", "i18n", "ui", "docs"}, "puts it together"},
	{[]string{"cmd"}, []string{"cmd", "internal/app", "internal/config", "check", "probe", "sim", "stdif", "i18n", "docs", "internal/fault"}, "parses and calls app.Start"},
	{[]string{"test"}, []string{"."}, "tests and their tools"},
}

// exceptions are single imports that the table forbids and we allow, each with
// its reason: "room imports room".
var exceptions = map[string]string{
	"internal/act imports internal/store":     "a story runs on store.Unit, which carries every field's port through one transaction",
	"internal/httpapi imports internal/store": "pages read through the fields' readers, which the store hands out; writing goes through act alone, because only acts get a transaction (docs/decisions/0005)",
	"internal/act imports internal/authz":     "every story declares its right, and is refused before it loads anything",
}

// reach lists what a room must not reach through any chain of imports.
var reach = []struct {
	room string
	not  []string
	why  string
}{
	{
		"internal/agent",
		[]string{"internal/store/query", "internal/store/schema", "internal/store/postgres", "internal/act", "internal/viewing", "internal/control", "internal/httpapi", "internal/gateway"},
		"a terminal stands outside the command LAN and must not carry the means to read the store",
	},
	{"stdif", []string{"internal"}, "a provider can import it"},
	{"sim", []string{"internal"}, "knows what a stranger knows"},
}

// forbidden lists what product files of some rooms must not import of the
// standard library.
var forbidden = []struct {
	rooms   []string
	imports []string
	why     string
}{
	{field, []string{"net/http", "database/sql", "os", "log", "log/slog", "math/rand", "math/rand/v2"}, "the field holds rules and values: no I/O, no log, no chance"},
	{[]string{"internal/audit"}, []string{"database/sql"}, "a stranger verifies the log without our database"},
	{[]string{"stdif"}, []string{"os", "log", "log/slog", "database/sql"}, "a public package logs and stores nothing behind its caller's back"},
}

// owner confines a third-party module to the rooms that own it.
type owner struct {
	module string
	rooms  []string // nil: only tests and test/
}

var owners = []owner{
	{"modernc.org/sqlite", []string{"internal/store", "internal/spool"}},
	{"github.com/jackc/pgx/v5", []string{"internal/store"}},
	{"github.com/jezek/xgb", []string{"internal/agent/capture"}},
	{"github.com/pressly/goose/v3", []string{"internal/store", "internal/spool"}},
	{"github.com/tink-crypto/tink-go/v2", []string{"internal/seal"}},
	{"github.com/cedar-policy/cedar-go", []string{"internal/authz"}},
	{"github.com/danielgtaylor/huma/v2", []string{"internal/httpapi"}},
	{"github.com/alecthomas/kong", []string{"cmd/matoi"}},
	{"github.com/knadh/koanf", []string{"internal/config"}},
	{"github.com/coder/websocket", []string{"stdif/open1", "internal/gateway", "internal/agent", "internal/httpapi", "sim"}},
	{"github.com/go-json-experiment/json", []string{"stdif"}},
	{"golang.org/x/mod", []string{"internal/audit", "internal/store/writer"}},
	{"golang.org/x/time", []string{"internal/guard", "internal/agent", "internal/authn", "internal/httpapi"}},
	{"golang.org/x/text", []string{"stdif"}},
	{"golang.org/x/sys", []string{"internal/agent/capture", "internal/store", "internal/spool", "internal/seal", "internal/health", "internal/app", "internal/sandbox"}},
	{"golang.org/x/image", []string{"internal/sandbox", "sim/page"}},
	{"golang.org/x/sync", []string{"internal", "sim", "cmd/matoi"}},
	{"github.com/google/uuid", []string{"internal", "sim", "stdif", "cmd"}},
	{"github.com/santhosh-tekuri/jsonschema/v6", nil},
	{"github.com/google/go-cmp", nil},
	{"github.com/rogpeppe/go-internal", nil},
	{"go.uber.org/goleak", nil},
	{"pgregory.net/rapid", nil},
}

// helpers are rooms that stand beside the product for its tests: those whose
// name ends in "test", and these. They are free like tests, and product files
// must not import them.
var helpers = map[string]string{
	"stdif/internal/samples": "finds the folder of other people's samples, for tests of the codecs",
}

func join(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
