// Package ui carries the built web pages inside the binary: console.html for
// the server's consoles and terminal.html for the dedicated terminal's own
// page, with their scripts, styles and fonts below assets/. Nothing is fetched
// from anywhere else.
//
// The pages are built with `npm ci && npm run build` in this folder. The
// folder dist holds only a placeholder before that, so that Go builds without
// Node; a door that serves pages asks Built first and says so.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Names of the pages inside Dist.
const (
	ConsolePage  = "console.html"
	TerminalPage = "terminal.html"
)

// ContentSecurityPolicy is what the pages were built for: no inline script or
// style, nothing from another origin. A door that serves them sends it as is.
const ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"connect-src 'self'; font-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Dist returns the built pages: console.html, terminal.html and assets/.
func Dist() fs.FS {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("ui: the embedded folder is missing: " + err.Error()) // cannot be: go:embed fails the build first
	}
	return built
}

// Built reports whether the pages are inside this binary.
func Built() bool {
	for _, page := range []string{ConsolePage, TerminalPage} {
		if _, err := fs.Stat(Dist(), page); err != nil {
			return false
		}
	}
	return true
}
