package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/matoi119/matoi/i18n"
	"github.com/matoi119/matoi/internal/fault"
)

// Problem is the body of every refusal (RFC 9457). Detail is a sentence for the
// person, in the language of the request; Key and Args are the same for a
// program. No value of a request is ever repeated: it may be a caller's words.
type Problem struct {
	Type    string            `json:"type" doc:"urn:matoi:problem:<key>"`
	Title   string            `json:"title" doc:"kind of the failure, stable, English"`
	Status  int               `json:"status"`
	Detail  string            `json:"detail" doc:"what happened and what to do next, for the person"`
	Key     string            `json:"key" doc:"stable key of the sentence"`
	Args    map[string]string `json:"args,omitempty"`
	Receipt string            `json:"receipt,omitempty" doc:"number under which the log holds the cause"`
}

// Error and GetStatus make it an error that huma answers with.
func (p *Problem) Error() string  { return p.Key }
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

var statuses = map[fault.Kind]int{
	fault.Internal: http.StatusInternalServerError, fault.Invalid: http.StatusUnprocessableEntity, fault.Denied: http.StatusForbidden,
	fault.Unknown: http.StatusUnauthorized, fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict,
	fault.Unavailable: http.StatusServiceUnavailable, fault.TooLarge: http.StatusRequestEntityTooLarge,
	fault.TooMany: http.StatusTooManyRequests, fault.Unsupported: http.StatusNotImplemented,
}

// language is English when the request asks for it first; otherwise Japanese.
func language(accept string) string {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(accept)), i18n.English) {
		return i18n.English
	}
	return i18n.Japanese
}

// problem is the one place that turns an error into an answer. What nobody
// classified is shown with a receipt number only; its cause goes to the log.
func (s *Server) problem(ctx context.Context, lang string, err error) *Problem {
	f := fault.As(err)
	if f == nil || f.Kind == fault.Internal {
		receipt := uuid.NewString()[:8]
		s.log.ErrorContext(ctx, "request failed", "receipt", receipt, "err", err)
		p := problemOf(lang, fault.New(fault.Internal, "internal", "receipt", receipt))
		p.Receipt = receipt
		return p
	}
	if f.Cause != nil {
		s.log.WarnContext(ctx, "request refused", "key", f.Key, "err", f.Cause)
	}
	return problemOf(lang, s.named(ctx, f))
}

func problemOf(lang string, f *fault.Error) *Problem {
	return &Problem{
		Type: "urn:matoi:problem:" + f.Key, Title: f.Kind.String(), Status: statuses[f.Kind],
		Detail: i18n.Sentence(lang, f.Key, f.Args), Key: f.Key, Args: f.Args,
	}
}

// named puts names in the place of ids: whoever loses a race is told who won.
func (s *Server) named(ctx context.Context, f *fault.Error) *fault.Error {
	if f.Args["consoleId"] == "" {
		return f
	}
	args := map[string]string{"consoleName": f.Args["consoleId"], "personName": f.Args["personId"]}
	if c, err := s.store.Consoles().Console(ctx, f.Args["consoleId"]); err == nil {
		args["consoleName"] = c.Name
	}
	if p, err := s.store.Staff().Person(ctx, f.Args["personId"]); err == nil {
		args["personName"] = p.Name
	}
	return &fault.Error{Kind: f.Kind, Key: f.Key, Args: args}
}

// refuse answers a request outside of the typed routes.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(r.Context(), language(r.Header.Get("Accept-Language")), err)
	switch {
	case p.Status == http.StatusUnauthorized && r.Header.Get("Authorization") != "":
		w.Header().Set("WWW-Authenticate", `Bearer realm="matoi", error="invalid_token"`) // RFC 6750 section 3
	case p.Status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "1")
	}
	writeProblem(w, p)
}

func (s *Server) refuseStatus(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) {
	p := problemOf(language(r.Header.Get("Accept-Language")), f)
	p.Status = status
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the page is gone if this fails
}

// humaErrors replaces huma's way of making errors: its own repeats the value
// that was wrong, and a value may be a caller's words. The hook is a variable
// of that package, so it is set once for the whole program.
var humaErrors = sync.OnceFunc(func() {
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return humaProblem(i18n.Japanese, status, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		if ctx == nil {
			return humaProblem(i18n.Japanese, status, errs)
		}
		return humaProblem(language(ctx.Header("Accept-Language")), status, errs)
	}
})

func humaProblem(lang string, status int, errs []error) *Problem {
	var known *Problem
	for _, err := range errs {
		if errors.As(err, &known) {
			return known
		}
	}
	return problemOf(lang, humaFault(status, errs)).with(status)
}

func (p *Problem) with(status int) *Problem {
	p.Status = status
	return p
}

// humaFault says what is wrong with a request and where, never with what value.
func humaFault(status int, errs []error) *fault.Error {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return fault.New(fault.TooLarge, "input.too-large")
	case http.StatusRequestTimeout:
		return fault.New(fault.Invalid, "input.too-slow")
	}
	for _, err := range errs {
		var d *huma.ErrorDetail
		if errors.As(err, &d) && d.Location != "" {
			return fault.New(fault.Invalid, "input.invalid", "place", d.Location)
		}
	}
	return fault.New(fault.Invalid, "input.invalid", "place", "body")
}
