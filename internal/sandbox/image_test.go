package sandbox_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matoi119/matoi/internal/sandbox"
	"github.com/matoi119/matoi/internal/sandbox/sandboxtest"
	dutytest "github.com/matoi119/matoi/test/duty"
)

var duty = dutytest.Holds

const samples = "../../../shared/samples"

func box(t testing.TB) *sandbox.Sandbox {
	t.Helper()
	s := &sandbox.Sandbox{Self: sandboxtest.Child(t)}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func remake(t testing.TB, s *sandbox.Sandbox, stated string, b []byte) sandbox.Result {
	t.Helper()
	r, err := s.Image(t.Context(), stated, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func picture(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x), uint8(y), uint8(x ^ y), 255})
		}
	}
	return img
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// enormous is a valid PNG of one colour: some kilobytes that are 100 megapixels.
func enormous(t testing.TB) []byte {
	t.Helper()
	return pngOf(t, image.NewPaletted(image.Rect(0, 0, 10_000, 10_000), color.Palette{color.Black, color.White}))
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(samples, name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the samples are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// typeOf is what a sender would say, by the name of the file.
func typeOf(name string) string {
	switch filepath.Ext(name) {
	case ".png":
		return "image/png"
	case ".webp":
		return "image/webp"
	}
	return "image/jpeg"
}

func TestHostilePictures(t *testing.T) {
	duty(t, "FD-20")
	s := box(t)
	small := jpegOf(t, picture(64, 48))
	for name, tt := range map[string]struct {
		stated string
		bytes  []byte
		want   string
	}{
		"a picture":               {"image/jpeg", small, ""},
		"another type than said":  {"image/png", small, "type"},
		"nothing":                 {"image/jpeg", nil, "type"},
		"a web page":              {"image/jpeg", []byte("<html><script>alert(1)</script>"), "type"},
		"a picture and a paper":   {"image/jpeg", append(append([]byte{}, small[:2]...), append([]byte("\xff\xfe\x00\x0b%PDF-1.7\n"), small[2:]...)...), "polyglot"},
		"a picture and a package": {"image/jpeg", append(append([]byte{}, small...), []byte("PK\x03\x04....PK\x05\x06")...), "polyglot"},
		"cut off":                 {"image/jpeg", small[:len(small)/2], "decode"},
		"100 megapixels":          {"image/png", enormous(t), "pixels"},
	} {
		r := remake(t, s, tt.stated, tt.bytes)
		if r.Reason != tt.want || (tt.want == "") != (len(r.Data) > 0) {
			t.Errorf("%s: %q with %d bytes, want %q", name, r.Reason, len(r.Data), tt.want)
		}
		if r.Memory > 64<<20 {
			t.Errorf("%s: the child took %d MB", name, r.Memory>>20)
		}
	}
}

// Every sample of strangers' pictures ends in a verdict, and the ones whose
// verdict is written down in that one.
func TestSamples(t *testing.T) {
	duty(t, "FD-20")
	rows, err := csv.NewReader(bytes.NewReader(sample(t, "index.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s, n := box(t), 0
	for _, row := range rows {
		file, expect := row[0], row[5]
		kind, _, _ := strings.Cut(strings.TrimPrefix(file, "go-fuzz-corpus/"), "/")
		fuzz := strings.HasPrefix(file, "go-fuzz-corpus/") && strings.Contains("png jpeg gif webp bmp", kind)
		if !fuzz && !strings.HasPrefix(file, "own/images/") {
			continue
		}
		if testing.Short() && n > 40 {
			break
		}
		n++
		stated := typeOf(file)
		if fuzz {
			stated = "image/" + kind
		}
		r := remake(t, s, stated, sample(t, file))
		if (r.Reason == "") != (len(r.Data) > 0) || r.Memory > 256<<20 {
			t.Errorf("%s: %q, %d bytes, %d MB", file, r.Reason, len(r.Data), r.Memory>>20)
		}
		switch {
		case expect == "accept" && r.Reason != "", expect == "reject" && r.Reason == "", expect == "keep-raw" && r.Reason == "":
			t.Errorf("%s: %q, want %s", file, r.Reason, expect)
		}
		if r.Reason == "" {
			if _, _, err := image.Decode(bytes.NewReader(r.Data)); err != nil {
				t.Errorf("%s: the copy cannot be read: %v", file, err)
			}
			if bytes.Contains(r.Data, []byte("<script")) {
				t.Errorf("%s: the copy has the sender's bytes", file)
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d samples", n)
	}
}

// The position goes from the picture to the report, and the picture stands
// upright.
func TestPositionAndOrientation(t *testing.T) {
	original := sample(t, "own/images/exif-gps-tokyo-orientation6.jpg")
	before, _, err := image.DecodeConfig(bytes.NewReader(original))
	if err != nil {
		t.Fatal(err)
	}
	r := remake(t, box(t), "image/jpeg", original)
	if r.Width != before.Height || r.Height != before.Width {
		t.Errorf("stored %dx%d, shown %dx%d", before.Width, before.Height, r.Width, r.Height)
	}
	l := r.Location
	if l == nil || l.Role != "media" || fmt.Sprintf("%.4f %.4f", *l.Lat, *l.Lon) != "35.6812 139.7671" {
		t.Errorf("location = %+v", l)
	}
	if bytes.Contains(r.Data, []byte("Exif")) {
		t.Error("the copy still has EXIF")
	}
}

// withChunk puts a chunk behind the header of a PNG.
func withChunk(plain []byte, name string, data []byte) []byte {
	const header = 8 + 25
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	chunk = append(append(chunk, name...), data...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return append(append(bytes.Clone(plain[:header]), chunk...), plain[header:]...)
}

// All eight ways to hold a camera, in PNG, whose pixels come through exactly.
func TestEveryOrientation(t *testing.T) {
	s := box(t)
	upright := image.NewRGBA(image.Rect(0, 0, 3, 2))
	for i := range 6 {
		upright.SetRGBA(i%3, i/3, color.RGBA{uint8(40 * i), 0, 0, 200}) // not opaque: stays PNG
	}
	// Where the pixel of the stored picture that shows the upright one's corners is.
	for orientation, want := range map[byte]string{
		1: "0 1 2 / 3 4 5", 2: "2 1 0 / 5 4 3", 3: "5 4 3 / 2 1 0", 4: "3 4 5 / 0 1 2",
		5: "0 3 / 1 4 / 2 5", 6: "3 0 / 4 1 / 5 2", 7: "5 2 / 4 1 / 3 0", 8: "2 5 / 1 4 / 0 3",
	} {
		exif := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string(orientation) + "\x00\x00\x00\x00\x00\x00\x00")
		r := remake(t, s, "image/png", withChunk(pngOf(t, upright), "eXIf", exif))
		img, err := png.Decode(bytes.NewReader(r.Data))
		if err != nil {
			t.Fatalf("%d: %q %v", orientation, r.Reason, err)
		}
		var rows []string
		for y := range img.Bounds().Dy() {
			var row []string
			for x := range img.Bounds().Dx() {
				c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
				row = append(row, fmt.Sprint((int(c.R)*200/255+20)/40))
			}
			rows = append(rows, strings.Join(row, " "))
		}
		if got := strings.Join(rows, " / "); got != want {
			t.Errorf("orientation %d: %s, want %s", orientation, got, want)
		}
	}
}

// A child that takes too long ends with its caller, and an error of ours is no
// verdict about the picture.
func TestCancelledIsNoVerdict(t *testing.T) {
	s := box(t)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.Image(ctx, "image/jpeg", ending{cancel}); !errors.Is(err, context.Canceled) {
		t.Errorf("Image = %v, want cancelled", err)
	}
}

// ending is a reader during which the caller goes.
type ending struct{ cancel func() }

func (e ending) Read([]byte) (int, error) {
	e.cancel()
	return 0, io.EOF
}
