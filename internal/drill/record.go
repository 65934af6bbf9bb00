package drill

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// Format names the form of a record.
const Format = "matoi.drill/1"

// Record is what a drill leaves: dated, machine-readable, without a word of any
// caller. Its digest is that of the canonical form (RFC 8785), and
// stands in the evidence log.
type Record struct {
	Format       string    `json:"format"`
	Drill        string    `json:"drill"` // id
	Kind         string    `json:"kind"`  // standalone
	Conditions   []string  `json:"conditions"`
	Headquarters string    `json:"headquarters"`
	Terminal     Place     `json:"terminal"`
	Version      string    `json:"version"`
	Mode         string    `json:"mode"`
	Played       string    `json:"played"` // person, or simulated
	Reason       string    `json:"reason"`
	Leader       string    `json:"leader"`
	CutAt        time.Time `json:"cutAt"`
	RestoredAt   time.Time `json:"restoredAt"`
	CountedAt    time.Time `json:"countedAt"`

	Steps    []Step    `json:"steps"`
	Checks   []Check   `json:"checks"`
	Counts   Counts    `json:"counts"`
	Messages []Message `json:"messages"`
	Evidence []Proof   `json:"evidence"`
	Passed   bool      `json:"passed"`
}

// Place is a terminal as the headquarters knows it.
type Place struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Place string `json:"place"`
}

// Step is one thing that was done.
type Step struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	By   string    `json:"by"` // person, simulated or measured
}

// Check is one thing that had to hold.
type Check struct {
	Name string   `json:"name"`
	OK   bool     `json:"ok"`
	What []string `json:"what"` // ids that were in the way
}

// Counts of messages, in the order in which they travelled.
type Counts struct {
	Said         int `json:"said"` // that the service knows of having handed over; 0 where only persons took part
	Terminal     int `json:"terminal"`
	Headquarters int `json:"headquarters"`
	LinesSaid    int `json:"linesSaid"` // of the chat, both ways, as counted at the terminal's own page
	Lines        int `json:"lines"`     // of the chat that the headquarters stores
	Inputs       int `json:"inputs"`    // messages of the headquarters for the terminal
	Taken        int `json:"taken"`     // of those, at the terminal
}

// Message is one frame by its number, and on which sides it is.
type Message struct {
	Spool        string    `json:"spool"`
	Seq          int64     `json:"seq"`
	MsgID        string    `json:"msgId"`
	Type         string    `json:"type"`
	Service      string    `json:"service"`
	Report       string    `json:"report"`
	Item         string    `json:"item"`
	At           time.Time `json:"at"` // by the terminal's clock
	ReceivedAt   time.Time `json:"receivedAt"`
	Headquarters int       `json:"headquarters"` // how often it is stored there; one is right
}

// Proof is an entry of the evidence log.
type Proof struct {
	Entry int64     `json:"entry"` // number in the log
	Act   string    `json:"act"`
	At    time.Time `json:"at"`
}

// Canonical is the form that is digested and kept.
func (r Record) Canonical() (canonical []byte, digest string, err error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, "", fmt.Errorf("encode record: %w", err)
	}
	if canonical, err = stdif.Canonical(b); err != nil {
		return nil, "", fmt.Errorf("encode record: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return canonical, hex.EncodeToString(sum[:]), nil
}

// Holds reports whether a record is the one of a digest.
func Holds(canonical []byte, digest string) bool {
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]) == digest
}
