package capture

import "time"

// use tells the input of the person at the machine from ours. A window system
// says only how long ago the last input was, whoever gave it; so it is asked
// before and after each of ours. The time of its answer lies between question and
// return, hence two bounds.
type use struct {
	slack time.Duration                          // by how much its clock may be off
	idle  func() (idle time.Duration, err error) // asks how long ago the last input was

	// A system that repeats a key that we hold counts each repeat as input. repeats
	// says whether the last input can be nothing else, rested is called after each
	// input of ours; both may be nil.
	repeats func() (bool, error)
	rested  func() error

	ours time.Time // the last input that was ours or is not counted: not later than this
	last time.Time // the last one of somebody else, zero: none yet
}

// never is how long nobody has used a machine that we have not seen used.
const never = 365 * 24 * time.Hour

// look notices the input of somebody else.
func (u *use) look() error {
	asked := time.Now()
	idle, err := u.idle()
	at := asked.Add(-idle)
	if err != nil || !at.After(u.ours.Add(u.slack)) {
		return err
	}
	if u.repeats != nil {
		repeats, err := u.repeats()
		if err != nil {
			return err
		}
		if repeats {
			u.ours = time.Now().Add(-idle)
			return nil
		}
	}
	u.last = at
	return nil
}

// rest makes what was until now not count.
func (u *use) rest() error {
	idle, err := u.idle()
	u.ours = time.Now().Add(-idle)
	if err == nil && u.rested != nil {
		err = u.rested()
	}
	return err
}

// since is how long ago somebody else used the machine.
func (u *use) since() (time.Duration, error) {
	err := u.look()
	if u.last.IsZero() {
		return never, err
	}
	return time.Since(u.last), err
}

// forget makes nobody have used it yet.
func (u *use) forget() error {
	u.last = time.Time{}
	return u.rest()
}
