// Package probe looks at an endpoint from outside, as anybody on the network
// could, and says what it found: which versions of TLS answer, with which
// suites and groups, what the certificate is, and whether somebody without the
// right certificate is let in. Each finding is judged by a dated list that is
// embedded beside the code, and every verdict names the list, its date and its
// row, so that a reader can look it up and a later edition can be compared.
//
// Only what crypto/tls can really observe is claimed. It cannot choose among
// the suites of TLS 1.3, it does not speak SSL 3.0, and it lacks suites with
// CCM, Camellia or finite-field Diffie-Hellman: what stands behind those stays
// unsaid, and the report says so (Report.Unseen).
package probe
