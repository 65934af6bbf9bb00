package app

import (
	"net/http"
	"strings"

	"github.com/matoi119/matoi/ui"
)

// consolePages serves the built pages. Only files below assets/ may be kept by
// a browser: their names change with their content.
func consolePages() http.Handler {
	files := http.FileServerFS(ui.Dist())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", ui.ContentSecurityPolicy)
		h.Set("Cache-Control", "no-store")
		switch {
		case r.URL.Path == "/":
			http.ServeFileFS(w, r, ui.Dist(), ui.ConsolePage)
			return
		case strings.HasPrefix(r.URL.Path, "/assets/") && !strings.HasSuffix(r.URL.Path, "/"):
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		case r.URL.Path != "/icon.svg":
			http.NotFound(w, r)
			return
		}
		files.ServeHTTP(w, r)
	})
}
