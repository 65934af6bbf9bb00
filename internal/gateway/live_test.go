package gateway

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"github.com/matoi119/matoi/stdif/open1"
)

func jpegOf(t testing.TB, width, height int) []byte {
	t.Helper()
	m := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for i := range m.Y {
		m.Y[i] = byte(i)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A console gets no byte of the sender: a picture is decoded within limits and
// written anew, and what is behind or within it is gone.
func TestPicturesAreInert(t *testing.T) {
	plain := jpegOf(t, 64, 48)
	canary := []byte("<script>CANARY</script>")
	tail := append(bytes.Clone(plain), canary...)
	comment := append([]byte{0xff, 0xd8, 0xff, 0xfe, 0, byte(len(canary) + 2)}, canary...)
	comment = append(comment, plain[2:]...)
	for name, wire := range map[string][]byte{"plain": plain, "polyglot": tail, "comment": comment} {
		out, err := inert(open1.LiveFrame{JPEG: wire})
		if err != nil || bytes.Contains(out, []byte("CANARY")) {
			t.Errorf("%s: %d bytes, %v", name, len(out), err)
			continue
		}
		m, err := jpeg.Decode(bytes.NewReader(out))
		if err != nil || m.Bounds().Dx() != 64 || m.Bounds().Dy() != 48 || m.ColorModel() != color.YCbCrModel {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	huge := bytes.Clone(plain) // the frame header says 65535 by 65535
	at := bytes.Index(huge, []byte{0xff, 0xc0})
	copy(huge[at+5:], []byte{0xff, 0xff, 0xff, 0xff})
	for name, wire := range map[string][]byte{"huge": huge, "cut off": plain[:len(plain)/4], "no JPEG": []byte("GIF89a"), "empty": nil} {
		if out, err := inert(open1.LiveFrame{JPEG: wire}); err == nil {
			t.Errorf("%s: taken as %d bytes", name, len(out))
		}
	}
	if n := testing.AllocsPerRun(10, func() { _, _ = inert(open1.LiveFrame{JPEG: huge}) }); n > 100 {
		t.Errorf("%v allocations for a picture that is refused by its size", n)
	}
}
