package check

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/matoi119/matoi/probe"
)

// Target is the terminal that is tested.
type Target struct {
	Profile      string // "open/1"
	Address      string // host:port of its face to the headquarters
	Headquarters string // id under which the headquarters dials
	// TLS dials it as the headquarters does: own certificate, authority
	// (RootCAs) and the terminal's id (ServerName).
	TLS *tls.Config
}

func (t Target) check() error {
	if _, _, err := net.SplitHostPort(t.Address); err != nil {
		return fmt.Errorf("address of the terminal: %w", err)
	}
	switch {
	case profiles[t.Profile] == nil:
		return fmt.Errorf("profile %q is not spoken here", t.Profile)
	case t.TLS == nil || t.TLS.ServerName == "":
		return errors.New("settings of mutual TLS with the terminal's id are required")
	case t.Headquarters == "":
		return errors.New("the id of the headquarters is required")
	}
	return nil
}

// Options are everything that may be left out.
type Options struct {
	Person   string // who runs it, as it stands in the report
	Version  string // of the program that runs it
	Evidence Evidence
	Service  Service // the service's own side; nil: tests that need a call are not run

	// TakeLine lets the runner open the data line although somebody holds it: the
	// headquarters loses it for some seconds and comes back by itself. TakeScreen
	// is the same for the screen.
	TakeLine, TakeScreen bool
	ScreenTaken          bool // a console holds the screen now, as whoever calls knows

	Patience time.Duration // how long "nothing came" takes to say; 0 = 2 s
	Only     []string      // ids of tests; nil = all
	List     *probe.List   // nil = probe.CRYPTREC()
	Now      func() time.Time
	Each     func(Tested) // called after each test

	letGo time.Duration // 0 = letGo; tests beside many others need a slower clock
}
