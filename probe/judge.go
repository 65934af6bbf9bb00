package probe

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"strconv"
	"strings"
)

// Version judges a version of TLS.
func (l *List) Version(v uint16) Verdict { return l.judge(part{"version", tls.VersionName(v)}) }

// Suite judges a cipher suite by its parts: key exchange, cipher, mode and the
// hash that authenticates. A suite of TLS 1.3 names no key exchange.
func (l *List) Suite(id uint16) Verdict { return l.judge(suiteParts(tls.CipherSuiteName(id))...) }

// suiteParts reads the registered name of a suite (RFC 5246, appendix A.5).
func suiteParts(name string) []part {
	exchange, rest, ok := strings.Cut(strings.TrimPrefix(name, "TLS_"), "_WITH_")
	var parts []part
	if ok {
		switch {
		case strings.HasPrefix(exchange, "ECDHE"):
			parts = append(parts, part{"exchange", "ECDHE"})
		case exchange == "RSA":
			parts = append(parts, part{"exchange", "RSA-TRANSPORT"})
		default:
			parts = append(parts, part{"exchange", exchange})
		}
	} else {
		rest = strings.TrimPrefix(name, "TLS_")
	}
	words := strings.Split(rest, "_")
	switch {
	case strings.HasPrefix(rest, "CHACHA20_POLY1305"):
		parts = append(parts, part{"cipher", "ChaCha20-Poly1305"})
	default:
		parts = append(parts, part{"cipher", words[0]})
		for _, w := range words[1:] {
			if w == "GCM" || w == "CCM" || w == "CBC" {
				parts = append(parts, part{"mode", w})
			}
		}
	}
	// The last word is the hash of HMAC or, with AEAD, of the key derivation.
	return append(parts, part{"hash", words[len(words)-1]})
}

// Group judges a group of the key agreement; both halves of a hybrid count.
func (l *List) Group(id tls.CurveID) Verdict {
	switch id {
	case tls.CurveP256:
		return l.judge(part{"exchange", "ECDHE"}, part{"group", "P-256"})
	case tls.CurveP384:
		return l.judge(part{"exchange", "ECDHE"}, part{"group", "P-384"})
	case tls.CurveP521:
		return l.judge(part{"exchange", "ECDHE"}, part{"group", "P-521"})
	case tls.X25519:
		return l.judge(part{"exchange", "ECDHE"}, part{"group", "X25519"})
	case tls.X25519MLKEM768:
		return l.judge(part{"exchange", "ML-KEM-768"}, part{"group", "X25519"})
	case tls.SecP256r1MLKEM768:
		return l.judge(part{"exchange", "ML-KEM-768"}, part{"group", "P-256"})
	case tls.SecP384r1MLKEM1024:
		return l.judge(part{"exchange", "ML-KEM-1024"}, part{"group", "P-384"})
	}
	return l.judge(part{"group", id.String()})
}

// Key judges the public key of a certificate.
func (l *List) Key(c *x509.Certificate) (name string, v Verdict) {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		name = "RSA-" + strconv.Itoa(bits)
		switch {
		case bits >= 3072:
			return name, l.judge(part{"key", "RSA-3072"})
		case bits >= 2048:
			return name, l.judge(part{"key", "RSA-2048"})
		}
		return name, l.judge(part{"key", "RSA-1024"})
	case *ecdsa.PublicKey:
		name = k.Curve.Params().Name
		return "ECDSA " + name, l.judge(part{"signature", "ECDSA"}, part{"group", name})
	case ed25519.PublicKey:
		return "Ed25519", l.judge(part{"signature", "Ed25519"})
	}
	name = c.PublicKeyAlgorithm.String()
	return name, l.judge(part{"key", name})
}

// Signature judges how a certificate was signed.
func (l *List) Signature(a x509.SignatureAlgorithm) Verdict {
	name := a.String()
	hash, of := name, "RSASSA-PKCS1-v1_5"
	switch {
	case a == x509.PureEd25519:
		return l.judge(part{"signature", "Ed25519"})
	case strings.HasPrefix(name, "ECDSA-"):
		hash, of = strings.TrimPrefix(name, "ECDSA-"), "ECDSA"
	case strings.HasSuffix(name, "-RSAPSS"):
		hash, of = strings.TrimSuffix(name, "-RSAPSS"), "RSA-PSS"
	case strings.HasSuffix(name, "-RSA"):
		hash = strings.TrimSuffix(name, "-RSA")
	default:
		return l.judge(part{"signature", name})
	}
	return l.judge(part{"signature", of}, part{"hash", hash})
}
