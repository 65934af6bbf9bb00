package httpapi

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/authz"
)

var rewrite = flag.Bool("rewrite", false, "write docs/openapi.json anew; then `npm run types` in ui")

// The description that makers of other systems read, and from which the pages'
// types are made, is what the server serves.
func TestOpenAPIIsTheCommittedOne(t *testing.T) {
	const file = "../../docs/openapi.json"
	may, err := authz.New()
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{May: may, Version: "v1", Now: time.Now, Pages: http.NotFoundHandler()})
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, base+"/openapi.json", nil))
	if rec.Code != http.StatusOK {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	var served bytes.Buffer
	if err := json.Indent(&served, rec.Body.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	served.WriteByte('\n')
	if *rewrite {
		if err := os.WriteFile(file, served.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	committed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(served.Bytes(), committed) {
		t.Error("docs/openapi.json is not what the server serves; run go test ./internal/httpapi -run OpenAPI -rewrite, then npm run types in ui")
	}
}
