// Package town makes a made-up town as a map for demonstrations and tests:
// coast, river, streets, blocks, a fire station and a hospital, in PMTiles with
// vector tiles. No street of it exists, and every name says so (例示). It knows
// nothing of the product: it writes files as a stranger's tool would.
package town

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
)

// Where the town lies. The demo's crash is at its middle.
const (
	Lat = 34.7039
	Lon = 135.5012

	halfWidth  = 3200.0 // metres
	halfHeight = 2700.0
	minZoom    = 10
	maxZoom    = 16
)

// Attribution says what it is, on every map that shows it.
const Attribution = "架空の町「例示市」：実在の地形・道路・施設ではありません"

// Write writes the town's map file; the same bytes each time.
func Write(w io.Writer) error {
	t := &town{chance: rand.New(rand.NewPCG(119, 7))}
	t.build()
	west, south := t.degrees(spot{-halfWidth, -halfHeight})
	east, north := t.degrees(spot{halfWidth, halfHeight})
	a := archive{minZoom: minZoom, maxZoom: maxZoom, west: west, south: south, east: east, north: north, lon: Lon, lat: Lat, zoom: 14,
		metadata: map[string]any{"name": "例示市", "attribution": Attribution, "vector_layers": described()}, tiles: map[uint64][]byte{}}
	for z := minZoom; z <= maxZoom; z++ {
		n := float64(uint64(1) << z)
		a0, a1 := world(west, north), world(east, south)
		for x := uint32(a0.x * n); x <= uint32(a1.x*n); x++ {
			for y := uint32(a0.y * n); y <= uint32(a1.y*n); y++ {
				if tile := draw(t.features, z, x, y); tile != nil {
					a.tiles[tileID(z, x, y)] = squeeze(tile)
				}
			}
		}
	}
	if len(a.tiles) == 0 {
		return fmt.Errorf("town: nothing was drawn")
	}
	return a.write(w)
}

func described() (layers []map[string]any) {
	for _, name := range []string{"earth", "water", "landuse", "building", "railway", "road", "place", "poi"} {
		layers = append(layers, map[string]any{"id": name, "minzoom": minZoom, "maxzoom": maxZoom, "fields": map[string]string{"name": "String", "class": "String"}})
	}
	return layers
}

// spot is a place in metres east and north of the middle.
type spot struct{ e, n float64 }

type town struct {
	features []feature
	chance   *rand.Rand
}

func (t *town) degrees(p spot) (lon, lat float64) {
	const metres = 111_195.0 // of one degree of latitude; good enough for a town that does not exist
	return Lon + p.e/(metres*math.Cos(Lat*math.Pi/180)), Lat + p.n/metres
}

func (t *town) add(layer string, s shape, minZoom int, path []spot, tags ...string) {
	f := feature{layer: layer, shape: s, tags: tags, minZoom: minZoom, nw: xy{1, 1}}
	for _, p := range path {
		w := world(t.degrees(p))
		f.path = append(f.path, w)
		f.nw, f.se = xy{min(f.nw.x, w.x), min(f.nw.y, w.y)}, xy{max(f.se.x, w.x), max(f.se.y, w.y)}
	}
	t.features = append(t.features, f)
}

func (t *town) build() {
	t.add("earth", areaShape, 0, []spot{{-halfWidth, -halfHeight}, {halfWidth, -halfHeight}, {halfWidth, halfHeight}, {-halfWidth, halfHeight}})
	t.greens()
	t.waters()
	t.streets()
	t.blocks()
	t.ways()
	t.names()
}

// coast is the northern edge of the bay at e.
func coast(e float64) float64 {
	return -1750 + 240*math.Sin(e/900) + 90*math.Sin(e/310+1) - 0.00006*(e-400)*(e-400)
}

// river is the middle of the river at n; it runs from the north into the bay.
func river(n float64) float64 { return 900 + 260*math.Sin(n/760) + 0.12*n }

const riverHalf = 46.0

func wet(p spot) bool {
	return p.n < coast(p.e)+25 || math.Abs(p.e-river(p.n)) < riverHalf+14
}

func (t *town) waters() {
	sea := []spot{}
	for e := -halfWidth - 200; e <= halfWidth+200; e += 60 {
		sea = append(sea, spot{e, coast(e)})
	}
	sea = append(sea, spot{halfWidth + 200, -halfHeight - 200}, spot{-halfWidth - 200, -halfHeight - 200})
	t.add("water", areaShape, 0, sea, "class", "sea")
	var left, right []spot
	for n := halfHeight + 100; n >= -2100; n -= 60 {
		wide := riverHalf + max(0, (-1300-n)*0.12)
		left, right = append(left, spot{river(n) - wide, n}), append(right, spot{river(n) + wide, n})
	}
	for i := len(right) - 1; i >= 0; i-- {
		left = append(left, right[i])
	}
	t.add("water", areaShape, 0, left, "class", "river")
	t.add("water", areaShape, 13, around(spot{-1650, 1500}, 150, 95, 20), "class", "pond")
}

// around is a rounded shape.
func around(c spot, a, b float64, corners int) (ring []spot) {
	for i := range corners {
		s, k := math.Sincos(2 * math.Pi * float64(i) / float64(corners))
		ring = append(ring, spot{c.e + a*k*(1+0.08*math.Sin(float64(3*i))), c.n + b*s})
	}
	return ring
}

func (t *town) greens() {
	t.add("landuse", areaShape, 0, around(spot{-2500, 2000}, 900, 800, 24), "class", "wood")
	t.add("landuse", areaShape, 0, around(spot{2700, 2200}, 700, 640, 24), "class", "wood")
	t.add("landuse", areaShape, 12, box(spot{-620, 560}, 300, 220), "class", "park")
	t.add("landuse", areaShape, 12, box(spot{1800, -420}, 260, 320), "class", "park")
	t.add("landuse", areaShape, 13, box(spot{430, 760}, 210, 170), "class", "school")
	t.add("landuse", areaShape, 12, box(spot{-900, -1480}, 820, 230), "class", "industrial")
}

// turn is the angle of the town's streets.
const turn = 0.12

// place turns street coordinates into the town's.
func place(u, v float64) spot {
	s, c := math.Sincos(turn)
	return spot{u*c - v*s, u*s + v*c}
}

// box is a rectangle along the streets.
func box(c spot, width, height float64) []spot {
	s, k := math.Sincos(-turn)
	u, v := c.e*k-c.n*s, c.e*s+c.n*k
	return []spot{place(u-width/2, v-height/2), place(u+width/2, v-height/2), place(u+width/2, v+height/2), place(u-width/2, v+height/2)}
}

const (
	blockWidth  = 118.0
	blockHeight = 84.0
	columns     = 24 // to each side of the middle
	rows        = 26
)

func built(p spot) bool {
	return !wet(p) && math.Hypot(p.e/2750, (p.n-150)/2250) < 1 && !within(p)
}

// within says that a place lies in a park, a school or the harbour.
func within(p spot) bool {
	for _, g := range []struct {
		c             spot
		width, height float64
	}{{spot{-620, 560}, 300, 220}, {spot{1800, -420}, 260, 320}, {spot{430, 760}, 210, 170}, {spot{-900, -1480}, 820, 230}, {spot{-1650, 1500}, 320, 210}} {
		if math.Abs(p.e-g.c.e) < g.width/2+20 && math.Abs(p.n-g.c.n) < g.height/2+20 {
			return true
		}
	}
	return false
}

// streets lays the grid; every sixth street is a wide one and crosses the river.
func (t *town) streets() {
	lay := func(count int, wide bool, at func(i int) spot, class string, zoom int, name string) {
		var run []spot
		for i := -count; i <= count; i++ {
			p := at(i)
			if built(p) || wide && p.n > coast(p.e)+30 && math.Abs(p.e) < halfWidth && math.Abs(p.n) < halfHeight {
				run = append(run, p)
				continue
			}
			if len(run) > 1 {
				t.add("road", lineShape, zoom, run, "class", class, "name", name)
			}
			run = nil
		}
		if len(run) > 1 {
			t.add("road", lineShape, zoom, run, "class", class, "name", name)
		}
	}
	for v := -rows; v <= rows; v++ {
		wide := v%6 == 0
		class, zoom, name := kind(wide, v, "東西")
		lay(columns, wide, func(i int) spot { return place(float64(i)*blockWidth, float64(v)*blockHeight) }, class, zoom, name)
	}
	for u := -columns; u <= columns; u++ {
		wide := u%6 == 0
		class, zoom, name := kind(wide, u, "南北")
		lay(rows, wide, func(i int) spot { return place(float64(u)*blockWidth, float64(i)*blockHeight) }, class, zoom, name)
	}
}

func kind(wide bool, i int, towards string) (class string, zoom int, name string) {
	switch {
	case i == 0:
		return "primary", 11, "例示" + towards + "大通り"
	case wide:
		return "secondary", 12, fmt.Sprintf("例示%s%d号線", towards, (i+30)/6)
	}
	return "minor", 14, ""
}

// blocks puts houses between the streets.
func (t *town) blocks() {
	for v := -rows; v < rows; v++ {
		for u := -columns; u < columns; u++ {
			middle := place((float64(u)+0.5)*blockWidth, (float64(v)+0.5)*blockHeight)
			if !built(middle) || t.chance.Float64() < math.Hypot(middle.e, middle.n)/4200 {
				continue
			}
			t.block(float64(u)*blockWidth, float64(v)*blockHeight)
		}
	}
}

func (t *town) block(u, v float64) {
	parts := 2 + t.chance.IntN(3)
	width := (blockWidth - 22) / float64(parts)
	for i := range parts {
		for half := range 2 {
			if t.chance.Float64() < 0.12 {
				continue // somebody's garden
			}
			w, h := width*(0.6+0.3*t.chance.Float64()), (blockHeight-22)/2*(0.6+0.3*t.chance.Float64())
			x, y := u+11+float64(i)*width, v+11+float64(half)*(blockHeight-20)/2
			t.add("building", areaShape, 15, []spot{place(x, y), place(x+w, y), place(x+w, y+h), place(x, y+h)})
		}
	}
}

// ways are what crosses the town without asking its grid.
func (t *town) ways() {
	var rail, motorway []spot
	for e := -halfWidth; e <= halfWidth; e += 80 {
		rail = append(rail, spot{e, 1130 + 160*math.Sin(e/1500)})
		motorway = append(motorway, spot{e, -1180 + 0.16*e + 120*math.Sin(e/1100)})
	}
	t.add("railway", lineShape, 11, rail, "class", "rail", "name", "例示鉄道 本線")
	t.add("road", lineShape, 0, motorway, "class", "motorway", "name", "例示自動車道")
}

func (t *town) names() {
	label := func(layer, class, name string, zoom int, at spot) {
		t.add(layer, pointShape, zoom, []spot{at}, "class", class, "name", name)
	}
	label("place", "city", "例示市", 0, spot{-120, 330})
	label("place", "sea", "例示湾", 11, spot{-1700, -2250})
	label("place", "river", "例示川", 13, spot{river(600), 600})
	for _, d := range []struct {
		name string
		at   spot
	}{{"本町一丁目", spot{-420, 60}}, {"本町二丁目", spot{380, -120}}, {"港町", spot{-760, -1050}}, {"駅前町", spot{-300, 930}}, {"川東町", spot{1700, 300}}, {"浜町", spot{900, -1350}}, {"緑台", spot{-1900, 700}}, {"西町", spot{-1750, -280}}, {"北新田", spot{300, 1800}}} {
		label("place", "suburb", d.name+"（例示）", 13, d.at)
	}
	for _, p := range []struct {
		class, name string
		zoom        int
		at          spot
	}{
		{"fire_station", "例示消防署", 12, spot{-530, -290}},
		{"fire_station", "例示消防署 川東出張所", 13, spot{1980, 130}},
		{"hospital", "例示総合病院", 12, spot{610, 330}},
		{"hospital", "例示港診療所", 14, spot{-1180, -890}},
		{"station", "例示駅", 12, spot{-300, 1130 + 160*math.Sin(-0.2)}},
		{"town_hall", "例示市役所", 13, spot{-250, 420}},
		{"school", "例示小学校", 14, spot{430, 760}},
		{"park", "例示中央公園", 14, spot{-620, 560}},
		{"police", "例示警察署", 14, spot{120, -420}},
		{"harbor", "例示港", 13, spot{-900, -1480}},
	} {
		label("poi", p.class, p.name, p.zoom, p.at)
	}
}
