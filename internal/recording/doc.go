// Package recording keeps what consoles saw of a terminal's screen, where the
// headquarters decided so: the recorder behind the gateway's relay, the sealed
// file, and the film that plays without us.
//
// A file is a journal (internal/store/blob) whose entries are runs of records.
// A record is a message of an RFB server with the time at which it was seen:
// rectangles in Tight, each of which stands alone. Every entry that is a mark
// begins with the size and the whole picture, so that watching can begin there.
// There are records for pixels and for the place of the pointer, and none for
// keys, clipboards or anything else that somebody typed.
package recording
