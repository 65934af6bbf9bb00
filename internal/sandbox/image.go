package sandbox

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

const quality = 85 // of a shown JPEG

// remake reads a picture and encodes what is seen anew. It runs in a child.
func remake(stated string, in io.Reader) Result {
	b, err := io.ReadAll(io.LimitReader(in, MaxImageBytes+1))
	if err != nil {
		return Result{Reason: reasonDecode}
	}
	kind := kindOf(b)
	if kind == "" || kind != stated || kind == "video/mp4" {
		return Result{Reason: reasonType}
	}
	if len(b) > MaxImageBytes {
		return Result{Reason: reasonPixels}
	}
	if polyglot(b) {
		return Result{Reason: reasonPolyglot}
	}
	img, reason := decode(kind, b)
	if reason != "" {
		return Result{Reason: reason}
	}
	about := readExif(exifOf(kind, b))
	out := turn(fit(img), about.orientation)
	r := Result{Width: out.Bounds().Dx(), Height: out.Bounds().Dy(), Location: about.location}
	var data bytes.Buffer
	if opaque(out) {
		r.MIME = "image/jpeg"
		err = jpeg.Encode(&data, out, &jpeg.Options{Quality: quality})
	} else {
		r.MIME = "image/png"
		err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&data, out)
	}
	if err != nil {
		return Result{Reason: reasonDecode}
	}
	if data.Len() > maxResult-4096 {
		return Result{Reason: reasonPixels}
	}
	r.Data = data.Bytes()
	return r
}

type decoder struct {
	config func(io.Reader) (image.Config, error)
	image  func(io.Reader) (image.Image, error)
}

var decoders = map[string]decoder{
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode},
	"image/png":  {png.DecodeConfig, png.Decode},
	"image/webp": {webp.DecodeConfig, webp.Decode},
}

// decode looks at the size in the header before it decodes anything.
func decode(kind string, b []byte) (image.Image, string) {
	d := decoders[kind]
	c, err := d.config(bytes.NewReader(b))
	if _, ok := errors.AsType[png.UnsupportedError](err); ok {
		return nil, reasonDecode
	}
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return nil, reasonDecode
	}
	if int64(c.Width)*int64(c.Height) > MaxPixels {
		return nil, reasonPixels
	}
	img, err := d.image(bytes.NewReader(b))
	if err != nil || img.Bounds().Dx() != c.Width || img.Bounds().Dy() != c.Height {
		return nil, reasonDecode
	}
	return img, ""
}

// fit makes a picture no larger than a console can use.
func fit(img image.Image) image.Image {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	longer := max(w, h)
	if longer <= maxEdge {
		return img
	}
	w, h = max(1, w*maxEdge/longer), max(1, h*maxEdge/longer)
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), img, img.Bounds(), draw.Src, nil)
	return small
}

func opaque(img image.Image) bool {
	o, ok := img.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

// turn applies the orientation of EXIF (1 … 8), which the copy no longer says.
func turn(img image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	src := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(src, src.Bounds(), img, b.Min, draw.Src)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	lastX, lastY := b.Dx()-1, b.Dy()-1
	for y := range h {
		for x := range w {
			sx, sy := from(orientation, x, y, lastX, lastY)
			*(*[4]uint8)(out.Pix[y*out.Stride+4*x:]) = *(*[4]uint8)(src.Pix[sy*src.Stride+4*sx:])
		}
	}
	return out
}

// from says which pixel of the stored picture stands at x, y of the upright one.
func from(orientation, x, y, lastX, lastY int) (int, int) {
	switch orientation {
	case 2:
		return lastX - x, y
	case 3:
		return lastX - x, lastY - y
	case 4:
		return x, lastY - y
	case 5:
		return y, x
	case 6:
		return y, lastY - x
	case 7:
		return lastX - y, lastY - x
	}
	return lastX - y, x // 8
}
