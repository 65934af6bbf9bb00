package sandbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/matoi119/matoi/internal/sandbox"
)

// film makes a video with the tool itself, from made-up pictures and tones.
func film(t testing.TB, args ...string) []byte {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal("ffmpeg is not installed; make setup installs it")
	}
	file := filepath.Join(t.TempDir(), "film.mp4")
	if out, err := exec.Command(ffmpeg, append(append([]string{"-v", "error", "-nostdin"}, args...), "-y", file)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	picture2s = []string{"-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=2"}
	tone2s    = []string{"-f", "lavfi", "-i", "sine=frequency=440:duration=2"}
	h264      = []string{"-c:v", "libx264", "-pix_fmt", "yuv420p"}
)

func join(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func scene(t testing.TB) []byte {
	return film(t, join(picture2s, tone2s, h264, []string{"-c:a", "aac", "-metadata", "location=+35.6812+139.7671/", "-metadata", "comment=CANARY", "-movflags", "use_metadata_tags"})...)
}

func remuxed(t testing.TB, s *sandbox.Sandbox, b []byte, sound bool) sandbox.Result {
	t.Helper()
	if err := s.CheckVideo(t.Context()); errors.Is(err, sandbox.ErrNoTool) {
		t.Fatal("ffmpeg is not installed; make setup installs it")
	} else if err != nil {
		t.Fatal(err)
	}
	r, err := s.Video(t.Context(), bytes.NewReader(b), int64(len(b)), sound)
	if err != nil {
		t.Fatal(err)
	}
	if r.File != nil {
		t.Cleanup(func() { _ = r.File.Close() })
		if r.Data, err = io.ReadAll(r.File); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// kinds lists the tracks of a file as the tool sees them.
func kinds(t testing.TB, b []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "copy.mp4")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(out))
}

// The shown copy of a video is silent unless headquarters wants it otherwise;
// nothing that the sender wrote around the picture is in it (S3-L8).
func TestVideoWithoutItsSound(t *testing.T) {
	duty(t, "S3-L8")
	b, s := scene(t), box(t)
	r := remuxed(t, s, b, false)
	if r.Reason != "" || r.Width != 320 || r.Height != 240 || r.Duration < 1900e6 || r.Sound || len(r.Poster) == 0 {
		t.Fatalf("video = %+v", r.Reason)
	}
	if got := kinds(t, r.Data); got != "h264" {
		t.Errorf("tracks of the copy: %s, want the picture alone", got)
	}
	if bytes.Contains(r.Data, []byte("CANARY")) || bytes.Contains(r.Data, []byte("35.68")) || bytes.Contains(r.Poster, []byte("Lavc")) {
		t.Error("the copy tells what the sender wrote around it")
	}
	if l := r.Location; l == nil || fmt.Sprint(*l.Lat, *l.Lon) != "35.6812 139.7671" {
		t.Errorf("location = %+v", l)
	}
	loud := remuxed(t, s, b, true)
	if got := kinds(t, loud.Data); got != "h264\naac" || !loud.Sound {
		t.Errorf("tracks where headquarters keeps the sound: %q", got)
	}
}

func TestHostileVideos(t *testing.T) {
	duty(t, "FD-20")
	s, good := box(t), scene(t)
	titles := filepath.Join(t.TempDir(), "t.srt")
	if err := os.WriteFile(titles, []byte("1\n00:00:00,000 --> 00:00:01,000\nx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(good)
	if i := bytes.Index(broken, []byte("moov")); i > 0 {
		copy(broken[i:], "xxxx")
	}
	for name, tt := range map[string]struct {
		bytes []byte
		want  string
	}{
		"another codec":      {film(t, join(picture2s, []string{"-c:v", "mpeg4"})...), "codec"},
		"other pixels":       {film(t, join(picture2s, []string{"-c:v", "libx264", "-pix_fmt", "yuv444p"})...), "codec"},
		"two pictures":       {film(t, join(picture2s, picture2s, []string{"-map", "0", "-map", "1"}, h264)...), "tracks"},
		"subtitles":          {film(t, join(picture2s, []string{"-i", titles}, h264, []string{"-c:s", "mov_text"})...), "tracks"},
		"sound alone":        {film(t, join(tone2s, []string{"-c:a", "aac"})...), "voice"},
		"boxes are broken":   {broken, "decode"},
		"cut before its end": {good[:len(good)/2], "decode"},
		"a header alone":     {good[:32], "decode"},
		"a picture":          {jpegOf(t, picture(64, 48)), "type"},
		"and also a package": {append(bytes.Clone(good), []byte("PK\x03\x04....PK\x05\x06..................")...), "polyglot"},
		"seventeen minutes":  {film(t, "-f", "lavfi", "-i", "color=size=16x16:rate=1:duration=1020", "-c:v", "libx264", "-pix_fmt", "yuv420p"), "length"},
	} {
		if r := remuxed(t, s, tt.bytes, false); r.Reason != tt.want || len(r.Data) > 0 {
			t.Errorf("%s: %q, want %q", name, r.Reason, tt.want)
		}
	}
}
