package sandbox

import "bytes"

// kindOf is the type of the content itself, "" for everything that is not
// carried: what a sender says of its bytes is compared with it and never used.
func kindOf(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return "image/webp"
	case len(b) >= 12 && string(b[4:8]) == "ftyp" && mp4Brands[string(b[8:12])]:
		return "video/mp4"
	}
	return ""
}

// mp4Brands are the brands of files that cameras and telephones call MP4. Still
// pictures in the same boxes (HEIC, AVIF) have others.
var mp4Brands = map[string]bool{
	"isom": true, "iso2": true, "iso4": true, "iso5": true, "iso6": true, "mp41": true, "mp42": true, "avc1": true, "M4V ": true, "MSNV": true,
	"dash": true, "3gp4": true, "3gp5": true, "3gp6": true, "qt  ": true,
}

const (
	pdfWithin = 1 << 10 // a reader of documents looks for its sign so far
	zipWithin = 65557   // an archive ends with its directory, at most so far from the end
)

// polyglot reports whether bytes that are a picture or a video are at the same
// time a document or an archive: nobody sends that from the scene of a fire.
// Other bytes behind the end of a picture are no reason; the copy does not have
// them.
func polyglot(b []byte) bool {
	head, tail := b[:min(len(b), pdfWithin)], b[max(0, len(b)-zipWithin):]
	return bytes.Contains(head, []byte("%PDF-")) || bytes.Contains(tail, []byte("PK\x05\x06")) && bytes.Contains(b, []byte("PK\x03\x04"))
}
