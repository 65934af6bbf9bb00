package net119

import (
	"fmt"
	"slices"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Answered takes the terminal's answer to an item and removes it from the
// queue: from now on it is the terminal's.
func (c *Cloud) Answered(n int64, a intake.Answer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	item, waiting := c.queue.find(n)
	s := c.sessions[item.ReportID()]
	if !waiting || s == nil {
		return nil // two pages hand over; the other was first
	}
	if !a.Final() {
		return fmt.Errorf("net119: answer %d is not final", a.Code)
	}
	switch {
	case a.Status != nil:
		s.hear(*a.Status)
	case item.Report != nil && !a.Taken():
		s.hear(open1.Status{ReportID: s.ID, Revision: item.Report.Revision, Step: stdif.Refused, At: c.cfg.Clock(), Problem: problemOf(a)})
	case item.Chat != nil && !a.Taken():
		s.Lost = append(s.Lost, item.Chat.ID)
	}
	c.queue.remove(n)
	if err := c.keep(s); err != nil {
		return err
	}
	return c.journal.write(record{Done: n})
}

func problemOf(a intake.Answer) *stdif.Problem {
	if a.Problem == nil {
		return stdif.Problemf(stdif.CodeInternal, "", "status %d without a problem", a.Code)
	}
	return &stdif.Problem{Code: a.Problem.Code, Place: a.Problem.Place, Detail: a.Problem.Detail}
}

// Hear takes one event of the terminal: a step or an input of headquarters. Its
// place in the stream is kept after its effect: a crash between the two makes
// it come again, and a repeat changes nothing.
func (c *Cloud) Hear(e intake.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.concerned(e); s != nil {
		if err := c.keep(s, c.receipts(s)...); err != nil {
			return err
		}
	}
	if e.ID == "" {
		return nil
	}
	c.cursor = e.ID
	return c.journal.write(record{Cursor: e.ID})
}

// concerned applies an event and returns the call that it changed. It owns c.mu.
func (c *Cloud) concerned(e intake.Event) *session {
	switch {
	case e.Status != nil:
		if s := c.sessions[e.Status.ReportID]; s != nil && s.hear(*e.Status) {
			return s
		}
	case e.Input != nil:
		if s := c.sessions[e.Input.ReportID]; s != nil {
			c.obey(s, *e.Input)
			return s
		}
	}
	return nil
}

// obey owns c.mu.
func (c *Cloud) obey(s *session, in stdif.Input) {
	switch in.Verb {
	case stdif.VerbMessage:
		if in.Message == nil || s.has(in.Message.ID) {
			return
		}
		m := *in.Message
		m.From = stdif.FromHeadquarters
		s.Chat = append(s.Chat, m)
		s.Unshown = append(s.Unshown, m.ID)
		c.callBack(s)
	case stdif.VerbCallBack:
		if in.CallBack == nil || slices.Contains(s.Called, in.CallBack.ID) {
			return
		}
		s.Called = append(s.Called, in.CallBack.ID)
		s.Mails = append(s.Mails, Mail{At: c.cfg.Clock(), Kind: "call-back"})
		s.mailed = append(s.mailed, in.CallBack.ID)
		c.system(s, in, in.CallBack.Text)
	case stdif.VerbAccept:
		s.Claimed = true
	case stdif.VerbRelease:
		s.Claimed = false
	case stdif.VerbClose:
		s.Closed, s.Reason = true, in.Reason
	case stdif.VerbReopen:
		s.Closed, s.Reason = false, ""
	case stdif.VerbDispatched:
		c.system(s, in, in.Summary)
	}
}

// system adds a line of the service itself.
func (c *Cloud) system(s *session, in stdif.Input, text string) {
	if text == "" || s.has(in.ID) {
		return
	}
	s.Chat = append(s.Chat, stdif.ChatMessage{ID: in.ID, ReportID: s.ID, From: stdif.FromSystem, At: in.At, Text: text})
}

// callBack mails the caller when somebody writes and no page is there to show
// it (standard-interface §2.2: headquarters may call back by mail).
func (c *Cloud) callBack(s *session) {
	if s.pages == 0 {
		s.Mails = append(s.Mails, Mail{At: c.cfg.Clock(), Kind: "call-back"})
	}
}

// receipts says what reached the caller since the last time: lines while a page
// of the caller stands, mails as soon as they are sent. It owns c.mu.
func (c *Cloud) receipts(s *session) []intake.Item {
	ids := s.mailed
	s.mailed = nil
	if s.pages > 0 {
		ids, s.Unshown = append(ids, s.Unshown...), nil
	}
	var items []intake.Item
	for _, id := range ids {
		items = append(items, intake.Item{Receipt: &stdif.Receipt{ReportID: s.ID, ID: id, State: stdif.ReceiptDelivered, At: c.cfg.Clock().In(jst)}})
	}
	return items
}
