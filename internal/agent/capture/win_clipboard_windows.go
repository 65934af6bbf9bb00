package capture

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	createWindow     = user32.NewProc("CreateWindowExW")
	destroyWindow    = user32.NewProc("DestroyWindow")
	getMessage       = user32.NewProc("GetMessageW")
	dispatchMessage  = user32.NewProc("DispatchMessageW")
	postThread       = user32.NewProc("PostThreadMessageW")
	openClipboard    = user32.NewProc("OpenClipboard")
	closeClipboard   = user32.NewProc("CloseClipboard")
	emptyClipboard   = user32.NewProc("EmptyClipboard")
	setClipboardData = user32.NewProc("SetClipboardData")
	getClipboardData = user32.NewProc("GetClipboardData")
	clipboardOwner   = user32.NewProc("GetClipboardOwner")
	clipboardSerial  = user32.NewProc("GetClipboardSequenceNumber")

	globalAlloc  = kernel32.NewProc("GlobalAlloc")
	globalFree   = kernel32.NewProc("GlobalFree")
	globalLock   = kernel32.NewProc("GlobalLock")
	globalUnlock = kernel32.NewProc("GlobalUnlock")
	globalSize   = kernel32.NewProc("GlobalSize")
	moveMemory   = kernel32.NewProc("RtlMoveMemory")
)

const (
	unicodeText = 13
	moveable    = 2
	messageOnly = ^uintptr(2) // HWND_MESSAGE, -3
	wmQuit      = 0x12
)

// winBoard is the clipboard of a session. Its owner is a window that nobody sees,
// and a thread answers for it: other programs wait for the answer when they copy.
type winBoard struct {
	window uintptr
	thread uint32
	serial uintptr // of what we have seen or set
}

func (b *winBoard) open(ended *sync.WaitGroup) error {
	made := make(chan error, 1)
	ended.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		class, _ := windows.UTF16PtrFromString("STATIC")
		window, _, err := createWindow.Call(0, uintptr(unsafe.Pointer(class)), 0, 0, 0, 0, 0, 0, messageOnly, 0, 0, 0)
		if window == 0 {
			made <- fmt.Errorf("capture: a window for the clipboard: %w", err)
			return
		}
		b.window, b.thread = window, windows.GetCurrentThreadId()
		made <- nil
		var message [48]byte // MSG
		for {
			if more, _, _ := getMessage.Call(uintptr(unsafe.Pointer(&message)), 0, 0, 0); int32(more) <= 0 { //nolint:gosec // a BOOL that may be -1
				break
			}
			_, _, _ = dispatchMessage.Call(uintptr(unsafe.Pointer(&message)))
		}
		_, _, _ = destroyWindow.Call(window)
	})
	err := <-made
	b.serial, _, _ = clipboardSerial.Call()
	return err
}

func (b *winBoard) close() { _, _, _ = postThread.Call(uintptr(b.thread), wmQuit, 0, 0) }

// with does something with the open clipboard; another program may have it open
// for a moment.
func (b *winBoard) with(do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for try := 0; ; try++ {
		ok, _, err := openClipboard.Call(b.window)
		if ok != 0 {
			break
		}
		if try == 20 {
			return fmt.Errorf("capture: OpenClipboard: %w", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	defer closeClipboard.Call() //nolint:errcheck // nothing can be done
	return do()
}

// SetClipboard implements Screen.
func (w *Windows) SetClipboard(text string) error {
	b := &w.board
	if len(text) > maxClipboard {
		return fmt.Errorf("capture: a clipboard of %d bytes, at most %d", len(text), maxClipboard)
	}
	owner, _, _ := clipboardOwner.Call()
	if text == "" && owner != b.window {
		return nil // what is there is somebody else's
	}
	err := b.with(func() error {
		if ok, _, err := emptyClipboard.Call(); ok == 0 {
			return fmt.Errorf("capture: EmptyClipboard: %w", err)
		}
		if text == "" {
			return nil
		}
		units := append(utf16.Encode([]rune(strings.ReplaceAll(text, "\n", "\r\n"))), 0)
		size := uintptr(len(units) * 2)
		mem, _, err := globalAlloc.Call(moveable, size)
		if mem == 0 {
			return fmt.Errorf("capture: GlobalAlloc: %w", err)
		}
		at, _, _ := globalLock.Call(mem)
		_, _, _ = moveMemory.Call(at, uintptr(unsafe.Pointer(&units[0])), size)
		_, _, _ = globalUnlock.Call(mem)
		if ok, _, err := setClipboardData.Call(unicodeText, mem); ok == 0 {
			_, _, _ = globalFree.Call(mem) // it is Windows's only when it took it
			return fmt.Errorf("capture: SetClipboardData: %w", err)
		}
		return nil
	})
	b.serial, _, _ = clipboardSerial.Call()
	return err
}

// Clipboard implements Screen.
func (w *Windows) Clipboard() (text string, changed bool, err error) {
	b := &w.board
	serial, _, _ := clipboardSerial.Call()
	if serial == b.serial {
		return "", false, nil
	}
	err = b.with(func() error {
		mem, _, _ := getClipboardData.Call(unicodeText)
		if mem == 0 {
			return nil // it has no text
		}
		size, _, _ := globalSize.Call(mem)
		if size > 2*maxClipboard {
			return errors.New("capture: what was copied is too long")
		}
		at, _, err := globalLock.Call(mem)
		if at == 0 {
			return fmt.Errorf("capture: GlobalLock: %w", err)
		}
		defer globalUnlock.Call(mem) //nolint:errcheck // nothing can be done
		units := make([]uint16, size/2+1)
		_, _, _ = moveMemory.Call(uintptr(unsafe.Pointer(&units[0])), at, size&^1)
		text, changed = strings.ReplaceAll(windows.UTF16ToString(units), "\r\n", "\n"), true
		return nil
	})
	b.serial = serial
	return text, changed && text != "", err
}
