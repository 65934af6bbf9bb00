package pki

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// PathRenewal is where a terminal takes its renewal, on the headquarters' face
// behind mutual TLS: GET gives a certificate request for a fresh key, PUT takes
// the certificate for it.
const PathRenewal = "/pki/renewal"

// Holder keeps a terminal's membership while it runs and renews it.
type Holder struct {
	dir string

	mu      sync.Mutex
	current *Membership
	pending *ecdsa.PrivateKey // of the last request; in memory until its certificate is here
}

// NewHolder starts with what LoadMembership or Serve gave.
func NewHolder(dir string, m *Membership) *Holder { return &Holder{dir: dir, current: m} }

// Membership is the one in use; TerminalTLS asks it on every connection.
func (h *Holder) Membership() *Membership {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.current
}

// ServeHTTP is PathRenewal. Who may call it was decided by mutual TLS: nobody
// but the gateway of the terminal's headquarters gets this far.
func (h *Holder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	switch r.Method {
	case http.MethodGet:
		csr, err := h.request()
		if err != nil {
			http.Error(w, "no request could be made", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/pkcs10")
		_, _ = w.Write(csr) // the gateway may be gone; it asks again
	case http.MethodPut:
		der, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMessage))
		if err != nil {
			http.Error(w, "the certificate could not be read", http.StatusBadRequest)
			return
		}
		if err := h.install(der); err != nil {
			http.Error(w, "the certificate was not installed", http.StatusConflict)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "GET, PUT")
		http.Error(w, "GET or PUT", http.StatusMethodNotAllowed)
	}
}

func (h *Holder) request() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	csr, err := request(key)
	if err != nil {
		return nil, err
	}
	h.pending = key
	return csr, nil
}

// install replaces the membership, durably before it is used.
func (h *Holder) install(der []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending == nil {
		return errors.New("no renewal was asked for")
	}
	old := h.current
	m, err := newMembership(old.TerminalID, old.Headquarters, old.HeadquartersName, h.pending, der, old.bundle())
	if err != nil {
		return err
	}
	if err := m.save(h.dir); err != nil {
		return err
	}
	h.current, h.pending = m, nil
	return nil
}

// Due reports whether a terminal's certificate is to be renewed now.
func Due(shown *x509.Certificate, now time.Time) bool {
	return now.After(shown.NotAfter.Add(-RenewBefore))
}

// Renewal is one renewal from the server's side.
type Renewal struct {
	Client     *http.Client // speaks GatewayTLS to this terminal
	Base       string       // https://host:port
	TerminalID string
	// Commit admits the new serial beside the one in use, durably, before the
	// certificate leaves the server (terminal.Terminal.Renewed).
	Commit func(ctx context.Context, serial string) error
	Now    func() time.Time
}

// Renew gives a terminal a fresh certificate over its own link. If anything is
// cut, the old certificate still works and the next call starts again.
func Renew(ctx context.Context, ca *CA, r Renewal) (*x509.Certificate, error) {
	csr, err := r.do(ctx, http.MethodGet, nil, http.StatusOK)
	if err != nil {
		return nil, err
	}
	cert, err := ca.SignTerminal(csr, r.TerminalID, r.Now())
	if err != nil {
		return nil, err
	}
	if err := r.Commit(ctx, Serial(cert)); err != nil {
		return nil, err
	}
	_, err = r.do(ctx, http.MethodPut, cert.Raw, http.StatusNoContent)
	return cert, err
}

func (r Renewal) do(ctx context.Context, method string, body []byte, want int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.Base+PathRenewal, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("renew certificate: %w", err)
	}
	answer, err := r.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("renew certificate: %w", err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxMessage))
	if err != nil {
		return nil, fmt.Errorf("renew certificate: %w", err)
	}
	if answer.StatusCode != want {
		return nil, fmt.Errorf("renew certificate: the terminal answered %d", answer.StatusCode)
	}
	return data, nil
}
