// Package pki is the headquarters' own certificate authority and everything
// that stands on it: mutual TLS 1.3 between gateway and terminals, the
// enrolment by which a terminal joins, and the renewal of its certificate.
// Standard library only; no store: what must be remembered goes through
// functions that the caller gives.
//
// # Who shows what
//
//	authority   P-256, 20 years, one file ca.pem (key and certificate, 0600) in a
//	            directory outside the store's; never leaves the server
//	terminal    P-256, SAN dNSName = terminal id, serverAuth, 397 days, renewed over
//	            the link itself from 90 days before its end; key only at the terminal
//	gateway     P-256, SAN dNSName = "gateway.<headquarters id>", clientAuth, 30 days, in
//	            memory only and made anew in time: a stolen one is worth little, which
//	            matters because terminals hold no revocation list
//	consoles    P-256, SAN = the names and addresses consoles use, serverAuth, 397
//	            days, in memory only and made anew in time
//
// A terminal's certificate is accepted only while its serial is one that the
// register admits (terminal.Terminal.Admits): a revocation works at the next
// dial, without a list that could be old.
//
// # The profile
//
// TLS 1.3 only, groups and suites of the e-government recommended ciphers list
// as cryptrec-strict-r2 has them (security-rules §5.5): P-curves and the two
// hybrids whose halves are both named. Go does not let a program choose the
// suites of TLS 1.3, so AES-GCM is checked after the handshake: a link that
// chose ChaCha20-Poly1305 is refused with code 101. Two machines without AES
// instructions would choose it; there the program must run with
// GODEBUG=fips140=on, which the delivered build has switched on.
//
// # Enrolment
//
// `matoi terminal enrol` makes a key in memory and prints a code (code.go).
// Somebody carries the code to the server. The server dials the terminal,
// accepts exactly the key whose fingerprint is in the code, and both sides
// prove that they know the code's secret, bound to this one TLS channel by its
// exporter (RFC 9266's idea), so that a proof heard anywhere else is useless:
//
//	server                                             terminal
//	dial, TLS 1.3, pin the key's fingerprint  ───────>  self-signed certificate
//	1 hello {v, headquarters}         + mac   ───────>  wrong mac: one of five tries
//	                                          <───────  2 offer {csr, id, name, services} + mac
//	id decided, row stored, certificate signed
//	3 grant {id, certificate, authorities} + mac ────>  chain checked, stored durably
//	                                          <───────  4 installed + mac; the code is dead
//
// The server decides the terminal's id; it may take what the terminal proposes.
// The row is durable at the server before the certificate leaves it, and the
// membership is durable at the terminal before it says so: whatever is cut
// where, no terminal holds a certificate that the server does not know. A code
// is dead after one success, five wrong tries or fifteen minutes, and with the
// process that printed it, because its key was never on disk.
package pki
