package mapfile_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/mapfile"
	"github.com/matoi119/matoi/sim/town"
)

var made = sync.OnceValues(func() ([]byte, error) {
	var b bytes.Buffer
	err := town.Write(&b)
	return b.Bytes(), err
})

// example is a whole map that nobody has damaged yet.
func example(t testing.TB) []byte {
	t.Helper()
	b, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(b)
}

func put(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "town.pmtiles")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheckReadsWhatTheMapSays(t *testing.T) {
	b := example(t)
	f, err := mapfile.Check(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if f.MinZoom != 10 || f.MaxZoom != 16 || f.Name != "例示市" || f.Attribution != town.Attribution || f.Tiles < 100 {
		t.Errorf("Check = %+v", f)
	}
	if f.Bounds[0] > town.Lon || f.Bounds[2] < town.Lon || f.Bounds[1] > town.Lat || f.Bounds[3] < town.Lat {
		t.Errorf("the middle of the town is not within %v", f.Bounds)
	}
	if strings.Join(f.Layers, " ") != "earth water landuse building railway road place poi" {
		t.Errorf("layers %v", f.Layers)
	}
}

// damaged are files that must be refused before they are taken over, each with
// the words that the log gets.
func damaged(t testing.TB) map[string]struct {
	file []byte
	says string
} {
	set := func(at int, v ...byte) []byte {
		b := example(t)
		copy(b[at:], v)
		return b
	}
	long := func(at int, v uint64) []byte { return set(at, binary.LittleEndian.AppendUint64(nil, v)...) }
	whole := example(t)
	return map[string]struct {
		file []byte
		says string
	}{
		"nothing":                    {nil, "too few"},
		"a picture":                  {append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 200)...), "does not begin"},
		"an older version":           {set(7, 2), "version 2"},
		"tiles that are pictures":    {set(99, 2), "type 2"},
		"tiles of another kind":      {set(99, 6), "type 6"},
		"packed by brotli":           {set(97, 3), "way 3"},
		"tiles packed by zstd":       {set(98, 4), "way 4"},
		"zooms the wrong way round":  {set(100, 16, 10), "zooms 16 to 10"},
		"zooms without end":          {set(101, 255), "zooms"},
		"bounds the wrong way round": {set(102, 0xff, 0xff, 0xff, 0x7f), "bounds"},
		"a root beyond the end":      {long(8, 1<<40), "beyond its end"},
		"lengths that overflow":      {long(16, ^uint64(0)), "beyond its end"},
		"a root without end":         {long(16, 200_000), "root directory of"},
		"no root":                    {long(16, 0), "root directory of 0"},
		"more tiles than there are":  {long(72, 9999), "announced"},
		"cut off in a tile":          {whole[:len(whole)-5000], "cut off"},
		"cut off in the head":        {whole[:100], "too few"},
		"a root of noise":            {set(127, bytes.Repeat([]byte{0x5a}, 64)...), "damaged"},
	}
}

func TestFilesThatAreNoMapAreRefused(t *testing.T) {
	for name, c := range damaged(t) {
		t.Run(name, func(t *testing.T) {
			_, err := mapfile.Check(bytes.NewReader(c.file), int64(len(c.file)))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Check = %v, want %q", err, c.says)
			}
		})
	}
}

// archive puts a head before hand-made parts.
func archive(root, metadata []byte, leaves []byte, data int) []byte {
	b := append([]byte("PMTiles"), 3)
	u := func(v int) { b = binary.LittleEndian.AppendUint64(b, uint64(v)) }
	at := 127
	for _, n := range []int{len(root), len(metadata), len(leaves), data} {
		u(at)
		u(n)
		at += n
	}
	u(0)
	u(0)
	u(0)
	b = append(b, 1, 2, 2, 1, 0, 3)
	for _, v := range []int32{-10, -10, 10, 10} {
		b = binary.LittleEndian.AppendUint32(b, uint32(v*1e7))
	}
	b = append(b, 0)
	b = append(b, make([]byte, 8)...)
	b = append(append(append(b, root...), metadata...), leaves...)
	return append(b, make([]byte, data)...)
}

func squeeze(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

func varints(v ...uint64) (b []byte) {
	for _, n := range v {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func TestHostileDirectoriesAreRefused(t *testing.T) {
	metadata := squeeze([]byte(`{"vector_layers":[{"id":"road"}]}`))
	leaf := squeeze(varints(1, 1, 0, 30, 1)) // points to the first leaf: itself
	leaf = squeeze(varints(1, 1, 0, uint64(len(leaf)), 1))
	for name, c := range map[string]struct {
		root, leaves []byte
		says         string
	}{
		"a directory that holds itself":   {leaf, leaf, "no end"},
		"entries that are not there":      {squeeze(varints(1 << 40)), nil, "entries"},
		"ids that do not ascend":          {squeeze(varints(2, 1, 0, 1, 1, 5, 5, 1, 1)), nil, "ascend"},
		"ids that overflow":               {squeeze(varints(2, 5, ^uint64(0), 1, 1, 5, 5, 1, 1)), nil, "ascend"},
		"runs over each other":            {squeeze(varints(2, 1, 1, 3, 1, 5, 5, 1, 1)), nil, "twice"},
		"a tile of a zoom that is none":   {squeeze(varints(1, 1000, 1, 5, 1)), nil, "zooms"},
		"a tile beyond the end":           {squeeze(varints(1, 1, 1, 5, 600)), nil, "beyond the end"},
		"a tile without length":           {squeeze(varints(1, 1, 1, 0, 1)), nil, "beyond the end"},
		"the first entry without a place": {squeeze(varints(1, 1, 1, 5, 0)), nil, "no place"},
		"a bomb":                          {squeeze(make([]byte, 8<<20)), nil, "entries"},
	} {
		t.Run(name, func(t *testing.T) {
			b := archive(c.root, metadata, c.leaves, 100)
			_, err := mapfile.Check(bytes.NewReader(b), int64(len(b)))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Check = %v, want %q", err, c.says)
			}
		})
	}
	bomb := archive(squeeze(varints(1, 1, 1, 5, 1)), squeeze(make([]byte, 17<<20)), nil, 100)
	if _, err := mapfile.Check(bytes.NewReader(bomb), int64(len(bomb))); err == nil || !strings.Contains(err.Error(), "unpacks to more") {
		t.Errorf("a description that is a bomb: %v", err)
	}
}

func TestWordsOfAMapAreText(t *testing.T) {
	b := archive(squeeze(varints(1, 1, 1, 5, 1)), squeeze([]byte(`{"name":"a\u0007b","attribution":"<a href=\"https://example.net\" onclick=x>地図 © 例示</a>","vector_layers":[{"id":"road"}]}`)), nil, 100)
	f, err := mapfile.Check(bytes.NewReader(b), int64(len(b)))
	if err != nil || f.Name != "ab" || f.Attribution != "地図 © 例示" {
		t.Errorf("Check = %q %q, %v", f.Name, f.Attribution, err)
	}
}

func FuzzCheck(f *testing.F) {
	whole := example(f)
	f.Add(whole[:4096])
	f.Add(archive(squeeze(varints(1, 1, 1, 5, 1)), squeeze([]byte(`{"vector_layers":[{"id":"road"}]}`)), nil, 100))
	f.Add(archive(squeeze(varints(1, 1, 0, 30, 1)), squeeze([]byte(`{"vector_layers":[{"id":"road"}]}`)), squeeze(varints(1, 1, 1, 5, 1)), 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, err := mapfile.Check(bytes.NewReader(b), int64(len(b)))
		if err == nil && (facts.MinZoom > facts.MaxZoom || len(facts.Layers) == 0 || facts.Tiles == 0) {
			t.Errorf("taken: %+v", facts)
		}
	})
}

func TestShelf(t *testing.T) {
	s := mapfile.Shelf{Dir: filepath.Join(t.TempDir(), "map")}
	wants := func(kind fault.Kind, err error) {
		t.Helper()
		if fault.Of(err) != kind || err == nil {
			t.Fatalf("%v, want %v", err, kind)
		}
	}
	_, err := s.Current()
	wants(fault.NotFound, err)
	now := time.Now()

	c, err := s.Copy(t.Context(), put(t, example(t)), now)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Current() // copied, and not in use before it is recorded
	wants(fault.NotFound, err)
	if err := c.Use(); err != nil {
		t.Fatal(err)
	}
	v, err := s.Verify(t.Context())
	if err != nil || v.SHA256 != c.SHA256 || v.MaxZoom != 16 || !v.ImportedAt.Equal(now) {
		t.Fatalf("Verify = %+v, %v", v, err)
	}

	_, err = s.Copy(t.Context(), t.TempDir(), now) // a folder
	wants(fault.Invalid, err)
	_, err = s.Copy(t.Context(), filepath.Join(t.TempDir(), "none"), now)
	wants(fault.NotFound, err)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err = s.Copy(stopped, put(t, example(t)), now); !errors.Is(err, context.Canceled) {
		t.Fatalf("a copy that was stopped = %v", err)
	}

	// A file that is no map leaves the one in use alone, and nothing behind.
	_, err = s.Copy(t.Context(), put(t, []byte("not a map at all")), now)
	wants(fault.Invalid, err)
	if left, _ := os.ReadDir(s.Dir); len(left) != 2 {
		t.Errorf("%d files on the shelf, want the map and its note", len(left))
	}
	f, _, err := s.Open(v.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	_, _, err = s.Open(strings.Repeat("0", 64))
	wants(fault.NotFound, err)

	// A newer one takes its place, and the older file goes.
	other := example(t)
	other[126] ^= 1 // where the map opens: a hair's breadth
	c2, err := s.Copy(t.Context(), put(t, other), now)
	if err != nil {
		t.Fatal(err)
	}
	if err := c2.Use(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(s.Dir); len(left) != 2 {
		t.Errorf("%d files on the shelf, want the map and its note", len(left))
	}

	// A flipped bit is found by Verify, a cut file at once.
	path := filepath.Join(s.Dir, c2.SHA256+".pmtiles")
	other[len(other)-9] ^= 4
	must(t, os.WriteFile(path, other, 0o600))
	_, err = s.Verify(t.Context())
	wants(fault.Unavailable, err)
	must(t, os.Truncate(path, 500))
	_, err = s.Current()
	wants(fault.Unavailable, err)
	must(t, os.WriteFile(filepath.Join(s.Dir, "map.json"), []byte(`{"sha256":"../../keys"}`), 0o600))
	_, err = s.Current()
	wants(fault.Unavailable, err)

	must(t, s.Remove())
	must(t, s.Remove())
	_, err = s.Current()
	wants(fault.NotFound, err)
	if left, _ := os.ReadDir(s.Dir); len(left) != 0 {
		t.Errorf("%d files are left", len(left))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
