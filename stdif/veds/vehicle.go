package veds

import (
	"fmt"
	"math"
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// vehicle reads the car that notifies. Others that a document may describe stay
// whole among the additional items: the model has room for one.
func (r *reader) vehicle() {
	cars := r.crash.Named("CrashVehicle")
	if len(cars) == 0 {
		r.impacts(nil, nil)
		return
	}
	if len(cars) > 1 {
		r.warn(stdif.CodeTooLarge, "/Crash/CrashVehicle[2]", "a report has room for one vehicle: the others stand among the additional items")
	}
	car := cars[0]
	v := new(stdif.Vehicle)
	r.text(&v.VIN, car.Child("VehicleIdentification", "IdentificationID"))
	r.text(&v.Plate, car.Child("ConveyanceRegistrationPlateIdentification", "IdentificationID"))
	r.text(&v.Make, car.Child("ItemMakeName"))
	r.text(&v.Model, car.Child("ItemModelName"))
	r.text(&v.Colour, car.Child("ConveyanceColorPrimaryText"))
	r.propulsion(v, car)
	r.seats(v, car)
	r.impacts(v, car)
	r.out.Report.Vehicle = v
}

// propulsion joins the ways in which a car stores energy: a hybrid has two, and
// a crew must know of the battery.
func (r *reader) propulsion(v *stdif.Vehicle, car *markup.Element) {
	all := car.Named("VehiclePropulsionStorageCode")
	var codes []string
	for _, e := range all {
		codes = append(codes, e.Text)
	}
	if joined := strings.Join(codes, ", "); markup.Fits(joined, stdif.MaxShort) {
		v.Propulsion = joined
		for _, e := range all {
			r.taken.Take(e)
		}
	}
}

// seats counts who sat in the car and who of them wore a belt. A seat whose belt
// is not monitored says nothing about it; then belted stays unknown for it, and
// the seat stays visible as every seat does.
func (r *reader) seats(v *stdif.Vehicle, car *markup.Element) {
	belted, known := 0, false
	for _, seat := range car.Named("VehicleSeat") {
		if occupied, _ := markup.Yes(seat.Child("VehicleSeatOccupiedIndicator").Says()); !occupied {
			continue
		}
		v.Occupants++
		if monitored, said := markup.Yes(seat.Child("VehicleSeatbeltMonitoredIndicator").Says()); said && !monitored {
			continue
		}
		if fastened, said := markup.Yes(seat.Child("VehicleSeatbeltFastenedIndicator").Says()); said {
			known = true
			if fastened {
				belted++
			}
		}
	}
	if known {
		v.Belted = &belted
	}
}

// impacts reads one Crash for each pulse. What VEDS says of the car as a whole
// (airbag, fire, rolled over) stands with the first.
func (r *reader) impacts(v *stdif.Vehicle, car *markup.Element) {
	first := stdif.Crash{}
	for _, bag := range car.Named("Airbag") {
		deployed, _ := markup.Yes(bag.Child("AirbagDeployedIndicator").Says())
		first.Airbag = first.Airbag || deployed
	}
	first.Fire, _ = r.yes(r.crash.Child("VehicleFireIndicator"))
	first.Rollover, _ = r.yes(car.Child("VehicleRolloverIndicator"))
	pulses := car.Named("VehicleCrashPulse")
	if v == nil {
		if first.Fire {
			r.out.Report.Vehicle = &stdif.Vehicle{Crashes: []stdif.Crash{first}}
		}
		return
	}
	if len(pulses) == 0 && first != (stdif.Crash{}) {
		v.Crashes = []stdif.Crash{first}
	}
	for i, pulse := range pulses {
		if i >= stdif.MaxListed {
			r.warn(stdif.CodeTooLarge, "/Crash/CrashVehicle/VehicleCrashPulse", "more impacts than a report has room for: the others stand among the additional items")
			break
		}
		c := stdif.Crash{}
		if i == 0 {
			c = first
		}
		place := fmt.Sprintf("/Crash/CrashVehicle/VehicleCrashPulse[%d]", i+1)
		r.pulse(&c, pulse, place)
		v.Crashes = append(v.Crashes, c)
	}
}

func (r *reader) pulse(c *stdif.Crash, pulse *markup.Element, place string) {
	if e := pulse.Child("CrashPulsePrincipalDirectionOfForceValue"); e.Says() != "" {
		clock, ok := markup.Number(e.Text)
		if ok && clock >= 1 && clock <= 12 && clock == math.Trunc(clock) {
			c.Direction = int(clock)
			r.taken.Take(e)
		} else {
			r.warn(stdif.CodeUnknownValue, place+"/"+e.Name, "a direction is an hour of the clock, 1 to 12; kept as it came")
		}
	}
	if e := pulse.Child("CrashPulseRolloverQuarterTurnsValue"); e.Says() != "" {
		turns, ok := markup.Number(e.Text)
		c.Rollover = c.Rollover || ok && turns > 0 // how often it turned stays visible
	}
	r.deltaV(c, pulse.Child("CrashPulseChangeInVelocityMeasure"), place)
}

// kmh are the units in which a change of speed is written.
var kmh = map[string]float64{"kph": 1, "km/h": 1, "kmh": 1, "mph": 1.609344, "mps": 3.6, "m/s": 3.6}

// deltaV reads the change of speed in km/h. Its sign is the sender's axis, not
// the force, and stays visible; a unit that is not known is never guessed.
func (r *reader) deltaV(c *stdif.Crash, e *markup.Element, place string) {
	if e == nil {
		return
	}
	value, ok := markup.Number(e.Child("MeasurePointValue").Says())
	factor := kmh[strings.ToLower(e.Child("MeasureUnitText").Says())]
	if !ok || factor == 0 {
		r.warn(stdif.CodeUnknownValue, place+"/"+e.Name, "a change of speed has a number and a unit (KPH, MPH, m/s); kept as it came")
		return
	}
	c.DeltaV = math.Abs(value) * factor
	if factor == 1 && value >= 0 {
		r.taken.Take(e.Child("MeasurePointValue"))
		r.taken.Take(e.Child("MeasureUnitText"))
	}
}

// severity reads our extension, see NSEstimate.
func (r *reader) severity() {
	for _, e := range r.crash.Named("Estimate") {
		if e.Space != NSEstimate || r.out.Report.Severity != nil {
			continue
		}
		value, ok := markup.Number(e.Attr("value"))
		algorithm, version := e.Attr("algorithm"), e.Attr("version")
		if !ok || value < 0 || value > 1 || algorithm == "" || !markup.Fits(algorithm+version, stdif.MaxShort) {
			r.warn(stdif.CodeUnknownValue, "/Crash/Estimate", "an estimate is 0 to 1 and names its algorithm; kept as it came")
			continue
		}
		r.out.Report.Severity = &stdif.Severity{Value: value, Algorithm: algorithm, Version: version}
		r.taken.TakeWhole(e)
	}
}
