// Package spool is the store of whoever must work alone: what a dedicated
// terminal (専用端末) took from its services, sealed and durable, until the
// headquarters has it and seven days beyond (stdif.SpoolKeep), so that it can
// be replayed after a restore.
//
// It is one directory: spool.db (SQLite through the group-commit writer, with
// its evidence log), media/ (sealed files), keys/ and a reserve file that is
// given back when the disk is full. Every change is an act with an entry;
// Verify finds any changed byte of a row, an entry or a media file without a key.
//
// Frames are numbered 1, 2, 3 … without gaps, inside the act that writes them.
// The spool's id and the number identify a frame for ever; a spool that was set
// back (restored from an old copy) notices it at the headquarters' hello and
// takes a new id, because its numbers would otherwise be given twice.
//
// Nobody is trusted with the clock. Retention counts the time that the program
// itself saw pass (Go's monotonic clock), so that a clock that jumps a year
// ahead purges nothing, and one that was ahead and is set back keeps nothing
// for ever. What is not acknowledged is never purged.
package spool
