package capture

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// paste is what another program gets when it pastes.
func (s *stage) paste(more ...string) string {
	s.t.Helper()
	cmd := exec.Command("xclip", append([]string{"-o", "-selection", "clipboard", "-display", s.display}, more...)...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		s.t.Logf("xclip: %v %s", err, complaint.String())
	}
	return string(out)
}

// copied makes another program offer a text. It ends with the display, or when
// somebody else copies.
func (s *stage) copied(text string) {
	s.t.Helper()
	cmd := exec.Command("xclip", "-i", "-selection", "clipboard", "-display", s.display, "-quiet")
	cmd.Stdin = strings.NewReader(text)
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("start xclip (make setup installs it): %v", err)
	}
	s.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
}

// texts that a clipboard has to carry whole: a kanji outside of the first plane,
// one with a variation selector, lines, and more than goes in one piece.
var texts = map[string]string{
	"kanji": "救急　𠮷野家前、葛󠄀城市。ｶﾅ ¥|_@^:\n二行目",
	"long":  strings.Repeat("傷病者は意識なし。", 20000),
}

// Text arrives whole in both directions, and what is ours can be taken away.
func TestClipboardArrivesWhole(t *testing.T) {
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			check(t, s.x.SetClipboard(text))
			if got := s.paste("-target", "UTF8_STRING"); got != text {
				t.Errorf("%d bytes are pasted, want %d", len(got), len(text))
			}
			if _, changed, _ := s.x.Clipboard(); changed {
				t.Error("our own text came back")
			}
			check(t, s.x.SetClipboard(""))
			if got := s.paste(); got != "" {
				t.Errorf("after clearing %d bytes are pasted", len(got))
			}
			s.copied(text)
			var got string
			s.until("what was copied", func() bool {
				text, changed, err := s.x.Clipboard()
				check(t, err)
				got = text
				return changed
			})
			if got != text {
				t.Errorf("%d bytes were copied, want %d", len(got), len(text))
			}
			check(t, s.x.SetClipboard("")) // is not ours
			if got := s.paste(); got != text {
				t.Error("what the person at the machine copied was taken away")
			}
		})
	}
}

// A text over the limit is neither taken nor given, and the clipboard lives on.
func TestClipboardLimit(t *testing.T) {
	s := newStage(t)
	if s.x.SetClipboard(strings.Repeat("x", maxClipboard+1)) == nil {
		t.Error("a text over the limit was set")
	}
	s.copied(strings.Repeat("x", maxClipboard+1))
	s.until("the notification", func() bool {
		_, changed, err := s.x.Clipboard()
		check(t, err)
		s.x.board.mu.Lock()
		defer s.x.board.mu.Unlock()
		return changed || !s.x.board.asked.IsZero()
	})
	s.copied("短い")
	s.until("the short text", func() bool {
		text, changed, err := s.x.Clipboard()
		check(t, err)
		if changed && text != "短い" {
			t.Fatalf("%d bytes came", len(text))
		}
		return changed
	})
}
