package scenario

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/matoi119/matoi/sim/aacn"
	"github.com/matoi119/matoi/sim/net119"
	"github.com/matoi119/matoi/stdif"
)

// PlayNet119 lets a cloud play net119. Its callers' pages are taken to stand
// until they leave or end.
func PlayNet119(c *net119.Cloud) Part {
	return &caller{cloud: c, detach: map[string]func(){}}
}

// caller is driven by one story, which acts from one goroutine.
type caller struct {
	cloud  *net119.Cloud
	detach map[string]func()
}

func (p *caller) Start(mode stdif.Mode, words map[string]string) (string, error) {
	call := net119.Call{Person: words["person"], Kind: words["kind"], Place: words["place"], Text: words["text"], Mode: mode}
	if call.Person == "" {
		call.Person = "hanako"
	}
	switch {
	case call.Place == "":
		call.Place = "home"
	case call.Place == "home" || call.Place == "here" || len(call.Place) == 7 && call.Place[:6] == "often:":
	default: // an address in words
		call.Place, call.Address = "here", call.Place
	}
	if _, given := words["lat"]; given {
		lat, lon, radius, err := position(words)
		if err != nil {
			return "", err
		}
		call.Lat, call.Lon, call.RadiusM = &lat, &lon, radius
	}
	id, _, err := p.cloud.Place(call)
	if err != nil {
		return "", err
	}
	return id, p.attach(id)
}

func (p *caller) attach(id string) (err error) {
	p.detach[id], err = p.cloud.Attach(id)
	return err
}

func (p *caller) leave(id string) {
	if away := p.detach[id]; away != nil {
		away()
		delete(p.detach, id)
	}
}

func (p *caller) Do(id string, a Act) error {
	switch a.Verb {
	case "says":
		return p.cloud.Say(id, "", a.Text)
	case "moves":
		lat, lon, radius, err := position(a.Words)
		if err != nil {
			return err
		}
		return p.cloud.Move(id, lat, lon, radius)
	case "leaves":
		p.leave(id)
		return nil
	case "ends":
		p.leave(id)
		return p.cloud.End(id)
	default: // resumes
		return errors.Join(p.cloud.Resume(id), p.attach(id))
	}
}

func position(words map[string]string) (lat, lon, radius float64, err error) {
	for key, to := range map[string]*float64{"lat": &lat, "lon": &lon, "radius": &radius} {
		if words[key] == "" && key == "radius" {
			continue
		}
		v, bad := strconv.ParseFloat(words[key], 64)
		if bad != nil {
			err = fmt.Errorf("%s is not a number", key)
		}
		*to = v
	}
	return lat, lon, radius, err
}

func (p *caller) Look(id string) (Seen, error) {
	v, err := p.cloud.Look(id)
	s := Seen{Step: v.Step, Claimed: v.Claimed, Closed: v.Closed}
	for _, l := range v.Chat {
		if l.From != stdif.FromCaller {
			s.Heard = append(s.Heard, l.Text)
		}
	}
	return s, err
}

func (p *caller) Changed() <-chan struct{} { return p.cloud.Changed() }

// PlayAACN lets an operator centre play aacn.
func PlayAACN(c *aacn.Centre) Part { return operator{c} }

type operator struct{ centre *aacn.Centre }

func (p operator) Start(mode stdif.Mode, words map[string]string) (string, error) {
	x := aacn.Example(mode)
	x.Belted = words["belted"] != "no"
	hit := &x.Impacts[0]
	hit.Rollover = words["rollover"] == "yes"
	direction := float64(hit.Direction)
	for key, to := range map[string]*float64{"speed": &x.SpeedKmh, "delta-v": &hit.DeltaV, "direction": &direction, "lat": &x.Lat, "lon": &x.Lon} {
		if words[key] == "" {
			continue
		}
		v, err := strconv.ParseFloat(words[key], 64)
		if err != nil {
			return "", fmt.Errorf("%s is not a number", key)
		}
		*to = v
	}
	hit.Direction = int(direction)
	return p.centre.Crash(x), nil
}

func (p operator) Do(id string, a Act) error {
	switch a.Verb {
	case "says":
		return p.centre.Say(id, a.Text)
	case "answers":
		occupants, err := strconv.Atoi(a.Words["occupants"])
		belted, bad := strconv.Atoi(a.Words["belted"])
		if err = errors.Join(err, bad); err != nil {
			return errors.New("occupants and belted are numbers")
		}
		return p.centre.Answer(id, aacn.Answered{Occupants: occupants, Belted: belted, Spoke: a.Words["spoke"] == "yes", Text: a.Words["text"]})
	case "cancels":
		return p.centre.Cancel(id, a.Words["text"])
	default: // ends
		return p.centre.End(id)
	}
}

func (p operator) Look(id string) (Seen, error) {
	v, err := p.centre.Look(id)
	s := Seen{Step: v.Step}
	for _, in := range v.Inputs {
		switch in.Verb {
		case stdif.VerbMessage:
			if in.Message != nil {
				s.Heard = append(s.Heard, in.Message.Text)
			}
		case stdif.VerbAccept:
			s.Claimed = true
		case stdif.VerbClose:
			s.Closed = true
		}
	}
	return s, err
}

func (p operator) Changed() <-chan struct{} { return p.centre.Changed() }
