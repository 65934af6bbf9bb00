package journey

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/matoi119/matoi/internal/agent/capture/xvfbtest"
	"github.com/matoi119/matoi/internal/app"
)

// A terminal's guardian is its own program, run again: here, this test.
func TestMain(m *testing.M) {
	if code, is := app.GuardianChild(os.Args, os.Stdin, os.Stdout); is {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// Two consoles and one screen: refused by name, asked for, handed over by
// keyboard; and whatever ends, nothing stays pressed.
func TestScreen(t *testing.T) {
	duties(t, "S3-1-2-1", "S3-1-2-2")
	s := newScene(t)
	s.also = map[string]any{"looks": *looks}
	s.demo("screen.mjs", app.DemoConfig{}, nil)
}

// service is the page of a report service in the terminal's own browser. It says
// what was done to it.
type service struct {
	mu  sync.Mutex
	now *saying
}

type saying struct {
	Said    int      `json:"said"`
	Text    string   `json:"text"`
	Pressed int      `json:"pressed"`
	Keys    []string `json:"keys"` // that went down, place and meaning
	Down    []string `json:"down"` // now
}

const servicePage = `<!doctype html><html lang="ja"><meta charset="utf-8"><title>模擬サービス</title>
<style>body{margin:0;font:24px sans-serif;background:#fff}input{position:absolute;left:100px;top:100px;width:900px;height:60px;font:32px sans-serif}
button{position:absolute;left:100px;top:300px;width:300px;height:120px;font:32px sans-serif}</style>
<input id="text" autofocus><button id="press">0</button><script>
const keys = [], down = new Set()
let said = 0
const tell = () => fetch('/now', {method: 'POST', body: JSON.stringify({said: ++said, text: text.value, pressed: Number(press.textContent), keys, down: [...down]})})
press.onclick = () => { press.textContent = Number(press.textContent) + 1; document.body.style.background = '#063'; tell() }
text.oninput = tell
onkeydown = (e) => { keys.push(e.code + ' ' + e.key); down.add(e.code); tell() }
onkeyup = (e) => { down.delete(e.code); tell() }
tell()</script></html>`

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var now saying
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&now); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		if s.now == nil || now.Said > s.now.Said { // requests of one page overtake each other
			s.now = &now
		}
		s.mu.Unlock()
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(servicePage)) // the browser is gone if this fails
}

func (s *service) said(context.Context, json.RawMessage) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now, nil
}

// A real display with a real browser on it, as the terminal's own application:
// seen from a report with one key, clicked, typed into, kanji pasted.
func TestScreenOfABrowser(t *testing.T) {
	duties(t, "S3-1-2-1", "S3-1-2-2")
	s := newScene(t)
	s.also = map[string]any{"looks": *looks}
	display := xvfbtest.Start(t, 1280, 1024, "-noreset") // it forgets its board with its last client otherwise
	keys := exec.CommandContext(t.Context(), "setxkbmap", "-display", display, "-model", "jp106", "-layout", "jp")
	if out, err := keys.CombinedOutput(); err != nil {
		t.Fatalf("a Japanese board on the terminal: %v\n%s", err, out)
	}
	page := &service{}
	server := httptest.NewServer(page)
	t.Cleanup(server.Close)
	kiosk(t, display, server.URL)
	shown, err := app.ParseScreen("x11"+display, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	s.demo("screen_of_browser.mjs", app.DemoConfig{Screen: shown}, map[string]act{"service": page.said})
}

// kiosk shows a page on a display until the test ends.
func kiosk(t *testing.T, display, url string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), browser(t), "--kiosk", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-extensions", "--disable-background-networking",
		"--window-position=0,0", "--window-size=1280,1024", "--user-data-dir="+t.TempDir(), url)
	cmd.Env = append(os.Environ(), "DISPLAY="+display)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) && !strings.Contains(err.Error(), "finished") {
			t.Error(err)
		}
		_ = cmd.Wait() // it was killed
	})
}
