package rfb

import (
	"crypto/des" //nolint:gosec // what servers on a terminal's loopback insist on; see the package comment
	"fmt"
	"io"
	"math/bits"
	"slices"
)

const (
	version38   = "RFB 003.008\n"
	versionSize = len(version38)

	secNone = 1
	secVNC  = 2

	challengeSize = 16
)

// ServerInit is what a server says of its desktop (RFC 6143, §7.3.2).
type ServerInit struct {
	Width, Height uint16
	Format        PixelFormat
	Name          string
}

// Refused is the reason that a server gave for ending the handshake.
type Refused struct{ Reason string }

// Error implements error.
func (e *Refused) Error() string { return "rfb: refused: " + e.Reason }

// Accept does the server's part of the handshake: version 3.8 with security type
// None, for connections that something else has authenticated. It returns
// whether the client wishes to share the desktop. rw must end by itself when a
// client is silent.
func Accept(rw io.ReadWriter, init ServerInit) (shared bool, err error) {
	if err := CheckSize(int(init.Width), int(init.Height)); err != nil {
		return false, err
	}
	if _, err := io.WriteString(rw, version38); err != nil {
		return false, fmt.Errorf("rfb: send version: %w", err)
	}
	var said [versionSize]byte
	if _, err := io.ReadFull(rw, said[:]); err != nil {
		return false, fmt.Errorf("rfb: read version: %w", err)
	}
	if string(said[:]) != version38 {
		err := broken("version", "%q, only 3.8 is spoken", said[:])
		return false, refuse(rw, []byte{0}, err)
	}
	if _, err := rw.Write([]byte{1, secNone}); err != nil {
		return false, fmt.Errorf("rfb: offer security: %w", err)
	}
	var one [1]byte
	if _, err := io.ReadFull(rw, one[:]); err != nil {
		return false, fmt.Errorf("rfb: read security: %w", err)
	}
	if one[0] != secNone {
		return false, refuse(rw, []byte{0, 0, 0, 1}, broken("security", "type %d was not offered", one[0]))
	}
	if _, err := rw.Write([]byte{0, 0, 0, 0}); err != nil {
		return false, fmt.Errorf("rfb: accept: %w", err)
	}
	if _, err := io.ReadFull(rw, one[:]); err != nil {
		return false, fmt.Errorf("rfb: read wish to share: %w", err)
	}
	b := be.AppendUint16(nil, init.Width)
	b = be.AppendUint16(b, init.Height)
	b = init.Format.append(b)
	b = be.AppendUint32(b, uint32(len(init.Name))) //nolint:gosec // a name is short
	_, err = rw.Write(append(b, init.Name...))
	return one[0] != 0, err
}

// refuse ends a handshake with the reason after head.
func refuse(w io.Writer, head []byte, why error) error {
	text := why.Error()
	b := be.AppendUint32(head, uint32(len(text))) //nolint:gosec // our own sentence
	_, _ = w.Write(append(b, text...))            // the other side may be gone; why says more
	return why
}

// Login is what the client side of a handshake brings.
type Login struct {
	Shared   bool
	Password []byte // for VNC authentication; nil: only security type None is taken
}

// Join does the client's part of the handshake with a server of version 3.3, 3.7
// or 3.8. r and w are the two directions of a connection; what r has buffered
// beyond the handshake stays in it.
func Join(r io.Reader, w io.Writer, login Login) (ServerInit, error) {
	in := newReader(r)
	minor, err := joinVersion(in, w)
	if err != nil {
		return ServerInit{}, err
	}
	chosen, err := joinSecurity(in, w, minor, login)
	if err != nil {
		return ServerInit{}, err
	}
	if chosen == secVNC {
		if err := answer(in, w, login.Password); err != nil {
			return ServerInit{}, err
		}
	}
	if chosen == secVNC || minor >= 8 {
		if result := in.u32(); in.err == nil && result != 0 {
			return ServerInit{}, refusal(in, minor)
		}
	}
	if in.err == nil {
		_, err = w.Write([]byte{flag(login.Shared)})
		in.fail(err)
	}
	init := ServerInit{Width: in.u16(), Height: in.u16(), Format: in.format()}
	n := in.u32()
	switch {
	case in.err != nil:
		return init, fmt.Errorf("rfb: handshake: %w", in.end())
	case n > MaxName:
		return init, broken("ServerInit", "a name of %d bytes, at most %d", n, MaxName)
	}
	init.Name = string(in.bytes(nil, int(n)))
	if in.err != nil {
		return init, fmt.Errorf("rfb: handshake: %w", in.end())
	}
	return init, CheckSize(int(init.Width), int(init.Height))
}

func joinVersion(in *reader, w io.Writer) (minor int, err error) {
	said := in.bytes(nil, versionSize)
	if in.err != nil {
		return 0, fmt.Errorf("rfb: read version: %w", in.end())
	}
	var major int
	if n, err := fmt.Sscanf(string(said), "RFB %03d.%03d\n", &major, &minor); n != 2 || err != nil || major != 3 {
		return 0, broken("version", "%q", said)
	}
	switch {
	case minor >= 8:
		minor = 8
	case minor != 7:
		minor = 3 // RFC 6143, §7.1.1: other numbers are treated as 3.3
	}
	if _, err := fmt.Fprintf(w, "RFB 003.%03d\n", minor); err != nil {
		return 0, fmt.Errorf("rfb: send version: %w", err)
	}
	return minor, nil
}

// joinSecurity chooses None where it is offered, VNC authentication where there
// is a password for it.
func joinSecurity(in *reader, w io.Writer, minor int, login Login) (chosen byte, err error) {
	if minor == 3 {
		kind := in.u32()
		switch {
		case in.err != nil:
			return 0, fmt.Errorf("rfb: read security: %w", in.end())
		case kind == 0:
			return 0, refusal(in, 8)
		case kind == secNone || kind == secVNC && login.Password != nil:
			return byte(kind), nil
		}
		return 0, broken("security", "type %d", kind)
	}
	n := int(in.u8())
	if in.err == nil && n == 0 {
		return 0, refusal(in, 8)
	}
	offered := in.bytes(nil, n)
	switch {
	case in.err != nil:
		return 0, fmt.Errorf("rfb: read security: %w", in.end())
	case slices.Contains(offered, secNone):
		chosen = secNone
	case slices.Contains(offered, secVNC) && login.Password != nil:
		chosen = secVNC
	default:
		return 0, broken("security", "types %v, none of which is taken", offered)
	}
	_, err = w.Write([]byte{chosen})
	return chosen, err
}

// refusal reads the reason that servers from 3.8 on give.
func refusal(in *reader, minor int) error {
	if minor < 8 {
		return &Refused{"authentication failed"}
	}
	n := in.u32()
	if n > MaxReason {
		return broken("refusal", "a reason of %d bytes, at most %d", n, MaxReason)
	}
	reason := in.bytes(nil, int(n))
	if in.err != nil {
		return fmt.Errorf("rfb: read refusal: %w", in.end())
	}
	return &Refused{string(reason)}
}

// answer does VNC authentication (RFC 6143, §7.2.2): the challenge encrypted
// with DES, whose key is the password with the bits of each byte mirrored.
func answer(in *reader, w io.Writer, password []byte) error {
	challenge := in.bytes(nil, challengeSize)
	if in.err != nil {
		return fmt.Errorf("rfb: read challenge: %w", in.end())
	}
	var key [8]byte
	copy(key[:], password)
	for i := range key {
		key[i] = bits.Reverse8(key[i])
	}
	c, err := des.NewCipher(key[:]) //nolint:gosec // see the import
	if err != nil {
		return fmt.Errorf("rfb: VNC authentication: %w", err)
	}
	for i := 0; i < challengeSize; i += c.BlockSize() {
		c.Encrypt(challenge[i:], challenge[i:])
	}
	_, err = w.Write(challenge)
	return err
}
