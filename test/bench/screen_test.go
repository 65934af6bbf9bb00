package bench

import (
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/agent/capture/xvfbtest"
	"github.com/matoi119/matoi/rfb"
)

// textSpot is where the text of scrolling changes with each of its lines.
var textSpot = rfb.Rect{X: 100, Y: 500, Width: 400, Height: 60}

// How the screens are measured.
const (
	frameRounds = 9
	loadRounds  = 3
	loadTime    = 10 * time.Second
	clickRounds = 40
)

// doors are the ways to the same display.
func doors(b testing.TB, display string) []*door {
	return []*door{tiger(b, display), product(b, "Matoi", "x11"+display)}
}

// BenchmarkScreenFirst measures from the first byte to the door until every pixel
// of 1280 × 1024 is there.
func BenchmarkScreenFirst(b *testing.B) {
	display := xvfbtest.Start(b, 1280, 1024)
	scrolling(b, display)
	all := doors(b, display)
	moving(b, all[0], textSpot)
	t := Table{Title: "First full frame, 1280 × 1024, text on the screen", Heads: []string{"door", "ms", "of the first line", "KB"}}
	times, size := make([][]float64, len(all)), make([]float64, len(all))
	for round := range frameRounds {
		for k := range all {
			i := (k + round) % len(all)
			began := time.Now()
			g := look(b, all[i])
			g.whole(b)
			times[i] = append(times[i], ms(began))
			size[i] = float64(g.bytes.Load()) / 1024
			g.close()
		}
	}
	for i, d := range all {
		t.Row(d.name, Median(times[i]), Median(times[i])/Median(times[0]), size[i])
	}
	var cold []float64
	for range 3 {
		<-time.After(11 * time.Second) // the gateway keeps its connection to the terminal for ten
		began := time.Now()
		g := look(b, all[1])
		g.whole(b)
		cold = append(cold, ms(began))
		g.close()
	}
	t.Row("Matoi, nobody saw it before", Median(cold), Median(cold)/Median(times[0]), size[1])
	t.Note("From the taking of the lease, or the first byte to websockify, to the last pixel. Ours is behind TLS and a person's session.")
	print(b, &t)
}

// BenchmarkScreenLoad measures processor time and bytes of a text that scrolls
// and of a picture that moves.
func BenchmarkScreenLoad(b *testing.B) {
	t := Table{Title: "Processor seconds per minute, bytes and frames, one viewer, 1280 × 1024", Heads: []string{"content", "door", "CPU s/min", "of the first line", "kB/s", "frames/s", "MB"}}
	for _, content := range []struct {
		name string
		show func(testing.TB, string)
		spot rfb.Rect
	}{
		{"text, 20 lines a second", scrolling, textSpot},
		{"video 640 × 360, 30 frames a second", func(b testing.TB, d string) { playing(b, d, 640, 360, 30) }, rfb.Rect{X: 300, Y: 160, Width: 16, Height: 16}},
	} {
		b.Run(content.name, func(b *testing.B) {
			display := xvfbtest.Start(b, 1280, 1024)
			content.show(b, display)
			measure(b, &t, content.name, doors(b, display), content.spot)
		})
	}
	print(b, &t)
}

// measure watches through every door in turn.
func measure(b *testing.B, t *Table, content string, all []*door, spot rfb.Rect) {
	b.Helper()
	moving(b, all[0], spot)
	type sample struct{ cpu, rate, frames, memory []float64 }
	got := make([]sample, len(all))
	for round := range loadRounds {
		for k := range all {
			i := (k + round) % len(all)
			g := look(b, all[i])
			g.whole(b)
			before, bytes, began := cpuOf(all[i].roots), g.bytes.Load(), time.Now()
			_, frames := g.watch(b, spot, loadTime)
			s, x := time.Since(began).Seconds(), &got[i]
			x.cpu = append(x.cpu, (cpuOf(all[i].roots)-before)*60/s)
			x.memory = append(x.memory, memoryOf(all[i].roots))
			x.rate = append(x.rate, float64(g.bytes.Load()-bytes)/1000/s)
			x.frames = append(x.frames, float64(frames)/s)
			g.close()
		}
	}
	first := Median(got[0].cpu)
	for i, d := range all {
		t.Row(content, d.name, Median(got[i].cpu), Median(got[i].cpu)/first, Median(got[i].rate), Median(got[i].frames), Median(got[i].memory))
	}
}

// BenchmarkScreenFrames measures how many frames of a picture that fills the
// screen arrive.
func BenchmarkScreenFrames(b *testing.B) {
	display := xvfbtest.Start(b, 1920, 1080)
	playing(b, display, 1920, 1080, 30)
	t := Table{Title: "A moving picture of 1920 × 1080, 30 frames a second", Heads: []string{"content", "door", "CPU s/min", "of the first line", "kB/s", "frames/s", "MB"}}
	measure(b, &t, "full screen", doors(b, display), rfb.Rect{X: 960, Y: 540, Width: 16, Height: 16})
	print(b, &t)
}

// BenchmarkScreenClick measures from a click that leaves the client until the
// pixel that it changed has been decoded there. Each door has a display of its
// own: what another one presses is local use for a guardian, and wins.
func BenchmarkScreenClick(b *testing.B) {
	ways := []struct {
		name string
		door func(display string) *door
	}{
		{"x0vncserver + websockify", func(display string) *door { return tiger(b, display) }},
		{"x11vnc behind our relay", func(display string) *door { return product(b, "x11vnc behind our relay", "vnc:"+x11vnc(b, display)) }},
		{"Matoi", func(display string) *door { return product(b, "Matoi", "x11"+display) }},
	}
	t := Table{Title: "Click → changed pixel, a still screen", Heads: []string{"door", "p50 ms", "p90 ms", "of x11vnc"}}
	times, sides := make([][]float64, len(ways)), make([]*glance, len(ways))
	windows := make([]clickable, len(ways))
	for i, way := range ways {
		display := xvfbtest.Start(b, 1280, 1024)
		windows[i] = pressing(b, display)
		sides[i] = look(b, way.door(display))
		sides[i].whole(b)
		defer sides[i].close()
	}
	for round := range clickRounds {
		for k := range ways {
			i := (k + round) % len(ways)
			times[i] = append(times[i], sides[i].click(b, windows[i]))
		}
	}
	base := Median(times[1])
	for i, way := range ways {
		m := Median(times[i])
		t.Row(way.name, m, times[i][len(times[i])*9/10], m/base)
	}
	print(b, &t)
}

// click presses and waits for the other colour.
func (g *glance) click(b testing.TB, w clickable) float64 {
	b.Helper()
	x, y := uint16(w.x+w.side/2), uint16(w.y+w.side/2)
	was := g.in.Framebuffer().At(w.x+8, w.y+8) > 0x808080
	began := time.Now()
	g.put(b, nil, &rfb.PointerEvent{X: x, Y: y}, &rfb.PointerEvent{Buttons: 1, X: x, Y: y}, &rfb.PointerEvent{X: x, Y: y})
	for g.in.Framebuffer().At(w.x+8, w.y+8) > 0x808080 == was {
		g.next(b)
	}
	return ms(began)
}
