package town

import (
	"encoding/binary"
	"math"
)

// Vector tiles (MVT 2.1): protobuf by hand, because five messages of it are all
// that a town needs.

const (
	extent = 4096
	margin = 96 // drawn beyond the edge, so that lines join between tiles
)

type shape byte

const (
	pointShape shape = iota + 1
	lineShape
	areaShape
)

// feature is one thing of the town in world coordinates, 0 … 1 (Web Mercator).
type feature struct {
	layer   string
	shape   shape
	path    []xy
	tags    []string // name, value, …
	minZoom int
	nw, se  xy // corners of the box around it
}

// near reports whether it can touch a tile with its margin.
func (f feature) near(z int, x, y uint32) bool {
	n := float64(uint64(1) << z)
	const m = float64(margin) / extent
	return f.nw.x*n <= float64(x)+1+m && f.se.x*n >= float64(x)-m && f.nw.y*n <= float64(y)+1+m && f.se.y*n >= float64(y)-m
}

type xy struct{ x, y float64 }

// world projects degrees to Web Mercator, 0 … 1 from north-west.
func world(lon, lat float64) xy {
	s := math.Sin(lat * math.Pi / 180)
	return xy{lon/360 + 0.5, 0.5 - math.Log((1+s)/(1-s))/(4*math.Pi)}
}

// layer gathers the features of one layer in one tile.
type layer struct {
	name         string
	features     [][]byte
	keys, values []string
	known        map[string]int
}

func (l *layer) index(list *[]string, kind, v string) uint64 {
	if i, ok := l.known[kind+v]; ok {
		return uint64(i)
	}
	*list = append(*list, v)
	l.known[kind+v] = len(*list) - 1
	return uint64(len(*list) - 1)
}

func (l *layer) add(f feature, geometry []uint32) {
	var tags []byte
	for i := 0; i+1 < len(f.tags); i += 2 {
		tags = binary.AppendUvarint(tags, l.index(&l.keys, "k", f.tags[i]))
		tags = binary.AppendUvarint(tags, l.index(&l.values, "v", f.tags[i+1]))
	}
	var g []byte
	for _, v := range geometry {
		g = binary.AppendUvarint(g, uint64(v))
	}
	b := field(nil, 2, tags)
	b = append(binary.AppendUvarint(b, 3<<3), byte(f.shape))
	l.features = append(l.features, field(b, 4, g))
}

func (l *layer) encode() []byte {
	b := append(binary.AppendUvarint(nil, 15<<3), 2) // version 2
	b = field(b, 1, []byte(l.name))
	for _, f := range l.features {
		b = field(b, 2, f)
	}
	for _, k := range l.keys {
		b = field(b, 3, []byte(k))
	}
	for _, v := range l.values {
		b = field(b, 4, field(nil, 1, []byte(v)))
	}
	return binary.AppendUvarint(binary.AppendUvarint(b, 5<<3), extent)
}

// field appends a length-delimited protobuf field.
func field(b []byte, number uint64, content []byte) []byte {
	b = binary.AppendUvarint(b, number<<3|2)
	return append(binary.AppendUvarint(b, uint64(len(content))), content...)
}

// draw encodes what of the features lies in a tile; nil when nothing does.
func draw(features []feature, z int, x, y uint32) []byte {
	layers := map[string]*layer{}
	var order []string
	for _, f := range features {
		if z < f.minZoom || !f.near(z, x, y) {
			continue
		}
		geometry := cut(f, z, x, y)
		if len(geometry) == 0 {
			continue
		}
		l := layers[f.layer]
		if l == nil {
			l = &layer{name: f.layer, known: map[string]int{}}
			layers[f.layer], order = l, append(order, f.layer)
		}
		l.add(f, geometry)
	}
	var b []byte
	for _, name := range order {
		b = field(b, 3, layers[name].encode())
	}
	return b
}

// cut projects a feature into a tile, cuts it at the margin and writes the
// commands of its geometry.
func cut(f feature, z int, x, y uint32) []uint32 {
	n := float64(uint64(1) << z)
	path := make([]xy, len(f.path))
	for i, p := range f.path {
		path[i] = xy{(p.x*n - float64(x)) * extent, (p.y*n - float64(y)) * extent}
	}
	var pen pen
	switch f.shape {
	case pointShape:
		if p := path[0]; p.x >= 0 && p.x < extent && p.y >= 0 && p.y < extent {
			pen.line(path[:1], false)
		}
	case lineShape:
		for _, part := range cutLine(path) {
			pen.line(part, false)
		}
	case areaShape:
		ring := cutArea(path)
		if area(ring) < 0 { // the outer ring turns clockwise on the screen (MVT 2.1, §4.3.3.3)
			for i, j := 0, len(ring)-1; i < j; i, j = i+1, j-1 {
				ring[i], ring[j] = ring[j], ring[i]
			}
		}
		if len(ring) >= 3 && area(ring) > 1 {
			pen.line(ring, true)
		}
	}
	return pen.commands
}

func area(ring []xy) (sum float64) {
	for i, p := range ring {
		q := ring[(i+1)%len(ring)]
		sum += p.x*q.y - q.x*p.y
	}
	return sum / 2
}

// pen writes commands: MoveTo 1, LineTo 2, ClosePath 7, with steps between
// points.
type pen struct {
	commands []uint32
	x, y     int32
}

func (p *pen) line(path []xy, closed bool) {
	var steps []uint32
	count := uint32(0)
	fromX, fromY := p.x, p.y
	for i, v := range path {
		x, y := int32(math.Round(v.x)), int32(math.Round(v.y))
		if i > 0 && x == p.x && y == p.y {
			continue
		}
		steps = append(steps, zigzag(x-p.x), zigzag(y-p.y))
		p.x, p.y = x, y
		count++
	}
	if len(path) > 1 && count < 2 || closed && count < 3 {
		p.x, p.y = fromX, fromY // nothing is left of it at this zoom
		return
	}
	p.commands = append(p.commands, 1|1<<3, steps[0], steps[1])
	if count > 1 {
		p.commands = append(p.commands, 2|(count-1)<<3)
		p.commands = append(p.commands, steps[2:]...)
	}
	if closed {
		p.commands = append(p.commands, 7|1<<3)
	}
}

func zigzag(v int32) uint32 { return uint32(v<<1) ^ uint32(v>>31) }

// cutLine keeps the parts of a line within the margin.
func cutLine(path []xy) (parts [][]xy) {
	var part []xy
	for i := 1; i < len(path); i++ {
		a, b, ok := cutSegment(path[i-1], path[i])
		if !ok {
			part = end(&parts, part)
			continue
		}
		if len(part) == 0 || part[len(part)-1] != a {
			part = append(end(&parts, part), a)
		}
		part = append(part, b)
		if b != path[i] {
			part = end(&parts, part)
		}
	}
	end(&parts, part)
	return parts
}

func end(parts *[][]xy, part []xy) []xy {
	if len(part) > 1 {
		*parts = append(*parts, part)
	}
	return nil
}

// cutSegment is Liang and Barsky's.
func cutSegment(a, b xy) (xy, xy, bool) {
	t0, t1 := 0.0, 1.0
	dx, dy := b.x-a.x, b.y-a.y
	for _, e := range [4][2]float64{{-dx, a.x + margin}, {dx, extent + margin - a.x}, {-dy, a.y + margin}, {dy, extent + margin - a.y}} {
		switch {
		case e[0] == 0 && e[1] < 0:
			return a, b, false
		case e[0] < 0:
			t0 = max(t0, e[1]/e[0])
		case e[0] > 0:
			t1 = min(t1, e[1]/e[0])
		}
	}
	if t0 > t1 {
		return a, b, false
	}
	from, to := a, b
	if t0 > 0 {
		from = xy{a.x + t0*dx, a.y + t0*dy}
	}
	if t1 < 1 {
		to = xy{a.x + t1*dx, a.y + t1*dy}
	}
	return from, to, true
}

// cutArea is Sutherland and Hodgman's, one edge of the margin after another.
func cutArea(ring []xy) []xy {
	for _, e := range []struct{ x, y, at float64 }{{1, 0, -margin}, {-1, 0, -(extent + margin)}, {0, 1, -margin}, {0, -1, -(extent + margin)}} {
		var kept []xy
		inside := func(p xy) float64 { return p.x*e.x + p.y*e.y - e.at }
		for i, p := range ring {
			q := ring[(i+1)%len(ring)]
			dp, dq := inside(p), inside(q)
			if dp >= 0 {
				kept = append(kept, p)
			}
			if dp >= 0 != (dq >= 0) {
				t := dp / (dp - dq)
				kept = append(kept, xy{p.x + t*(q.x-p.x), p.y + t*(q.y-p.y)})
			}
		}
		ring = kept
	}
	return ring
}
