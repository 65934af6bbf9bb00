package sandbox

import (
	"os"
	"testing"
	"time"

	"github.com/matoi119/matoi/stdif"
)

func FuzzEXIF(f *testing.F) {
	f.Add("image/jpeg", []byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\x08\x00\x00\x00"))
	f.Add("image/webp", []byte("RIFF\x00\x00\x00\x00WEBPEXIF\x04\x00\x00\x00MM\x00*"))
	f.Add("image/png", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x00IHDR\x00\x00\x00\x00"))
	if b, err := os.ReadFile("../../../shared/samples/own/images/exif-gps-tokyo-orientation6.jpg"); err == nil {
		f.Add("image/jpeg", b)
	}
	f.Fuzz(func(t *testing.T, kind string, b []byte) {
		if kindOf(b) != kind {
			return
		}
		began := time.Now()
		a := readExif(exifOf(kind, b))
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %v", took)
		}
		if l := a.location; l != nil && (l.Role != "media" || !l.HasPosition() || !stdif.ValidPosition(*l.Lat, *l.Lon)) {
			t.Errorf("location %+v", l)
		}
	})
}
