package hostile_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/matoi119/matoi/sim/hostile"
	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/intaketest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The stand-in judges with the product's codecs, so every generated case must
// be answered as promised; and the run must find a terminal that does not.
func TestMadeCases(t *testing.T) {
	term := intaketest.New("secret", "")
	srv := httptest.NewServer(term) // a real connection: a body that breaks off needs one
	defer srv.Close()
	to := intake.Client{Base: srv.URL, Credential: "secret", HTTP: srv.Client()}
	cases := hostile.Made("t", time.Now())
	out, err := hostile.Run(t.Context(), to, cases, nil)
	if err != nil || out.Steps < 80 {
		t.Fatalf("Run = %d steps, %v", out.Steps, err)
	}
	if out.Wrong > 0 {
		var text strings.Builder
		if err := out.Text(&text); err != nil {
			t.Fatal(err)
		}
		t.Fatal(text.String())
	}
	if n := len(term.IDs()); n < 200 {
		t.Fatalf("the terminal has %d reports, want the flood and more", n)
	}
}

// A terminal that fails, repeats words, forgets the place or takes everything
// is found out.
func TestRunFindsBadTerminals(t *testing.T) {
	body := `{"status":422,"code":201,"place":"byte 1","kept":true}`
	for name, bad := range map[string]http.HandlerFunc{
		"fails":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"takes":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) },
		"repeats":  problem(422, `{"code":201,"place":"byte 1","kept":true,"detail":"bad: 漏洩検査"}`),
		"no place": problem(422, `{"code":201,"kept":true}`),
		"not kept": problem(422, `{"code":201,"place":"byte 1"}`),
		"no code":  problem(422, `{"place":"byte 1","kept":true}`),
		"plain":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad", 422) },
	} {
		if got := brokenRun(t, bad); got == 0 {
			t.Errorf("a terminal that %s was not found out", name)
		}
	}
	if got := brokenRun(t, problem(422, body)); got != 0 {
		t.Errorf("an honest refusal was called wrong %d times", got)
	}
}

func problem(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		w.Write([]byte(body)) //nolint:errcheck // a test's answer
	}
}

// brokenRun sends the group of cut bodies.
func brokenRun(t *testing.T, h http.HandlerFunc) int {
	t.Helper()
	var cut []hostile.Case
	for _, c := range hostile.Made("t", time.Now()) {
		if strings.HasPrefix(c.Name, "cut after") {
			cut = append(cut, c)
		}
	}
	to := intake.Client{Base: "http://terminal.test", Credential: "secret", HTTP: &http.Client{Transport: intaketest.Memory{Handler: h}}}
	out, err := hostile.Run(t.Context(), to, cut, nil)
	if err != nil || out.Steps != 7 {
		t.Fatalf("Run = %d steps, %v", out.Steps, err)
	}
	return out.Wrong
}

// A byte at a time takes seconds for the sender and nothing for this test.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := intake.Client{Base: "http://terminal.test", Credential: "secret", HTTP: &http.Client{Transport: intaketest.Memory{Handler: intaketest.New("secret", "")}}}
		for _, c := range hostile.Made("t", time.Now()) {
			if c.Name != "a byte at a time" {
				continue
			}
			start := time.Now()
			out, err := hostile.Run(t.Context(), to, []hostile.Case{c}, nil)
			if err != nil || out.Wrong != 0 || time.Since(start) < time.Second {
				t.Fatalf("%+v, %v after %v", out, err, time.Since(start))
			}
		}
	})
}

// samplesDir is the folder of the project's samples, where there is one.
func samplesDir(t *testing.T) string {
	t.Helper()
	for dir := "."; ; dir = filepath.Join("..", dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			samples := filepath.Join(dir, "..", "shared", "samples")
			if _, err := os.Stat(filepath.Join(samples, "index.csv")); err != nil {
				t.Skip("the samples are not here")
			}
			return samples
		}
		if abs, err := filepath.Abs(dir); err != nil || abs == filepath.Dir(abs) {
			t.Fatal("no go.mod above the test")
		}
	}
}

func TestSamplesGetTheirVerdicts(t *testing.T) {
	cases, err := hostile.Samples(os.DirFS(samplesDir(t)), "t", time.Now(), hostile.SampleOptions{Actual: true})
	if err != nil || len(cases) < 400 {
		t.Fatalf("Samples = %d cases, %v", len(cases), err)
	}
	term := intaketest.New("secret", "")
	to := intake.Client{Base: "http://terminal.test", Credential: "secret", HTTP: &http.Client{Transport: intaketest.Memory{Handler: term}}}
	out, err := hostile.Run(t.Context(), to, cases, nil)
	if err != nil {
		t.Fatal(err)
	}
	if out.Wrong > 0 {
		var text strings.Builder
		if err := out.Text(&text); err != nil {
			t.Fatal(err)
		}
		t.Fatal(text.String())
	}
}

func TestSamplesReadTheIndex(t *testing.T) {
	dir := fstest.MapFS{
		"index.csv":                       {Data: []byte("file,origin,expect\njson-test-suite/y_a.json,x,accept\nown/images/a.png,x,reject\ncap-ts/real.xml,x,accept\n")},
		"json-test-suite/y_a.json":        {Data: []byte(`[1]`)},
		"cap-ts/real.xml":                 {Data: []byte(`<alert><status>Actual</status></alert>`)},
		"json-test-suite/not-in-index.js": {Data: []byte(`x`)},
	}
	cases, err := hostile.Samples(dir, "t", time.Now(), hostile.SampleOptions{})
	if err != nil || len(cases) != 1 || len(cases[0].Steps) != 2 {
		t.Fatalf("Samples = %+v, %v; want the one file that is in the index and not actual", cases, err)
	}
	for name, dir := range map[string]fstest.MapFS{
		"no index":     {},
		"no columns":   {"index.csv": {Data: []byte("a,b\n")}},
		"missing file": {"index.csv": {Data: []byte("file,expect\nown/xml/a.xml,reject\n")}},
	} {
		if _, err := hostile.Samples(dir, "t", time.Now(), hostile.SampleOptions{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
