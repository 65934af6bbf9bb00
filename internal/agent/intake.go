package agent

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// maxConns is how many connections the services' face holds at once.
const maxConns = 512

// intakeServer is the services' face and the terminal's own page. Reading is
// bounded in time and size before anything is decoded: a service that sends a
// byte a minute must not hold what others need.
func (a *Agent) intakeServer() *http.Server {
	return &http.Server{
		Handler:           a.onlyLocal(a.routes()),
		ReadHeaderTimeout: a.c.HeaderTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnState:         limitConns(maxConns),
	}
}

// routes lists everything that the loopback listener answers, each with who may.
func (a *Agent) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+open1.PathIntakeReports, a.service(a.takeReport))
	mux.Handle("GET "+open1.PathIntakeReports+"/{report}", a.service(a.reportStatus))
	mux.Handle("GET "+open1.PathIntakeReports+"/{report}"+open1.PathIntakeChat, a.service(a.reportChat))
	mux.Handle("POST "+open1.PathIntakeReports+"/{report}"+open1.PathIntakeChat, a.service(a.takeChat))
	mux.Handle("POST "+open1.PathIntakeReports+"/{report}"+open1.PathIntakeState, a.service(a.takeState))
	mux.Handle("PUT "+open1.PathIntakeReports+"/{report}"+open1.PathIntakeMedia+"{medium}", a.service(a.takeMedium))
	mux.Handle("PUT "+open1.PathIntakeReports+"/{report}"+open1.PathIntakeLive, a.service(a.takeLive))
	mux.Handle("POST "+open1.PathIntakeReports+"/{report}"+open1.PathIntakeReceipt, a.service(a.takeReceipt))
	mux.Handle("PUT "+open1.PathIntakeOffer, a.service(a.takeOffer))
	mux.Handle("GET "+open1.PathIntakeEvents, a.service(a.events))
	mux.HandleFunc("OPTIONS /intake/", a.preflight)

	mux.Handle("GET /{$}", a.files())
	mux.Handle("GET /assets/", a.files())
	mux.Handle("GET /icon.svg", a.files())
	mux.HandleFunc("GET /open", openPage)
	mux.HandleFunc("GET /open.js", openScript)
	mux.Handle("POST /page/session", sameOrigin(http.HandlerFunc(a.openSession)))
	mux.Handle("GET /page/state", a.person(a.pageState))
	mux.Handle("GET /page/events", a.person(a.pageEvents))
	mux.Handle("POST /page/reports/{service}/{report}/chat", a.person(a.pageChat))
	mux.Handle("POST /page/reports/{service}/{report}/close", a.person(a.pageClose))
	mux.Handle("POST /page/reports/{service}/{report}/quiet", a.person(a.pageQuiet))
	return mux
}

// onlyLocal refuses requests that name another host: a web page of a stranger
// whose name was made to point to this machine (DNS rebinding) sends its own.
func (a *Agent) onlyLocal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localHost(r.Host) {
			refuseAs(w, http.StatusMisdirectedRequest, stdif.Problemf(stdif.CodeIdentity, "Host", "this is a terminal's loopback address"), false)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func localHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

type serviceHandler func(w http.ResponseWriter, r *http.Request, v spool.Service)

// service admits whoever has a service's credential, and from a browser only
// pages of the origins that this service declared.
func (a *Agent) service(next serviceHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin != "" && a.serv.declares(origin) { // so that the page can read a refusal too
			w.Header().Set("Access-Control-Allow-Origin", origin)
		}
		w.Header().Add("Vary", "Origin")
		v, ok := a.whose(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", `Bearer realm="matoi terminal"`)
			refuse(w, stdif.Problemf(stdif.CodeUnknownService, "Authorization", "no service of this terminal has this credential"))
			return
		}
		if origin != "" && !slices.Contains(v.Origins, origin) {
			w.Header().Del("Access-Control-Allow-Origin")
			refuse(w, stdif.Problemf(stdif.CodeIdentity, "Origin", "the service did not declare this origin"))
			return
		}
		next(w, r, v)
	})
}

// preflight answers a browser that asks before a declared page's request. A
// page on the Internet that speaks to this machine is asked about by Chromium
// as private or local network access; both answers are given to those pages
// and to no other.
func (a *Agent) preflight(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
	origin := r.Header.Get("Origin")
	if !a.serv.declares(origin) {
		refuse(w, stdif.Problemf(stdif.CodeIdentity, "Origin", "no service declared this origin"))
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT")
	h.Set("Access-Control-Allow-Headers", "authorization, content-type, last-event-id, matoi-mode, matoi-sha256")
	h.Set("Access-Control-Max-Age", "600")
	for _, network := range []string{"Private", "Local"} {
		if r.Header.Get("Access-Control-Request-"+network+"-Network") == "true" {
			h.Set("Access-Control-Allow-"+network+"-Network", "true")
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// limitConns closes connections above the limit as they come.
func limitConns(limit int) func(net.Conn, http.ConnState) {
	slots := make(chan struct{}, limit)
	held := newConns()
	return func(c net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			select {
			case slots <- struct{}{}:
				held.add(c)
			default:
				_ = c.Close()
			}
		case http.StateClosed, http.StateHijacked:
			if held.remove(c) {
				<-slots
			}
		}
	}
}
