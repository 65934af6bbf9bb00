package open1

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// MaxTally is how many frames, and how many inputs, one Tally lists.
const MaxTally = 1000

// Tally lists what a terminal holds, by number and without any content, so that
// both sides can be counted against each other after a link was down.
type Tally struct {
	TerminalID string       `json:"terminalId"`
	Spool      string       `json:"spool"`
	Clock      time.Time    `json:"clock"`
	Frames     []TallyFrame `json:"frames"` // after the number that was asked for, in order; at most MaxTally
	Inputs     []TallyInput `json:"inputs"` // likewise
}

// TallyFrame is a frame that a terminal spooled.
type TallyFrame struct {
	Seq       int64      `json:"seq"` // within the spool
	MsgID     string     `json:"msgId"`
	Type      Type       `json:"type"`
	ServiceID string     `json:"serviceId"`
	ReportID  string     `json:"reportId"` // the service's number
	Item      string     `json:"item"`     // revision, chat id, medium, state: with type unique within a report
	Mode      stdif.Mode `json:"mode"`
	At        time.Time  `json:"at"` // when it was durable at the terminal, by the terminal's clock
}

// TallyInput is an input that a terminal took from the headquarters.
type TallyInput struct {
	Seq       int64      `json:"seq"`
	ID        string     `json:"id"`
	ServiceID string     `json:"serviceId"`
	ReportID  string     `json:"reportId"`
	Verb      stdif.Verb `json:"verb"`
	At        time.Time  `json:"at"`
}

// Tally asks what the terminal holds above two numbers; 0 begins at the first.
func (c *Client) Tally(ctx context.Context, frames, inputs int64) (Tally, error) {
	query := url.Values{"after": {strconv.FormatInt(frames, 10)}, "inputs": {strconv.FormatInt(inputs, 10)}}
	var t Tally
	if err := c.ask(ctx, http.MethodGet, PathTally+"?"+query.Encode(), nil, &t); err != nil {
		return Tally{}, fmt.Errorf("ask for a tally: %w", err)
	}
	if len(t.Frames) > MaxTally || len(t.Inputs) > MaxTally {
		return Tally{}, stdif.Problemf(stdif.CodeTooLarge, "", "more than %d entries", MaxTally)
	}
	return t, nil
}
