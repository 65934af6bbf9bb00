package page

import (
	"encoding/json"
	"net/http"
	"slices"
)

// Status is what the page tells other processes.
type Status struct {
	Held      []string `json:"held"` // keys and buttons that are down
	Typed     string   `json:"typed"`
	Field     string   `json:"field"` // typed and not yet sent
	Clicks    []Click  `json:"clicks"`
	Clipboard string   `json:"clipboard"`
	Clients   int      `json:"clients"` // now
	Served    int      `json:"served"`  // ever
	Width     int      `json:"width"`   // pixels of all monitors together
	Height    int      `json:"height"`
}

// Status of the page now.
func (p *Page) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	held := p.m.heldNames()
	if held == nil {
		held = []string{}
	}
	return Status{Held: held, Typed: string(p.m.typed), Field: string(p.m.field), Clicks: append([]Click{}, p.m.clicks...), Clipboard: p.m.clip,
		Clients: len(p.clients), Served: p.served, Width: p.view.picture.Width, Height: p.view.picture.Height}
}

// Handler answers GET /status with the Status as JSON, and changes the load by
// POST /load?to=scroll. Serve it on loopback: it tells what was typed.
func (p *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(p.Status()) // the asker is gone if this fails
	})
	mux.HandleFunc("POST /load", func(w http.ResponseWriter, r *http.Request) {
		to := Load(r.URL.Query().Get("to"))
		if !slices.Contains([]Load{Quiet, Scroll, Picture, Busy}, to) {
			http.Error(w, "to is quiet, scroll, picture or busy", http.StatusBadRequest)
			return
		}
		p.SetLoad(to)
		w.WriteHeader(http.StatusNoContent)
	})
	return http.NewCrossOriginProtection().Handler(mux)
}
