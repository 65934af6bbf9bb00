package journey

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/internal/sandbox/sandboxtest"
)

// A caller sends a picture, a video with sound and a broken file; a
// dispatcher opens them by keyboard, and the report never waits for them.
func TestMedia(t *testing.T) {
	duties(t, "FD-20", "S3-L8")
	s := newScene(t)
	if s.also == nil {
		s.also = map[string]any{}
	}
	s.also["photo"] = base64.StdEncoding.EncodeToString(smoke(t))
	s.also["film"] = base64.StdEncoding.EncodeToString(film(t))
	s.also["shots"] = os.Getenv("MATOI_SHOTS")
	s.demo("media.mjs", app.DemoConfig{Media: app.MediaConfig{Child: sandboxtest.Child(t)}}, nil)
}

// smoke is a picture made here: a window, smoke above it, and where it was taken.
func smoke(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 1280, 960))
	for y := range 960 {
		for x := range 1280 {
			c := color.RGBA{120, 130, 140, 255}
			switch dx, dy := x-640, y-700; {
			case x > 480 && x < 800 && y > 560 && y < 860:
				c = color.RGBA{255, uint8(140 + (x+y)%80), 30, 255}
			case dy < -100 && dx*dx < (260-y/4)*(260-y/4):
				g := uint8(60 + (x*7+y*13)%40)
				c = color.RGBA{g, g, g, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	exif := append([]byte("Exif\x00\x00"), gps()...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return append(append(append([]byte{}, b.Bytes()[:2]...), append(segment, exif...)...), b.Bytes()[2:]...)
}

// gps is an EXIF block that says 34°42′14.04″N 135°30′4.32″E and nothing else.
func gps() []byte {
	b := []byte("MM\x00*\x00\x00\x00\x08")
	entry := func(tag, kind uint16, count, value uint32) {
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, tag), kind)
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, count), value)
	}
	b = append(b, 0, 1)
	entry(0x8825, 4, 1, 26)
	b = append(b, 0, 0, 0, 0, 0, 4)
	entry(1, 2, 2, 'N'<<24)
	entry(2, 5, 3, 80)
	entry(3, 2, 2, 'E'<<24)
	entry(4, 5, 3, 104)
	b = append(b, 0, 0, 0, 0)
	for _, v := range []uint32{34, 1, 42, 1, 1404, 100, 135, 1, 30, 1, 432, 100} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// film is two seconds of a test picture with a tone.
func film(t *testing.T) []byte {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed; make setup installs it")
	}
	file := filepath.Join(t.TempDir(), "film.mp4")
	out, err := exec.Command(ffmpeg, "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=10:duration=2",
		"-f", "lavfi", "-i", "sine=frequency=440:duration=2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-y", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
