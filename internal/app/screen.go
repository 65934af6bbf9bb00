package app

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"runtime"
	"strings"

	"github.com/matoi119/matoi/internal/agent/guardian"
)

// GuardianChild runs this process as the guardian of a terminal's screen, and
// reports whether the arguments asked for one.
func GuardianChild(args []string, in io.Reader, out io.Writer) (code int, is bool) {
	if !guardian.IsChild(args) {
		return 0, false
	}
	return guardian.Child(in, out), true
}

var display = regexp.MustCompile(`^:?(\d+(?:\.\d+)?)$`)

// ParseScreen reads which screen a terminal transfers: none, x11, x11:DISPLAY,
// windows, or vnc:HOST:PORT with the password of an installed VNC server in a
// file. monitor is its number from 1; 0 means the whole desktop.
func ParseScreen(text, passwordFile string, monitor int) (*guardian.Config, error) {
	kind, rest, named := strings.Cut(text, ":")
	source := guardian.Source{Kind: kind, Monitor: monitor - 1}
	switch kind {
	case "none", "":
		return nil, nil
	case guardian.KindX11:
		if named {
			number := display.FindStringSubmatch(rest)
			if number == nil {
				return nil, fmt.Errorf("screen %s: a display of this machine has a number, for example x11:0", text)
			}
			source.Address = ":" + number[1]
		}
	case guardian.KindWindows:
	case guardian.KindVNC:
		if err := loopback(rest); err != nil {
			return nil, fmt.Errorf("screen %s: %w", text, err)
		}
		source.Address = rest
		if passwordFile != "" {
			password, err := secret(passwordFile)
			if err != nil {
				return nil, fmt.Errorf("screen %s: password: %w", text, err)
			}
			source.Password = password
		}
	default:
		return nil, fmt.Errorf("screen %s: none, x11, windows or vnc:HOST:PORT", text)
	}
	if monitor < 0 {
		return nil, fmt.Errorf("screen %s: monitors are counted from 1", text)
	}
	self := OwnBinary
	if runtime.GOOS != "linux" {
		var err error
		if self, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("screen %s: %w", text, err)
		}
	}
	return &guardian.Config{Source: source, Self: self}, nil
}

// loopback refuses a VNC server on another machine: its protocol protects nothing,
// and the terminal shows its own screen alone.
func loopback(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return fmt.Errorf("host and port are missing: vnc:127.0.0.1:5900")
	}
	if host == "localhost" {
		return nil
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%s is not this machine; only a VNC server on loopback is used", host)
	}
	return nil
}

// secret reads a file that nobody but its owner can read.
func secret(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others: chmod 600", file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(b, "\r\n"), nil
}
