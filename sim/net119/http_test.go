package net119_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/matoi119/matoi/sim/net119"
)

// tear appends what a crash in the middle of a write leaves.
func tear(t *testing.T, dir string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "net119.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(`{"session":{"id":"torn`); err != nil {
		t.Fatal(err)
	}
}

func ask(c *net119.Cloud, method, path, token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

func TestWhoMay(t *testing.T) {
	c := open(t, "")
	id, token, err := c.Place(net119.Call{Person: "jiro", Kind: "ems", Place: "home", Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	call := "/caller/api/calls/" + id
	for _, x := range []struct {
		name, method, path, token, body string
		want                            int
	}{
		{"own call", "GET", call, token, "", 200},
		{"somebody else's", "GET", call, "guess", "", 404},
		{"no token", "GET", call, "", "", 404},
		{"the terminal's key is not the caller's", "GET", call, key, "", 404},
		{"no such call", "GET", "/caller/api/calls/N-0", token, "", 404},
		{"chat", "POST", call + "/chat", token, `{"id":"a","text":"x"}`, 200},
		{"chat without text", "POST", call + "/chat", token, `{"id":"b"}`, 422},
		{"not JSON", "POST", call + "/chat", token, `{`, 422},
		{"photo of a wrong type", "POST", call + "/photos", token, `{}`, 422},
		{"stream without key", "GET", "/terminal/api/stream", "", "", 401},
		{"stream with a caller's token", "GET", "/terminal/api/stream", token, "", 401},
		{"answer without key", "POST", "/terminal/api/items/1/answer", token, `{"code":201}`, 401},
		{"answer that is not final", "POST", "/terminal/api/items/1/answer", key, `{"code":507}`, 422},
		{"directory listing", "GET", "/assets/", "", "", 404},
		{"no such page", "GET", "/caller/nothing", "", "", 404},
	} {
		if w := ask(c, x.method, x.path, x.token, x.body); w.Code != x.want {
			t.Errorf("%s: %s %s = %d, want %d", x.name, x.method, x.path, w.Code, x.want)
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/caller/api/calls", strings.NewReader(`{}`))
	r.Header.Set("Origin", "https://elsewhere.example")
	c.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("a call placed by another site's page = %d, want 403", w.Code)
	}
}

// The pages may reach their service and this terminal's intake and nothing
// else, and hold no markup made from strings.
func TestPagesAreStrict(t *testing.T) {
	c, err := net119.New(net119.Config{TerminalKey: key, IntakeURL: "http://127.0.0.1:8319/"})
	if err != nil {
		t.Fatal(err)
	}
	for path, connect := range map[string]string{"/caller/": "connect-src 'self';", "/terminal/": "connect-src 'self' http://127.0.0.1:8319;"} {
		w := ask(c, "GET", path, "", "")
		policy := w.Header().Get("Content-Security-Policy")
		if w.Code != 200 || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, connect) || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %d, policy %q", path, w.Code, policy)
		}
	}
	inline := regexp.MustCompile(`(?i)\son[a-z]+=|<script>|<style|style="|javascript:`)
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`)
	outside := regexp.MustCompile(`https?://`)
	err = filepath.WalkDir("web", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(path, ".html") && inline.Match(b):
			t.Errorf("%s has inline script or style", path)
		case markup.Match(b):
			t.Errorf("%s makes markup from a string", path)
		case outside.Match([]byte(strings.ReplaceAll(string(b), "http://127.0.0.1:8319", ""))):
			t.Errorf("%s names an address outside", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every word that a page names exists in both languages.
func TestWordsAreComplete(t *testing.T) {
	b, err := os.ReadFile("web/assets/words.js")
	if err != nil {
		t.Fatal(err)
	}
	ja, en, ok := strings.Cut(string(b), "\n  en: {")
	if !ok {
		t.Fatal("words.js has no English part")
	}
	key := regexp.MustCompile(`(?:^|[\s{,])"?([A-Za-z0-9-]+)"?: "`)
	keys := func(part string) map[string]bool {
		m := map[string]bool{}
		for _, k := range key.FindAllStringSubmatch(part, -1) {
			m[k[1]] = true
		}
		return m
	}
	jaKeys, enKeys := keys(ja), keys(en)
	if len(jaKeys) < 80 {
		t.Fatalf("found %d Japanese words, the pattern is wrong", len(jaKeys))
	}
	for k := range jaKeys {
		if !enKeys[k] {
			t.Errorf("%q has no English word", k)
		}
	}
	used := regexp.MustCompile(`data-word(?:-placeholder|-label)?="([^"]+)"|\bword\("([^"]+)"[,)]`)
	for _, path := range []string{"web/caller/index.html", "web/caller/caller.js", "web/terminal/index.html", "web/terminal/terminal.js"} {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllStringSubmatch(string(page), -1) {
			if k := m[1] + m[2]; !jaKeys[k] {
				t.Errorf("%s uses the unknown word %q", path, k)
			}
		}
	}
}

func TestSetupGivesNoSecrets(t *testing.T) {
	c := open(t, "")
	w := ask(c, "GET", "/caller/api/setup", "", "")
	b, err := io.ReadAll(w.Body)
	if err != nil || w.Code != 200 {
		t.Fatal(w.Code, err)
	}
	for _, private := range []string{key, "+8190", "喘息", "@"} {
		if strings.Contains(string(b), private) {
			t.Errorf("the choice of persons gives away %q", private)
		}
	}
}
