package headquarters

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/matoi119/matoi/stdif/open1"
)

// Files of a folder of throw-away certificates, with which a simulated terminal
// and a simulated headquarters in two processes find each other.
const (
	authorityFile = "authority.pem"
	terminalFile  = "terminal.pem"
	gatewayFile   = "gateway.pem"
)

// WriteFiles makes certificates for one terminal and the gateway of hq in dir,
// unless dir has them already. The authority's own key is not written: nothing
// more can be certified with it.
func WriteFiles(dir, hq, terminal string) error {
	return WriteFilesUntil(dir, hq, terminal, time.Now().Add(lifetime))
}

// WriteFilesUntil is WriteFiles with an end for the terminal's certificate.
func WriteFilesUntil(dir, hq, terminal string, until time.Time) error {
	if _, err := os.Stat(filepath.Join(dir, authorityFile)); !errors.Is(err, fs.ErrNotExist) {
		return err // there already, or not readable
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the certificates' folder: %w", err)
	}
	a, err := NewAuthority(hq)
	if err != nil {
		return err
	}
	for name, file := range map[string]string{terminal: terminalFile, open1.GatewayName(hq): gatewayFile} {
		end := until
		if name != terminal {
			end = time.Now().Add(lifetime)
		}
		own, err := a.IssueFor(name, time.Now().Add(-time.Hour), end)
		if err != nil {
			return err
		}
		key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
		if err != nil {
			return fmt.Errorf("encode a key: %w", err)
		}
		text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]}),
			pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			return fmt.Errorf("write certificates: %w", err)
		}
	}
	// Last, because its presence says that the others are whole.
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
	if err := os.WriteFile(filepath.Join(dir, authorityFile), text, 0o600); err != nil {
		return fmt.Errorf("write certificates: %w", err)
	}
	return nil
}

func read(dir, file string) (tls.Certificate, *x509.CertPool, error) {
	own, err := tls.LoadX509KeyPair(filepath.Join(dir, file), filepath.Join(dir, file))
	if err != nil {
		return own, nil, fmt.Errorf("read certificates: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, authorityFile))
	if err != nil {
		return own, nil, fmt.Errorf("read certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return own, nil, errors.New("read certificates: " + authorityFile + " holds none")
	}
	return own, pool, nil
}

// GatewayFiles returns the settings of a headquarters out of a folder.
func GatewayFiles(dir, terminal string) (*tls.Config, error) {
	own, pool, err := read(dir, gatewayFile)
	if err != nil {
		return nil, err
	}
	return open1.GatewayTLS(own, pool, terminal), nil
}

// TerminalFiles returns the settings of a simulated terminal out of a folder.
func TerminalFiles(dir, hq string) (*tls.Config, error) {
	own, pool, err := read(dir, terminalFile)
	if err != nil {
		return nil, err
	}
	return open1.TerminalTLS(own, pool, open1.GatewayName(hq)), nil
}
