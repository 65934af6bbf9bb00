// Package writer is the one write path of every store: a goroutine that takes
// acts from all callers and commits up to 256 of them in one transaction with
// one fsync. In that transaction lie the acts' rows, their evidence entries, the
// Merkle nodes and the change feed, so that none can exist without the others.
// Nothing is answered before the commit (AC-01).
//
// An act is a function that reads, lets a pure rule decide, writes rows through
// Tx and returns the entry that says why. Rows without an entry are refused. An
// act may run twice — when another act of its batch fails after writing, the
// batch is rolled back and each act runs alone — so it keeps no state outside
// its Tx.
//
// Several processes may write to one database (the server and a command, or
// several nodes on PostgreSQL): the head row is locked first in each
// transaction, which orders leaves and changes without gaps.
package writer
