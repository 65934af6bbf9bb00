package capture

import (
	"testing"
	"time"
	"unsafe"

	"github.com/matoi119/matoi/rfb"
)

// These run on Windows, or under Wine: docs/operations/screens.md says how, and
// what they do not prove.

func onWindows(t *testing.T) (*Windows, *rfb.Framebuffer) {
	t.Helper()
	w, err := openWindows()
	check(t, err)
	t.Cleanup(func() { check(t, w.Close()) })
	d := w.Desktop()
	return w, rfb.NewFramebuffer(d.Width, d.Height)
}

func TestOnWindowsWhatIsDrawnIsCaptured(t *testing.T) {
	w, fb := onWindows(t)
	_, err := w.Capture(fb)
	check(t, err)
	if again, err := w.Capture(fb); err != nil || len(again) > 4 {
		t.Errorf("nothing was drawn and %v changed, %v", again, err)
	}
	t.Logf("%+v", w.Desktop())
	// A window of its own: drawing on the screen's own context is drawn over.
	class := []uint16{'S', 'T', 'A', 'T', 'I', 'C', 0}
	const popup, visible, topmost, whiteRect = 0x80000000, 0x10000000, 8, 6
	window, _, err := createWindow.Call(topmost, uintptr(unsafe.Pointer(&class[0])), 0, popup|visible|whiteRect, 100, 80, 50, 40, 0, 0, 0, 0)
	if window == 0 {
		t.Fatal(err)
	}
	defer destroyWindow.Call(window)
	soon(t, 10*time.Second, "the window", func() bool {
		pump()
		_, err := w.Capture(fb)
		check(t, err)
		return fb.At(120, 100) == 0xFFFFFF && fb.At(90, 70) != 0xFFFFFF
	})
	p, serial, err := w.Cursor(0)
	if err != nil || serial == 0 || p == nil {
		t.Errorf("the pointer's shape: %v, %d, %v", p, serial, err)
	} else {
		t.Logf("the pointer is %d × %d, %d,%d", p.Shape.Width, p.Shape.Height, p.HotX, p.HotY)
	}
}

// pump works on the messages of the test's windows.
func pump() {
	peek := user32.NewProc("PeekMessageW")
	var message [48]byte
	for {
		if ok, _, _ := peek.Call(uintptr(unsafe.Pointer(&message)), 0, 0, 0, 1); ok == 0 {
			return
		}
		_, _, _ = dispatchMessage.Call(uintptr(unsafe.Pointer(&message)))
	}
}

func isDown(key uintptr) bool {
	state, _, _ := getAsyncKeyState.Call(key)
	return state&0x8000 != 0
}

func heldOnWindows() bool { return isDown(0x11) || isDown('A') || isDown(1) }

func TestOnWindowsLettingGo(t *testing.T) {
	duty(t, "S3-1-2-2")
	w, _ := onWindows(t)
	check(t, hold(w))
	soon(t, 5*time.Second, "what was pressed is down", func() bool { return isDown(0x11) && isDown('A') && isDown(1) })
	var at [2]int32
	_, _, _ = user32.NewProc("GetCursorPos").Call(uintptr(unsafe.Pointer(&at)))
	if at != [2]int32{100, 100} {
		t.Errorf("the pointer is at %v", at)
	}
	check(t, w.LetGo())
	t.Log("all up after", soon(t, letGo, "everything is up", func() bool { return !heldOnWindows() }))
	if idle, err := w.Idle(); err != nil || idle != never {
		t.Errorf("our own input counts: %s, %v", idle, err)
	}
	for _, keysym := range []uint32{'A', '!', 0x01006551, 0x01020BB7, 0xFF0D} {
		check(t, w.Key(true, keysym, 0))
		check(t, w.Key(false, keysym, 0))
	}
	if heldOnWindows() {
		t.Error("typing left something down")
	}
	killed(t, "windows", "")
	soon(t, 5*time.Second, "the killed one's keys are down", heldOnWindows)
	check(t, w.ReleaseLeftovers())
	t.Log("all up after", soon(t, letGo, "everything is up", func() bool { return !heldOnWindows() }))
}

func TestOnWindowsClipboard(t *testing.T) {
	w, _ := onWindows(t)
	other, err := openWindows()
	check(t, err)
	defer other.Close()
	for _, text := range texts {
		check(t, w.SetClipboard(text))
		if _, changed, _ := w.Clipboard(); changed {
			t.Error("our own text came back")
		}
		got, changed, err := other.Clipboard()
		if err != nil || !changed || got != text {
			t.Errorf("%d bytes of %d came, %v, %v", len(got), len(text), changed, err)
		}
	}
	check(t, other.SetClipboard("")) // is not its own
	check(t, w.SetClipboard(""))
	if got, changed, err := other.Clipboard(); got != "" || changed || err != nil {
		t.Errorf("after clearing there is %q, %v", got, err)
	}
}

// A benchmark under an emulation says nothing; it is here for Windows.
func BenchmarkOnWindows(b *testing.B) {
	w, err := openWindows()
	check(b, err)
	defer w.Close()
	d := w.Desktop()
	fb := rfb.NewFramebuffer(d.Width, d.Height)
	for b.Loop() {
		if _, err := w.Capture(fb); err != nil {
			b.Fatal(err)
		}
	}
}
