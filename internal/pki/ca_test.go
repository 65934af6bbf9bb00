package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const hq = "279999"

func openCA(tb testing.TB) *CA {
	tb.Helper()
	// Five years old, so that certificates of the past can be made.
	ca, err := OpenCA(filepath.Join(tb.TempDir(), "pki"), hq, time.Now().AddDate(-5, 0, 0))
	if err != nil {
		tb.Fatal(err)
	}
	return ca
}

// member is a terminal that was given a certificate without the talk.
func member(tb testing.TB, ca *CA, id string, at time.Time) *Membership {
	tb.Helper()
	key, err := newKey()
	if err != nil {
		tb.Fatal(err)
	}
	csr, err := request(key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := ca.SignTerminal(csr, id, at)
	if err != nil {
		tb.Fatal(err)
	}
	m, err := newMembership(id, ca.headquarters, "例示消防本部", key, cert.Raw, [][]byte{ca.cert.Raw})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func TestAuthorityStays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	first, err := OpenCA(dir, hq, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenCA(dir, hq, time.Now().AddDate(1, 0, 0))
	if err != nil || !again.cert.Equal(first.cert) || !again.key.Equal(first.key) {
		t.Fatalf("the second start has another authority (%v)", err)
	}
	if _, err := OpenCA(dir, "139999", time.Now()); err == nil || !strings.Contains(err.Error(), "another headquarters") {
		t.Errorf("another headquarters took the authority: %v", err)
	}
	if _, err := OpenCA(dir, "a.b", time.Now()); err == nil {
		t.Error("an id that is no DNS label was taken")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("directory holds %v (%v), want ca.pem alone", entries, err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory mode %v (%v), want 0700", info.Mode(), err)
	}
	if block := string(first.PEM()); !strings.Contains(block, "CERTIFICATE") || strings.Contains(block, "PRIVATE") {
		t.Error("PEM for the browsers is not the certificate alone")
	}
}

func TestOneAuthorityForTwoStartsAtOnce(t *testing.T) {
	dir := t.TempDir()
	cas := make([]*CA, 8)
	var starts sync.WaitGroup
	for i := range cas {
		starts.Go(func() {
			ca, err := OpenCA(dir, hq, time.Now())
			if err != nil {
				t.Error(err)
				return
			}
			cas[i] = ca
		})
	}
	starts.Wait()
	for _, ca := range cas {
		if ca == nil || !ca.cert.Equal(cas[0].cert) || !ca.key.Equal(cas[0].key) {
			t.Fatal("starts at once ended with different authorities")
		}
	}
}

// A file cut at any byte is refused; it is never replaced by a new authority,
// which would turn every terminal away.
func TestDamagedAuthorityIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenCA(dir, hq, time.Now()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, caFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	end := len(strings.TrimRight(string(whole), "\n-"))
	for cut := range end {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCA(dir, hq, time.Now()); err == nil {
			t.Fatalf("authority cut at %d of %d was opened", cut, len(whole))
		}
	}
	if after, err := os.ReadFile(path); err != nil || len(after) != end-1 {
		t.Errorf("the damaged file was changed (%v)", err)
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCA(dir, hq, time.Now()); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a key that others can read was used: %v", err)
	}
}

func TestCertificatesSayWhatTheyMust(t *testing.T) {
	ca, now := openCA(t), time.Now()
	m := member(t, ca, "t-01", now)
	gateway, err := ca.Gateway(time.Now).Certificate()
	if err != nil {
		t.Fatal(err)
	}
	consoles, err := ca.Consoles([]string{"matoi.hq.example"}, []net.IP{net.IPv4(192, 0, 2, 5)}, time.Now).Certificate()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		cert  *x509.Certificate
		names string
		usage x509.ExtKeyUsage
		life  time.Duration
	}{
		"terminal": {m.certificate.Leaf, "t-01", x509.ExtKeyUsageServerAuth, TerminalLife},
		"gateway":  {gateway.Leaf, "gateway." + hq, x509.ExtKeyUsageClientAuth, gatewayLife},
		"consoles": {consoles.Leaf, "matoi.hq.example", x509.ExtKeyUsageServerAuth, consoleLife},
	} {
		c := tt.cert
		if strings.Join(c.DNSNames, " ") != tt.names || len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != tt.usage || c.IsCA {
			t.Errorf("%s: names %v, usage %v, authority %t", name, c.DNSNames, c.ExtKeyUsage, c.IsCA)
		}
		if life := c.NotAfter.Sub(now).Round(time.Hour); life != tt.life {
			t.Errorf("%s: lives %v, want %v", name, life, tt.life)
		}
		if key, ok := c.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() || c.SignatureAlgorithm != x509.ECDSAWithSHA256 {
			t.Errorf("%s: %v signed with %v", name, c.PublicKeyAlgorithm, c.SignatureAlgorithm)
		}
		if c.SerialNumber.BitLen() < 64 {
			t.Errorf("%s: serial of %d bits", name, c.SerialNumber.BitLen())
		}
	}
	if !consoles.Leaf.IPAddresses[0].Equal(net.IPv4(192, 0, 2, 5)) {
		t.Errorf("consoles: addresses %v", consoles.Leaf.IPAddresses)
	}
	late, err := ca.SignTerminal(mustRequest(t), "t-02", ca.NotAfter().Add(-time.Hour))
	if err != nil || late.NotAfter.After(ca.NotAfter()) {
		t.Errorf("a certificate outlives the authority: %v (%v)", late.NotAfter, err)
	}
}

func mustRequest(t *testing.T) []byte {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := request(key)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

func TestRequestsThatAreNotSigned(t *testing.T) {
	ca := openCA(t)
	good := mustRequest(t)
	broken := append([]byte(nil), good...)
	broken[len(broken)-1] ^= 1
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, weak)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		csr []byte
		id  string
	}{
		"signature broken": {broken, "t-01"}, "RSA key": {other, "t-01"}, "nothing": {nil, "t-01"},
		"no id": {good, ""}, "two labels": {good, "t-01.example"}, "wildcard": {good, "*"},
	} {
		if cert, err := ca.SignTerminal(tt.csr, tt.id, time.Now()); err == nil {
			t.Errorf("%s: signed %v", name, cert.DNSNames)
		}
	}
}

func TestShownIsMadeAnewInTime(t *testing.T) {
	ca := openCA(t)
	now := time.Now()
	shown := ca.Gateway(func() time.Time { return now })
	serial := func() string {
		t.Helper()
		c, err := shown.Certificate()
		if err != nil {
			t.Fatal(err)
		}
		if now.Before(c.Leaf.NotBefore) || now.After(c.Leaf.NotAfter) {
			t.Fatalf("shown outside of its time: %v not in %v … %v", now, c.Leaf.NotBefore, c.Leaf.NotAfter)
		}
		return Serial(c.Leaf)
	}
	first := serial()
	now = now.Add(gatewayLife/2 - time.Hour)
	if serial() != first {
		t.Error("made anew before half of its life")
	}
	now = now.Add(2 * time.Hour)
	second := serial()
	if second == first {
		t.Error("not made anew after half of its life")
	}
	now = now.AddDate(-1, 0, 0) // the clock was set back
	if serial() == second {
		t.Error("a certificate of the future is shown")
	}
}

func TestCreateOnceAndReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "file")
	if err := createOnce(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := createOnce(path, []byte("two")); !os.IsExist(err) {
		t.Errorf("second creation: %v, want %v", err, fs.ErrExist)
	}
	if err := replace(path, []byte("three")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || string(data) != "three" {
		t.Errorf("file holds %q (%v)", data, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
