package stdif

import "time"

// Limits of every profile. What exceeds one is refused with CodeTooLarge and
// kept raw; nothing is ever cut in silence.
const (
	MaxFrame      = 256 << 10    // bytes of one message of a service, as it came
	MaxEncoded    = 4 * MaxFrame // bytes of one message as a profile carries it, with its raw
	MaxText       = 4000         // characters of one free text
	MaxShort      = 400          // characters of a name, label, address line
	MaxID         = 128          // bytes of an id given by a service
	MaxMedia      = 32           // media of one report
	MaxLocations  = 64           // locations of one report
	MaxPolygon    = 256          // points of one polygon
	MaxContacts   = 32
	MaxListed     = 64  // items of any other list
	MaxAdditional = 512 // items of 付加情報
	MaxDepth      = 32  // nesting of JSON or XML
	MaxMediaBytes = 256 << 20

	// MaxSkew is how far a sender's clock may differ before 時刻ずれ is shown.
	MaxSkew = 5 * time.Second
	// Heartbeat is how often a service says that a caller's session lives; after
	// StaleAfter without any sign the report is marked.
	Heartbeat  = 10 * time.Second
	StaleAfter = 30 * time.Second
	// SpoolKeep is how long a terminal keeps everything after it was acknowledged.
	SpoolKeep = 7 * 24 * time.Hour
)
