package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/fault"
)

const (
	keyHeader    = "Idempotency-Key"
	replayHeader = "Idempotency-Replayed"
	maxKey       = 255
)

// unkeyed are POST routes that take no idempotency key, with the reason.
var unkeyed = map[string]string{
	"/feed/beat":            "a sign of life",
	"/reports/{id}/medical": "reads; each reading is recorded, and health data is kept nowhere else",
	"/sessions":             "a repeated log-in ends the session of the first one and gives a new token; a kept answer would be a kept token",
	"/enrolments":           "the code works once",
	"/feed/painted":         "a report is integrated once, however often it is said",
	"/reports/search":       "changes nothing",
	"/reports/{id}/open":    "seen is said once",
}

// secret are routes whose answer holds a secret that is shown once: a repetition
// does nothing and says so.
var secret = map[string]bool{"/consoles": true, "/clients": true, "/clients/{id}/credentials": true, "/clients/{id}/webhooks": true}

// keyed is a request under an idempotency key.
type keyed struct {
	once *act.Once
	path string
}

type keyedContext struct{}

// begin reads the key of a request. An answer that was given before is given
// again, and done says so.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, path string, id authn.Identity) (ctx context.Context, done bool, err error) {
	ctx = r.Context()
	key := r.Header.Get(keyHeader)
	if r.Method != http.MethodPost || key == "" || unkeyed[path] != "" {
		return ctx, false, nil
	}
	if len(key) > maxKey || bytes.ContainsFunc([]byte(key), func(c rune) bool { return c <= ' ' || c > '~' }) {
		return ctx, false, fault.New(fault.Invalid, "input.invalid", "place", keyHeader)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return ctx, false, fault.New(fault.Invalid, "input.too-slow").Because(err)
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	k := keyed{once: &act.Once{ID: keyID(id, key), Digest: s.digest(r, body)}, path: path}
	known, err := s.store.Answer(ctx, k.once.ID)
	switch {
	case err == nil && s.now().Sub(known.At) < act.OnceLife:
		if known.Digest != k.once.Digest {
			return ctx, false, fault.New(fault.Invalid, "idempotency.other-request")
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set(replayHeader, "true")
		_, _ = w.Write(known.Body) // whoever asked is gone if this fails
		return ctx, true, nil
	case err != nil && fault.Of(err) != fault.NotFound && !unreadable(err):
		return ctx, false, err
	}
	return context.WithValue(act.WithOnce(ctx, k.once), keyedContext{}, k), false, nil
}

// keyID hashes who asks and under which key: one person's answers are never
// another's.
func keyID(id authn.Identity, key string) string {
	client, person := "", ""
	if id.Client != nil {
		client = id.Client.ID
	}
	if id.Person != nil {
		person = id.Person.ID
	}
	sum := sha256.Sum256([]byte("matoi idempotency\x00" + client + "\x00" + id.Console.ID + "\x00" + person + "\x00" + key))
	return hex.EncodeToString(sum[:])
}

// digest is keyed, because a body holds words that could be guessed from a plain
// hash.
func (s *Server) digest(r *http.Request, body []byte) string {
	return hex.EncodeToString(s.store.Blind("idempotency", r.Method+" "+r.URL.Path+"\x00"+string(body)))
}

// keep stores the answer of a request that succeeded. What was refused changed
// nothing and may be tried again. Where the answer cannot be kept the act is
// known all the same, from its own transaction.
func (s *Server) keep(ctx context.Context, id authn.Identity, out any) error {
	k, ok := ctx.Value(keyedContext{}).(keyed)
	if !ok {
		return nil
	}
	if secret[k.path] {
		if k.once.Repeated() {
			return fault.New(fault.Conflict, "idempotency.secret")
		}
		return nil
	}
	body, err := json.Marshal(out)
	if err != nil || len(body) > maxBody {
		return err
	}
	if err := s.acts.KeepAnswer(ctx, s.whoOf(id), k.once, body); err != nil {
		s.log.WarnContext(ctx, "keep an answer", "err", err)
	}
	return nil
}
