package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// Limits of a video.
const (
	MaxDuration    = 15 * time.Minute
	maxVideoPixels = 4096 * 2304
	maxProbe       = 64 << 10
	posterEdge     = 1280

	reasonVoice  = "voice"
	reasonCodec  = "codec"
	reasonTracks = "tracks"
	reasonLength = "length"
)

// ErrNoTool means that no program for videos is installed.
var ErrNoTool = errors.New("no program for videos (ffmpeg) is installed")

// CheckVideo is Check for videos: the program for them must be there, and the
// kernel must be able to fence it.
func (s *Sandbox) CheckVideo(ctx context.Context) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	return s.video
}

// checkVideo lets a child fence itself as a program of somebody else is fenced,
// and try to read our own binary.
func (s *Sandbox) checkVideo(ctx context.Context) error {
	for _, tool := range []*string{&s.FFmpeg, &s.FFprobe} {
		name := map[*string]string{&s.FFmpeg: "ffmpeg", &s.FFprobe: "ffprobe"}[tool]
		if *tool == "" {
			*tool = filepath.Join("/usr/bin", name) // the only place that the fence lets it run from
		}
		if _, err := os.Stat(*tool); err != nil {
			return ErrNoTool
		}
	}
	secret, err := os.CreateTemp("", "matoi-fence-")
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	defer os.Remove(secret.Name())
	defer secret.Close() //nolint:errcheck // nothing was written
	var out bytes.Buffer
	if err := s.run(ctx, job{name: jobCheckExec, args: []string{secret.Name()}}, nil, &out); err != nil || out.String() != checkPassed {
		return fmt.Errorf("%w: %s (%w)", ErrNoSandbox, out.String(), errors.Join(err, errNotConfined))
	}
	return nil
}

// Video makes an inert copy of an MP4 with H.264: the picture's track, re-muxed
// without anything that the sender wrote around it, and a poster frame. Its
// sound is left out unless sound is set. The copy lies in memory alone until it
// is sealed.
func (s *Sandbox) Video(ctx context.Context, original io.Reader, size int64, sound bool) (Result, error) {
	if err := s.CheckVideo(ctx); err != nil {
		return Result{}, err
	}
	in, err := memory("original")
	if err != nil {
		return Result{}, err
	}
	defer in.Close() //nolint:errcheck // it lies in memory
	if size > stdif.MaxMediaBytes {
		return Result{Reason: reasonLength}, nil
	}
	if _, err := io.CopyN(in, original, size); err != nil {
		return Result{}, fmt.Errorf("sandbox: read the original: %w", err)
	}
	if reason := s.looks(in, size); reason != "" {
		return Result{Reason: reason}, nil
	}
	r, track, err := s.probe(ctx, in)
	if err != nil || r.Reason != "" {
		return r, err
	}
	return s.remux(ctx, in, r, track, sound)
}

// looks judges the bytes without understanding them.
func (s *Sandbox) looks(in *os.File, size int64) string {
	head := make([]byte, min(size, pdfWithin))
	tail := make([]byte, min(size, zipWithin))
	if _, err := in.ReadAt(head, 0); err != nil {
		return reasonDecode
	}
	if _, err := in.ReadAt(tail, size-int64(len(tail))); err != nil {
		return reasonDecode
	}
	if kindOf(head) != "video/mp4" {
		return reasonType
	}
	if polyglot(append(head, tail...)) {
		return reasonPolyglot
	}
	return ""
}

// input are the arguments with which a tool reads our memory and nothing else:
// one demuxer, no other protocol, no references to other files.
var input = []string{"-protocol_whitelist", "file,pipe", "-f", "mov", "-enable_drefs", "0", "-i", "/proc/self/fd/3"}

// tool runs a program of somebody else behind the fence. failed says that the
// program gave up, which is a verdict about its input.
func (s *Sandbox) tool(ctx context.Context, argv []string, most int, files ...*os.File) (out []byte, failed bool, err error) {
	w := &bounded{left: most}
	for _, f := range files {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, false, fmt.Errorf("sandbox: %w", err)
		}
	}
	err = s.run(ctx, job{name: jobExec, args: argv, files: files}, nil, w)
	if ctx.Err() != nil {
		return nil, false, ctx.Err()
	}
	if err != nil && !died(err) {
		return nil, false, err
	}
	return w.b, err != nil, nil
}

// streams is what ffprobe says of a file; only what is judged is read.
type streams struct {
	Streams []stream `json:"streams"`
	Format  struct {
		Duration string            `json:"duration"`
		Tags     map[string]string `json:"tags"`
	} `json:"format"`
}

type stream struct {
	Index       int    `json:"index"`
	Kind        string `json:"codec_type"`
	Codec       string `json:"codec_name"`
	Pixels      string `json:"pix_fmt"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Disposition struct {
		Cover int `json:"attached_pic"`
	} `json:"disposition"`
	Side []struct {
		Rotation float64 `json:"rotation"`
	} `json:"side_data_list"`
}

// tracks are the ones that go into the copy; -1 = none.
type tracks struct{ video, audio int }

func (s *Sandbox) probe(ctx context.Context, in *os.File) (Result, tracks, error) {
	argv := append([]string{s.FFprobe, "-v", "error", "-of", "json", "-show_entries",
		"stream=index,codec_type,codec_name,pix_fmt,width,height:stream_disposition=attached_pic:stream_side_data=rotation:format=duration:format_tags=location"}, input...)
	out, failed, err := s.tool(ctx, argv, maxProbe, in)
	if err != nil {
		return Result{}, tracks{}, err
	}
	var found streams
	if failed || json.Unmarshal(out, &found) != nil {
		return Result{Reason: reasonDecode}, tracks{}, nil
	}
	r, t := found.judge()
	return r, t, nil
}

// judge says what of a file goes into the copy, or why it is held back.
func (f streams) judge() (Result, tracks) {
	t := tracks{-1, -1}
	held := func(reason string) (Result, tracks) { return Result{Reason: reason}, t }
	var picture stream
	for _, s := range f.Streams {
		switch {
		case s.Kind == "video" && s.Disposition.Cover == 0 && t.video < 0:
			t.video, picture = s.Index, s
		case s.Kind == "audio" && t.audio < 0:
			t.audio = s.Index
			if s.Codec != "aac" {
				t.audio = math.MaxInt // it is there, and cannot be kept
			}
		default: // a second picture or sound, subtitles, data, attachments
			return held(reasonTracks)
		}
	}
	seconds, err := strconv.ParseFloat(f.Format.Duration, 64)
	switch {
	case t.video < 0 && t.audio >= 0:
		return held(reasonVoice)
	case t.video < 0 || err != nil || seconds <= 0 || math.IsNaN(seconds):
		return held(reasonDecode)
	case picture.Codec != "h264" || picture.Pixels != "yuv420p" && picture.Pixels != "yuvj420p":
		return held(reasonCodec)
	case picture.Width <= 0 || picture.Height <= 0 || picture.Width*picture.Height > maxVideoPixels:
		return held(reasonPixels)
	case seconds > MaxDuration.Seconds():
		return held(reasonLength)
	}
	r := Result{MIME: "video/mp4", Width: picture.Width, Height: picture.Height, Duration: time.Duration(seconds * float64(time.Second))}
	for _, side := range picture.Side {
		if int(math.Abs(side.Rotation))%180 == 90 {
			r.Width, r.Height = r.Height, r.Width
		}
	}
	r.Location = placeOfTag(f.Format.Tags["location"])
	return r, t
}

// placeOfTag reads where a video says that it was taken (ISO 6709:
// "+35.6812+139.7671/", with or without a height).
func placeOfTag(tag string) *stdif.Location {
	tag, ok := strings.CutSuffix(tag, "/")
	if !ok || len(tag) > 40 {
		return nil
	}
	var parts []float64
	for rest := tag; rest != ""; {
		end := strings.IndexAny(rest[1:], "+-")
		if end < 0 {
			end = len(rest) - 1
		}
		v, err := strconv.ParseFloat(rest[:end+1], 64)
		if err != nil || len(parts) == 3 {
			return nil
		}
		parts, rest = append(parts, v), rest[end+1:]
	}
	if len(parts) < 2 || !stdif.ValidPosition(parts[0], parts[1]) {
		return nil
	}
	l := &stdif.Location{Role: "media", Shape: "point", Lat: &parts[0], Lon: &parts[1], Method: "gnss"}
	if len(parts) == 3 {
		l.AltitudeM = &parts[2]
	}
	return l
}

// remux writes the copy and the poster.
func (s *Sandbox) remux(ctx context.Context, in *os.File, r Result, t tracks, sound bool) (_ Result, err error) {
	out, err := memory("copy")
	if err != nil {
		return Result{}, err
	}
	defer func() {
		if r.File == nil {
			err = errors.Join(err, out.Close())
		}
	}()
	argv := append([]string{s.FFmpeg, "-v", "error", "-nostdin", "-threads", "1"}, input...)
	argv = append(argv, "-map", "0:"+strconv.Itoa(t.video))
	if sound && t.audio >= 0 && t.audio < math.MaxInt {
		argv = append(argv, "-map", "0:"+strconv.Itoa(t.audio))
		r.Sound = true
	}
	argv = append(argv, "-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-movflags", "+faststart",
		"-f", "mp4", "-y", "/proc/self/fd/4")
	if _, failed, err := s.tool(ctx, argv, maxProbe, in, out); err != nil || failed {
		return Result{Reason: reasonDecode}, err
	}
	r.Poster, err = s.poster(ctx, out)
	if err != nil || len(r.Poster) == 0 {
		return Result{Reason: reasonDecode}, err
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	r.File = out
	return r, nil
}

// poster decodes the first frame of the copy, and lets the other child encode it
// anew: what a decoder of somebody else wrote is a stranger's picture too.
func (s *Sandbox) poster(ctx context.Context, video *os.File) ([]byte, error) {
	argv := append([]string{s.FFmpeg, "-v", "error", "-nostdin", "-threads", "1"}, input...)
	argv = append(argv, "-map", "0:v:0", "-frames:v", "1", "-an", "-vf", fmt.Sprintf("scale='min(%d,iw)':-2", posterEdge), "-threads", "1",
		"-c:v", "mjpeg", "-f", "mjpeg", "pipe:1")
	frame, failed, err := s.tool(ctx, argv, maxResult, video)
	if err != nil || failed {
		return nil, err
	}
	r, err := s.Image(ctx, "image/jpeg", bytes.NewReader(frame))
	return r.Data, err
}
