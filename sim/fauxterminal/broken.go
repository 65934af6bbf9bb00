package fauxterminal

import "crypto/tls"

// Defect is a terminal with one fault, for those who judge terminals: the test
// that must catch it, and no other.
type Defect struct {
	Name    string
	Caught  string // id of the acceptance test
	What    string
	Manners Manners
	Expired bool              // its certificate is
	TLS     func(*tls.Config) // nil: as it should be
}

// Defects are one terminal for each fault, at least one for each test.
func Defects() []Defect {
	screen := func(m ScreenManners) Manners { return Manners{Screen: m} }
	return []Defect{
		{Name: "tls12-cbc", Caught: "C221a", What: "answers TLS 1.2 with a suite that authenticates by SHA-1", TLS: func(c *tls.Config) {
			c.MinVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA} //nolint:gosec // the fault that is to be found
		}},
		{Name: "tls11", Caught: "C221a", What: "answers TLS 1.1", TLS: func(c *tls.Config) { c.MinVersion = tls.VersionTLS11 }}, //nolint:gosec // the fault that is to be found
		{Name: "expired", Caught: "C221b", What: "its certificate has expired", Expired: true},
		{Name: "any-certificate", Caught: "C221c", What: "takes the certificate of anybody", TLS: func(c *tls.Config) {
			c.ClientAuth, c.VerifyConnection = tls.RequireAnyClientCert, nil
		}},
		{Name: "no-certificate", Caught: "C221c", What: "asks nobody for a certificate", TLS: func(c *tls.Config) {
			c.ClientAuth, c.VerifyConnection = tls.NoClientCert, nil
		}},
		{Name: "garbles", Caught: "C131a", What: "writes a name with another character", Manners: Manners{Garble: true}},
		{Name: "wrong-version", Caught: "C131a", What: "speaks a version that nobody agreed on", Manners: Manners{WrongVersion: true}},
		{Name: "fails-input", Caught: "C131b", What: "answers input with a failure", Manners: Manners{FailInputs: true}},
		{Name: "denies-input", Caught: "C131b", What: "refuses input without having declared that it is output-only", Manners: Manners{DenyInputs: true}},
		{Name: "drops-input", Caught: "C131b", What: "says that it took an input and drops it", Manners: Manners{DropInputs: true}},
		{Name: "doubles-input", Caught: "C131b", What: "hands a repeated input on twice", Manners: Manners{DoubleInputs: true}},
		{Name: "takes-output-only", Caught: "C131b", What: "declares that it is output-only and takes input", Manners: Manners{TakeOutputOnly: true}},
		{Name: "wrong-digest", Caught: "C131c", What: "gives out a picture with other bytes", Manners: Manners{WrongDigest: true}},
		{Name: "only-idle", Caught: "C132", What: "answers a data request only while nobody calls", Manners: Manners{OnlyIdle: true}},
		{Name: "forgets", Caught: "C132", What: "knows nothing of a call that has ended", Manners: Manners{ForgetEnded: true}},
		{Name: "loses", Caught: "D-01", What: "loses what came while the line was cut", Manners: Manners{NoLate: true}},
		{Name: "new-numbers", Caught: "D-01", What: "numbers anew at every connection", Manners: Manners{NewSpool: true}},
		{Name: "no-screen", Caught: "C121a", What: "has no screen transfer", Manners: screen(ScreenManners{Absent: true})},
		{Name: "wrong-size", Caught: "C121a", What: "tells a larger screen than it sends", Manners: screen(ScreenManners{WrongSize: true})},
		{Name: "two-viewers", Caught: "C121b", What: "lets a second viewer watch", Manners: screen(ScreenManners{TwoViewers: true})},
		{Name: "unasked", Caught: "C121c", What: "sends frames that nobody asked for", Manners: screen(ScreenManners{Unasked: true})},
		{Name: "ignores-pointer", Caught: "C122a", What: "takes no notice of the pointer", Manners: screen(ScreenManners{IgnorePointer: true})},
		{Name: "ignores-keys", Caught: "C122a", What: "takes no notice of keys", Manners: screen(ScreenManners{IgnoreKeys: true})},
		{Name: "two-operators", Caught: "C122b", What: "lets a second one operate", Manners: screen(ScreenManners{TwoOperators: true})},
		{Name: "lets-go", Caught: "C122c", What: "lets go of a key that is still held", Manners: screen(ScreenManners{LetsGo: true})},
		{Name: "keys-stay", Caught: "D-02a", What: "keeps keys held after a cut", Manners: screen(ScreenManners{KeysStay: true})},
		{Name: "silent-keys", Caught: "D-02b", What: "keeps keys held while the headquarters is silent", Manners: screen(ScreenManners{SilentStay: true})},
	}
}
