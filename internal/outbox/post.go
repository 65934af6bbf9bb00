package outbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/client"
)

// Headers of a webhook, as the Standard Webhooks specification names them.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// Sign is the signature over id, timestamp and body: whoever has the secret can
// tell that all three are ours, and refuse what is old.
func Sign(secret []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// post tells one change. reached says that somebody answered.
func (w *Webhooks) post(ctx context.Context, h client.Hook, owner client.Client, id string, c act.HookMessage) (reached bool, err error) {
	body, err := w.body(ctx, h, owner, c)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, hookPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("webhook: %w", err)
	}
	now := time.Now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "matoi")
	req.Header.Set(headerID, id)
	req.Header.Set(headerTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(headerSignature, Sign(h.Secret, id, now, body))
	res, err := w.Client.Do(req)
	if err != nil {
		return false, fmt.Errorf("webhook: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // the connection is used again
	if res.StatusCode/100 != 2 {
		return true, fmt.Errorf("webhook: the receiver answered %d", res.StatusCode)
	}
	return true, nil
}

var errAddress = errors.New("webhook: the address is outside of the networks that are allowed")

// DefaultNetworks are where webhooks may go unless the headquarters says
// otherwise: its own private networks. Loopback, link-local and public addresses
// are not among them.
func DefaultNetworks() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7"),
	}
}

// NewHookClient makes the client of webhooks: TLS with the given authorities,
// no proxy, no redirect, and connections only into the given networks. The
// address is judged when it is dialled, after the name was looked up, so that a
// name which points elsewhere later leads nowhere.
func NewHookClient(roots *x509.CertPool, networks []netip.Prefix) *http.Client {
	dialer := &net.Dialer{Timeout: hookPatience / 2, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("webhook: %w", err)
		}
		to := at.Addr().Unmap()
		if !slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(to) }) {
			return errAddress
		}
		return nil
	}}
	return &http.Client{
		Timeout: hookPatience,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: hookPatience / 2, ResponseHeaderTimeout: hookPatience, MaxConnsPerHost: 4, MaxIdleConnsPerHost: 1,
			IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
