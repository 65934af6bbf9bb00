package staff

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// Throttle counts wrong passwords of one subject and says how long to wait.
// The wait doubles and ends; there is no permanent lock, because whoever could
// cause one could keep the dispatchers out of their own room.
//
// Two subjects are counted. The console's wait grows to a minute, so one seat
// makes at most 1 440 tries a day. The account's wait grows to ten seconds only:
// one hostile seat, itself held to a try a minute, therefore leaves the owner of
// the account most of every minute (TestOneHostileSeatLocksNobodyOut). A
// success clears both; it does not clear the count of other accounts that were
// tried from that seat. An unknown account is counted like a known one, so the
// wait tells nothing about which accounts exist.
type Throttle struct {
	Subject   string
	Tries     int
	WaitUntil time.Time // zero = no wait
}

const (
	freeTries   = 3 // typing slips at night
	consoleWait = time.Minute
	accountWait = 10 * time.Second
)

// AccountSubject is the throttle's subject of an account, known or not. It is
// hashed because what was typed as an account may be a password by mistake.
func AccountSubject(normalAccount string) string {
	sum := sha256.Sum256([]byte("matoi account\x00" + normalAccount))
	return "account/" + hex.EncodeToString(sum[:16])
}

// ConsoleSubject is the throttle's subject of a console.
func ConsoleSubject(consoleID string) string { return "console/" + consoleID }

// Remaining is how long this subject must still wait; 0 = none. A clock that
// was set back cannot stretch the wait beyond its longest.
func (t Throttle) Remaining(now time.Time) time.Duration {
	return min(max(t.WaitUntil.Sub(now), 0), consoleWait)
}

// failed counts a wrong try: 1, 2, 4, 8 … seconds after the free ones.
func (t Throttle) failed(now time.Time, longest time.Duration) Throttle {
	t.Tries++
	if over := t.Tries - freeTries; over > 0 {
		wait := longest
		if over < 16 { // beyond, the shift would only overflow
			wait = min(longest, time.Second<<(over-1))
		}
		t.WaitUntil = now.Add(wait)
	}
	return t
}

func (t Throttle) cleared() Throttle { return Throttle{Subject: t.Subject} }

// Try is one attempt to log in: what is known before the password is looked at.
type Try struct {
	Account Throttle
	Console Throttle
}

// Admit says whether a try may be made now. A refused try is not counted, so
// hammering never lengthens the wait.
func Admit(t Try, now time.Time) error {
	wait := max(t.Account.Remaining(now), t.Console.Remaining(now))
	if wait <= 0 {
		return nil
	}
	seconds := int64((wait + time.Second - 1) / time.Second)
	return fault.New(fault.TooMany, "login.wait", "seconds", strconv.FormatInt(seconds, 10))
}

// Judge decides a try whose password was compared: the throttles to save and,
// when refused, why. p is nil for an unknown account; matched must then come
// from VerifyNobody. All refusals read the same: a stranger learns nothing, and
// a suspended person asks the supervisor.
func Judge(t Try, p *Person, matched bool, now time.Time) (Try, error) {
	if err := Admit(t, now); err != nil {
		return t, err
	}
	if p == nil || !matched || p.State != Active {
		t.Account = t.Account.failed(now, accountWait)
		t.Console = t.Console.failed(now, consoleWait)
		return t, fault.New(fault.Unknown, "login.refused")
	}
	return Try{Account: t.Account.cleared(), Console: t.Console.cleared()}, nil
}
