// Package audit is the tamper-evident log: what an entry commits to, how
// entries form a Merkle tree (RFC 6962, by golang.org/x/mod/sumdb/tlog) and how
// a stranger checks both. There is no database in it: the writer stores what
// this package computes, and Verify reads through a Source.
//
// An entry's leaf is the canonical JSON of Body. Body names every row that the
// act wrote with the SHA-256 of the row's canonical bytes, so a changed row, a
// changed entry, a removed row and a changed tree node are each found. The rows
// are sealed before they come here: verifying needs no key.
package audit
