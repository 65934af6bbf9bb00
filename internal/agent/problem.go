package agent

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/matoi119/matoi/i18n"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
)

// problem is an answer that says no (RFC 9457), with the code and place of the
// interface. It never repeats what was sent.
type problem struct {
	Type    string            `json:"type"`
	Title   string            `json:"title"`
	Status  int               `json:"status"`
	Detail  string            `json:"detail,omitempty"`
	Code    stdif.Code        `json:"code,omitempty"`
	Place   string            `json:"place,omitempty"`
	Kept    bool              `json:"kept,omitempty"` // durable and on its way to the headquarters all the same
	Key     string            `json:"key,omitempty"`
	Args    map[string]string `json:"args,omitempty"`
	Receipt string            `json:"receipt,omitempty"`
}

// statusOf is how a code is said in HTTP.
func statusOf(p *stdif.Problem) int {
	switch p.Code {
	case stdif.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case stdif.CodeStaleRevision, stdif.CodeMode, stdif.CodeOutputOnly:
		return http.StatusConflict
	case stdif.CodeUnknownReport:
		return http.StatusNotFound
	case stdif.CodeMediaType, stdif.CodeVoice:
		return http.StatusUnsupportedMediaType
	case stdif.CodeStorage:
		return http.StatusInsufficientStorage
	case stdif.CodeUnknownService:
		return http.StatusUnauthorized
	case stdif.CodeIdentity:
		return http.StatusForbidden
	}
	return http.StatusUnprocessableEntity
}

func refuse(w http.ResponseWriter, p *stdif.Problem) { refuseAs(w, statusOf(p), p, false) }

func refuseAs(w http.ResponseWriter, status int, p *stdif.Problem, kept bool) {
	write(w, problem{Title: http.StatusText(status), Status: status, Detail: p.Detail, Code: p.Code, Place: p.Place, Kept: kept})
}

func write(w http.ResponseWriter, p problem) {
	p.Type = "about:blank"
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the other side may be gone
}

// fail answers an error. A store that cannot write is the sender's reason to
// keep what it has and try again; anything else is ours, with a receipt only.
func (a *Agent) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *stdif.Problem
	switch {
	case errors.As(err, &p):
		refuse(w, p)
	case r.Context().Err() != nil:
		// Nobody reads an answer any more.
	case fault.Of(err) == fault.Unavailable:
		a.log.Error("the spool cannot write", "error", err)
		write(w, problem{Title: http.StatusText(http.StatusInsufficientStorage), Status: http.StatusInsufficientStorage,
			Code: stdif.CodeStorage, Detail: "cannot be stored now; keep it and try again", Key: "store.full"})
	default:
		receipt := uuid.NewString()
		a.log.Error("request", "receipt", receipt, "path", r.Pattern, "error", err)
		write(w, problem{Title: http.StatusText(http.StatusInternalServerError), Status: http.StatusInternalServerError,
			Code: stdif.CodeInternal, Detail: "internal error", Receipt: receipt})
	}
}

// say answers a person at the page, in the page's language.
func say(w http.ResponseWriter, r *http.Request, status int, key string) {
	write(w, problem{Title: http.StatusText(status), Status: status, Key: key,
		Detail: i18n.Sentence(i18n.Language(r.Header.Get("Accept-Language")), key, nil)})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the other side may be gone
}
