package capture

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// heldNote is a file of five bytes that says which buttons are down, and where:
// no key and nothing of any text. It outlives a process that is killed. x11vnc
// forgets the buttons of a viewer that has gone and leaves them down in its
// display; a release is passed on by it only after a press, and a press of what
// is not down would be a click that nobody made.
type heldNote struct {
	file *os.File // nil: nothing is noted
	last uint8
}

// openNote keeps the note of a server in dir; "" keeps none.
func openNote(dir, address string) (*heldNote, error) {
	if dir == "" {
		return &heldNote{}, nil
	}
	_, port, _ := net.SplitHostPort(address) // it was looked at before
	f, err := os.OpenFile(filepath.Join(dir, "vnc-"+port+".held"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("capture: note of buttons that are down: %w", err)
	}
	return &heldNote{file: f}, nil
}

// write notes the buttons before they are pressed and after they are released.
func (n *heldNote) write(buttons uint8, x, y uint16) {
	if n.file == nil || n.last == buttons {
		return
	}
	n.last = buttons
	b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{buttons}, x), y)
	_, _ = n.file.WriteAt(b, 0) // without it a killed process leaves a button to the next press
}

// read is what a former process has left.
func (n *heldNote) read() (buttons uint8, x, y uint16) {
	var b [5]byte
	if n.file == nil {
		return 0, 0, 0
	}
	if _, err := n.file.ReadAt(b[:], 0); err != nil {
		return 0, 0, 0
	}
	return b[0], binary.BigEndian.Uint16(b[1:]), binary.BigEndian.Uint16(b[3:])
}

func (n *heldNote) close() {
	if n.file != nil {
		_ = n.file.Close() // nothing was kept back
	}
}
