// Package receiver plays the other end of webhooks: a program that checks each
// signature, remembers what it was told, and can be told to refuse, to stall, to
// point elsewhere, or to say that it took what it then forgets.
//
// It knows the specification of Standard Webhooks and nothing of the product.
package receiver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Mood is how the receiver behaves.
type Mood string

// The moods.
const (
	Takes     Mood = ""          // answers 204
	Refuses   Mood = "refuses"   // answers 500
	Stalls    Mood = "stalls"    // answers nothing until the other side gives up
	Redirects Mood = "redirects" // points to another address
	Lies      Mood = "lies"      // answers 204 and forgets
)

// Told is one change as it came.
type Told struct {
	ID      string
	Body    []byte
	Seq     int64
	Kind    string
	Subject string
	Again   bool // its id was known
}

// Receiver is an http.Handler. It is safe for everybody.
type Receiver struct {
	secret []byte

	mu        sync.Mutex
	mood      Mood
	subject   string // with a mood: for this one alone
	elsewhere string
	told      []Told
	seen      map[string]bool
	forged    int
	asked     int
	news      chan struct{}
}

// New makes a receiver that checks with the secret that was shown when the
// webhook was made ("whsec_…").
func New(secret string) (*Receiver, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return nil, fmt.Errorf("read the secret: %w", err)
	}
	return &Receiver{secret: key, seen: map[string]bool{}, news: make(chan struct{})}, nil
}

// Be sets the mood, for one subject or with "" for all.
func (r *Receiver) Be(m Mood, subject string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mood, r.subject = m, subject
}

// PointTo is where a receiver that redirects points.
func (r *Receiver) PointTo(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.elsewhere = address
}

// Told returns what came, in order, and how many requests had no good signature.
func (r *Receiver) Told() (told []Told, forged int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Told(nil), r.told...), r.forged
}

// Asked says how many requests came, and gives a channel that closes at the next.
func (r *Receiver) Asked() (n int, news <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked, r.news
}

const maxAge = 5 * time.Minute

// ServeHTTP takes one webhook.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	id := req.Header.Get("webhook-id")
	var m struct {
		Data struct {
			Seq           int64
			Kind, Subject string
		} `json:"data"`
	}
	good := r.signed(req.Header, id, body) && json.Unmarshal(body, &m) == nil
	switch mood, elsewhere := r.note(good, Told{ID: id, Body: body, Seq: m.Data.Seq, Kind: m.Data.Kind, Subject: m.Data.Subject}); {
	case !good:
		http.Error(w, "signature", http.StatusUnauthorized)
	case mood == Refuses:
		http.Error(w, "no", http.StatusInternalServerError)
	case mood == Stalls:
		<-req.Context().Done()
	case mood == Redirects:
		http.Redirect(w, req, elsewhere, http.StatusTemporaryRedirect)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// note remembers what is taken and says how to answer.
func (r *Receiver) note(good bool, t Told) (Mood, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	close(r.news)
	r.news = make(chan struct{})
	mood := r.mood
	if r.subject != "" && r.subject != t.Subject {
		mood = Takes
	}
	switch {
	case !good:
		r.forged++
	case mood == Takes:
		t.Again = r.seen[t.ID]
		r.seen[t.ID] = true
		r.told = append(r.told, t)
	}
	return mood, r.elsewhere
}

func (r *Receiver) signed(h http.Header, id string, body []byte) bool {
	at, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if age := time.Since(time.Unix(at, 0)); err != nil || id == "" || age > maxAge || age < -maxAge {
		return false
	}
	mac := hmac.New(sha256.New, r.secret)
	fmt.Fprintf(mac, "%s.%d.%s", id, at, body)
	for word := range strings.FieldsSeq(h.Get("webhook-signature")) {
		version, text, _ := strings.Cut(word, ",")
		got, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(got, mac.Sum(nil)) {
			return true
		}
	}
	return false
}
