package stdif

import "time"

// AckStep is how far a report has come (端末保管・受信・統合・視認). Steps never
// go back. Only Seen may tell a caller that the fire service has noticed.
type AckStep string

// The steps, in order; Refused stands aside.
const (
	Spooled    AckStep = "spooled"    // durable at the terminal only: 消防にはまだ届いていません
	Received   AckStep = "received"   // durable at headquarters
	Integrated AckStep = "integrated" // a console's page confirmed that it painted it
	Seen       AckStep = "seen"       // a named person opened or claimed it
	Refused    AckStep = "refused"    // not taken as a report; kept raw and shown, with a code
)

var order = map[AckStep]int{Spooled: 1, Received: 2, Integrated: 3, Seen: 4}

// Before reports whether s is an earlier step than other. Refused is after all
// others: nothing follows it.
func (s AckStep) Before(other AckStep) bool {
	if s == Refused {
		return false
	}
	if other == Refused {
		return true
	}
	return order[s] < order[other]
}

// Ack tells a service how far one of its reports has come.
type Ack struct {
	ReportID string    `json:"reportId"`
	Revision int64     `json:"revision,omitempty"`
	Step     AckStep   `json:"step"`
	At       time.Time `json:"at"`
	Problem  *Problem  `json:"problem,omitempty"` // with Refused
}
