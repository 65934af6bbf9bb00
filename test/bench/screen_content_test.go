package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// scrolling fills the display with a terminal whose text scrolls, twenty lines a
// second.
func scrolling(b testing.TB, display string) {
	b.Helper()
	script := b.TempDir() + "/scroll.sh"
	text := `n=0
while :; do
	n=$((n + 1))
	echo "$n 08:30:$((n % 60)) report R-$((n * 7919 % 100000)) received, place $((n * 104729 % 1000)) m from station $((n % 12)), units $((n % 5))"
	read -r -t 0.05 _ <>/dev/ptmx
done`
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	run(b, nil, "xterm", "-display", display, "-geometry", "200x75+0+0", "-e", "bash", script)
}

// playing shows a film made for it: shapes that move, and the noise of a camera,
// so that every pixel of every frame is a little different.
func playing(b testing.TB, display string, width, height, rate int) {
	b.Helper()
	film := filepath.Join(b.TempDir(), "film.mkv")
	source := fmt.Sprintf("testsrc2=size=%dx%d:rate=%d:duration=8,noise=alls=6:allf=t", width, height, rate)
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "fastdecode", "-crf", "24", film).CombinedOutput()
	if err != nil {
		b.Fatalf("make a film: %v: %s", err, out)
	}
	run(b, []string{"DISPLAY=" + display, "SDL_VIDEODRIVER=x11", "SDL_AUDIODRIVER=dummy"}, "ffplay", "-loglevel", "error", "-noborder", "-left", "0", "-top", "0",
		"-an", "-loop", "0", film)
}

// clickable is a window that changes its colour when it is pressed.
type clickable struct{ x, y, side int }

func pressing(b testing.TB, display string) clickable {
	b.Helper()
	w := clickable{700, 400, 64}
	c, err := xgb.NewConnDisplay(display)
	if err != nil {
		b.Fatal(err)
	}
	screen := xproto.Setup(c).DefaultScreen(c)
	id, err := xproto.NewWindowId(c)
	if err != nil {
		b.Fatal(err)
	}
	err = xproto.CreateWindowChecked(c, screen.RootDepth, id, screen.Root, int16(w.x), int16(w.y), uint16(w.side), uint16(w.side), 0, xproto.WindowClassInputOutput, screen.RootVisual,
		xproto.CwBackPixel|xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{0x202020, 1, xproto.EventMaskButtonPress}).Check()
	if err != nil {
		b.Fatal(err)
	}
	if err := xproto.MapWindowChecked(c, id).Check(); err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for colours, n := []uint32{0xE0E0E0, 0x202020}, 0; ; n++ {
			if e, err := c.WaitForEvent(); e == nil && err == nil {
				return // closed
			}
			xproto.ChangeWindowAttributes(c, id, xproto.CwBackPixel, []uint32{colours[n%2]})
			xproto.ClearArea(c, false, id, 0, 0, 0, 0)
		}
	}()
	b.Cleanup(func() {
		c.Close()
		<-done
	})
	return w
}
