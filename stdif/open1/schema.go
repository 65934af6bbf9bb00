package open1

import (
	"embed"
	"io/fs"
)

//go:embed schema/*.schema.json
var schemas embed.FS

// Schemas returns the JSON Schemas (2020-12) of the profile: frame, report,
// state, chat, media, raw, input, ack, status and the control frames. They say
// what a sender may rely on; the reader takes more (unknown members, unknown
// codes) and keeps it. docs/schemas holds the same files.
func Schemas() fs.FS {
	dir, err := fs.Sub(schemas, "schema")
	if err != nil { // a fixed, valid path
		panic("open1: " + err.Error())
	}
	return dir
}
