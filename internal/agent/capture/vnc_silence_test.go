//go:build unix

package capture

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/agent/capture/xvfbtest"
	"github.com/matoi119/matoi/rfb"
)

// A server with a password is opened with it alone, and one that stops answering
// is away: its old picture is never given for a live one.
func TestPasswordAndSilence(t *testing.T) {
	s := &server{t: t, name: "x11vnc", display: xvfbtest.Start(t, 640, 480)}
	s.args = func(port string) []string {
		return []string{"-display", s.display, "-rfbport", port, "-passwd", "himitsu1", "-localhost", "-shared", "-forever", "-noipv6", "-nolookup", "-quiet"}
	}
	s.start()
	if _, err := OpenVNC(context.Background(), s.address, []byte("wrong"), ""); err == nil {
		t.Error("a wrong password was taken")
	}
	v, err := openVNC(context.Background(), s.address, []byte("himitsu1"), "", 300*time.Millisecond)
	check(t, err)
	check(t, s.cmd.Process.Signal(syscall.SIGSTOP))
	fb := rfb.NewFramebuffer(640, 480)
	soon(t, 30*time.Second, "it is away", func() bool { _, err := v.Capture(fb); return errors.Is(err, ErrAway) })
	if err := v.Key(true, 'a', 0x1E); !errors.Is(err, ErrAway) {
		t.Errorf("a key for a server that is away: %v", err)
	}
	check(t, s.cmd.Process.Signal(syscall.SIGCONT))
	soon(t, 30*time.Second, "it is back", func() bool { _, err := v.Capture(fb); return err == nil })
	check(t, v.Close())
}
