package drill

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// The checks of a record.
const (
	CheckCut      = "cut"      // nothing of the terminal came in while the line was cut
	CheckAlone    = "alone"    // report, both ways of chat and the end were made at the terminal meanwhile
	CheckSaid     = "said"     // what the service handed over is in the terminal's spool
	CheckFrames   = "frames"   // every frame of the terminal is stored at the headquarters
	CheckDoubles  = "doubles"  // and none of them twice
	CheckNumbers  = "numbers"  // the terminal's numbers have no gap
	CheckLines    = "lines"    // every line of the chat, by its id and by its count
	CheckInputs   = "inputs"   // every message of the headquarters is at the terminal, and no other
	CheckRestored = "restored" // the line came back and everything was taken over in time
)

// reconcile waits until everything has been taken over, or long enough, and
// counts.
func (c Config) reconcile(ctx context.Context, r *Record, d terminal.Drill, before open1.Tally, said Said) error {
	up := c.until(ctx, d.Terminal, func(l terminal.Link) bool { return l.State.Up() && l.Missing == 0 })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now, err := c.House.Drills().Drill(ctx, d.ID)
	if err != nil {
		return err
	}
	r.RestoredAt = now.RestoredAt
	c.did(r, "restored", "measured")
	var after open1.Tally
	patience := c.Now().Add(c.Patience)
	for {
		if after, err = everything(ctx, c.Tally, last(before), lastInput(before)); err != nil {
			return fmt.Errorf("count at the terminal: %w", err)
		}
		if err := c.count(ctx, r, d, before, after, said); err != nil {
			return err
		}
		if up != nil {
			r.check(CheckRestored, "link")
		} else {
			r.check(CheckRestored)
		}
		if r.judge(); r.Passed || c.Now().After(patience) {
			break
		}
		select { // what is on its way is not lost
		case <-time.After(lookEach):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.CountedAt = c.Now().UTC()
	c.did(r, "counted", "measured")
	return c.prove(ctx, r, d, said)
}

// prove lists the entries about the terminal and the report since the cut.
func (c Config) prove(ctx context.Context, r *Record, d terminal.Drill, said Said) error {
	subjects := []string{"terminal/" + d.Terminal}
	id, _, err := c.House.ChatLines(ctx, said.Service, said.Report)
	if err != nil {
		return err
	}
	if id != "" {
		subjects = append(subjects, "report/"+id)
	}
	for _, subject := range subjects {
		found, err := c.House.Proofs(ctx, subject, d.CutAt)
		if err != nil {
			return err
		}
		for _, p := range found {
			r.Evidence = append(r.Evidence, Proof{Entry: p.Entry, Act: p.Act, At: p.At})
		}
	}
	return nil
}

func last(t open1.Tally) int64 {
	if n := len(t.Frames); n > 0 {
		return t.Frames[n-1].Seq
	}
	return 0
}

func lastInput(t open1.Tally) int64 {
	if n := len(t.Inputs); n > 0 {
		return t.Inputs[n-1].Seq
	}
	return 0
}

func (r *Record) check(name string, what ...string) {
	if what == nil {
		what = []string{}
	}
	r.Checks = append(r.Checks, Check{Name: name, OK: len(what) == 0, What: what})
}

func (r *Record) judge() {
	r.Passed = !slices.ContainsFunc(r.Checks, func(c Check) bool { return !c.OK })
}

// count compares both sides anew.
func (c Config) count(ctx context.Context, r *Record, d terminal.Drill, before, after open1.Tally, said Said) error {
	stored, err := c.House.FramesAfter(ctx, d.Terminal, after.Spool, last(before))
	if err != nil {
		return err
	}
	r.Checks, r.Counts = nil, Counts{Said: len(said.Messages), Terminal: len(after.Frames), Headquarters: len(stored), LinesSaid: said.Lines}
	r.check(CheckCut, early(stored, r.CutAt, r.RestoredAt)...)
	r.check(CheckAlone, r.missingSteps(after, said)...)
	r.check(CheckSaid, notSpooled(after, said)...)
	frames, doubles := r.match(after, stored)
	r.check(CheckFrames, frames...)
	r.check(CheckDoubles, doubles...)
	r.check(CheckNumbers, gaps(before, after)...)
	lines, err := c.lines(ctx, r, after, said)
	if err != nil {
		return err
	}
	r.check(CheckLines, lines...)
	inputs, err := c.inputs(ctx, r, d, after)
	if err != nil {
		return err
	}
	r.check(CheckInputs, inputs...)
	return nil
}

// slack is how long a frame that was on its way when the line was cut may take.
const slack = 5 * time.Second

func early(stored []terminal.StoredFrame, from, to time.Time) (out []string) {
	for _, f := range stored {
		if f.ReceivedAt.After(from.Add(slack)) && f.ReceivedAt.Before(to) {
			out = append(out, number(f.Seq))
		}
	}
	return out
}

func number(seq int64) string { return strconv.FormatInt(seq, 10) }

// missingSteps names what was not done at the terminal, as its own spool tells.
func (r *Record) missingSteps(after open1.Tally, said Said) (out []string) {
	seen := map[string]bool{}
	chat := 0
	for _, f := range after.Frames {
		if f.ServiceID != said.Service || f.ReportID != said.Report {
			continue
		}
		switch f.Type {
		case open1.TypeReport, open1.TypeRaw:
			seen[StepArrived] = true
		case open1.TypeChat:
			chat++
		case open1.TypeState:
			seen[StepClosed] = true
		}
	}
	seen[StepAsked], seen[StepAnswered] = chat > 0, chat > 1
	for _, s := range r.Steps {
		seen[StepRang] = seen[StepRang] || s.Name == StepRang
	}
	for _, s := range Steps() {
		if !seen[s] {
			out = append(out, s)
		}
	}
	return out
}

func notSpooled(after open1.Tally, said Said) (out []string) {
	for _, k := range said.Messages {
		if !slices.ContainsFunc(after.Frames, func(f open1.TallyFrame) bool {
			return string(f.Type) == k.Type && f.ServiceID == k.Service && f.ReportID == k.Report && f.Item == k.Item
		}) {
			out = append(out, k.Type+" "+k.Item)
		}
	}
	return out
}

// match lists the frames by number and says which are missing and which are
// there more than once.
func (r *Record) match(after open1.Tally, stored []terminal.StoredFrame) (missing, doubles []string) {
	bySeq, byMsg := map[int64][]terminal.StoredFrame{}, map[string]int{}
	for _, f := range stored {
		bySeq[f.Seq] = append(bySeq[f.Seq], f)
		byMsg[f.MsgID]++
	}
	r.Messages = r.Messages[:0]
	for _, f := range after.Frames {
		m := Message{Spool: after.Spool, Seq: f.Seq, MsgID: f.MsgID, Type: string(f.Type), Service: f.ServiceID, Report: f.ReportID, Item: f.Item, At: f.At}
		for _, s := range bySeq[f.Seq] {
			if s.MsgID == f.MsgID && s.Type == f.Type && s.Service == f.ServiceID {
				m.Headquarters++
				m.ReceivedAt = s.ReceivedAt
			}
		}
		r.Messages = append(r.Messages, m)
		if m.Headquarters == 0 {
			missing = append(missing, number(f.Seq))
		}
		if len(bySeq[f.Seq]) > 1 || byMsg[f.MsgID] > 1 {
			doubles = append(doubles, number(f.Seq))
		}
	}
	return missing, doubles
}

// gaps names the numbers that the terminal left out: it numbers without any.
func gaps(before, after open1.Tally) (out []string) {
	next := last(before) + 1
	for _, f := range after.Frames {
		for ; next < f.Seq && len(out) < 100; next++ {
			out = append(out, number(next))
		}
		next = f.Seq + 1
	}
	return out
}

// lines compares the chat of the case: what was counted at the page, what the
// terminal spooled, what the headquarters stores.
func (c Config) lines(ctx context.Context, r *Record, after open1.Tally, said Said) (out []string, err error) {
	_, ids, err := c.House.ChatLines(ctx, said.Service, said.Report)
	if err != nil {
		return nil, err
	}
	r.Counts.Lines = len(ids)
	for _, f := range after.Frames {
		if f.Type == open1.TypeChat && f.ServiceID == said.Service && f.ReportID == said.Report && !slices.Contains(ids, f.Item) {
			out = append(out, f.Item)
		}
	}
	if len(ids) != said.Lines {
		out = append(out, fmt.Sprintf("%d counted, %d stored", said.Lines, len(ids)))
	}
	return out, nil
}

// inputs compares what the headquarters sent since the cut with what the terminal
// took.
func (c Config) inputs(ctx context.Context, r *Record, d terminal.Drill, after open1.Tally) (out []string, err error) {
	sent, err := c.House.SentTo(ctx, "terminal/"+d.Terminal, d.CutAt)
	if err != nil {
		return nil, err
	}
	for _, m := range sent {
		if m.Problem != 0 {
			continue // refused at the terminal for good, and shown as such
		}
		r.Counts.Inputs++
		if slices.ContainsFunc(after.Inputs, func(i open1.TallyInput) bool { return i.ID == m.ID }) {
			r.Counts.Taken++
		} else if m.Kind != string(stdif.VerbAck) { // steps move a report and are not kept by themselves
			out = append(out, m.ID)
		}
	}
	return out, nil
}
