package app

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strings"
)

//go:embed demo_doors.html
var doorsPage string

// openDoors serves the one page with the doors that a newcomer needs.
func (d *Demo) openDoors(context.Context) error {
	page, err := template.New("doors").Parse(doorsPage)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	listen := d.c.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return errors.Join(errors.New("the demo answers on loopback only"), l.Close())
	}
	host := "localhost:" + port(l.Addr())
	d.url = "http://" + host + "/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, struct {
			demoLinks
			Pulled bool
		}{d.links, d.cables[0].isPulled()}) // the browser is gone if this fails
	})
	mux.HandleFunc("GET /door/{door}", d.enter)
	mux.HandleFunc("GET /terminal/{n}", d.enterTerminal)
	mux.HandleFunc("POST /crash", d.crash)
	mux.HandleFunc("POST /walk", d.walk)
	mux.HandleFunc("POST /bad", d.bad)
	mux.HandleFunc("POST /cable", d.moveCable)
	// Another site must not reach the demo through a name that it points here.
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(r.Host, host) {
			http.Error(w, "open "+d.url, http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
	d.doors = &http.Server{Handler: http.NewCrossOriginProtection().Handler(guarded), ReadHeaderTimeout: headerTime}
	d.running.Go(func() {
		if err := d.doors.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.c.Log.Error("demo: doors", "err", err)
		}
	})
	return nil
}

// enterTerminal opens a terminal's own page with a fresh one-time link.
func (d *Demo) enterTerminal(w http.ResponseWriter, r *http.Request) {
	n := map[string]int{"1": 0, "2": 1}
	i, ok := n[r.PathValue("n")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	link, err := d.terms[i].PageLink()
	if err != nil {
		http.Error(w, "端末の画面を開けませんでした。もう一度押してください。", http.StatusServiceUnavailable)
		return
	}
	http.Redirect(w, r, link, http.StatusSeeOther)
}

// moveCable pulls the first terminal's cable, or plugs it again.
func (d *Demo) moveCable(w http.ResponseWriter, r *http.Request) {
	d.cables[0].set(r.PostFormValue("pull") != "")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
