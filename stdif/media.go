package stdif

import "strings"

// carried are the types of media that this interface carries: pictures and
// video that a headquarters can decode, re-encode and show (S3-L8).
var carried = [...]string{"image/jpeg", "image/png", "image/webp", "video/mp4"}

// CarriedMedia returns the media types that are carried.
func CarriedMedia() []string { return append([]string(nil), carried[:]...) }

// Validate returns the fault for which the medium is refused. Voice is named
// as such: 音声通話は行わない (S3-L8); the sound of a video is taken off later,
// where the bytes are at hand.
func (m Media) Validate() *Problem {
	f := new(finding)
	f.id("/id", m.ID)
	if m.ReportID != "" {
		f.id("/reportId", m.ReportID)
	}
	m.checkType(f)
	switch {
	case m.Bytes < 0:
		f.refuse(CodeSyntax, "/bytes", "a size is not negative")
	case m.Bytes > MaxMediaBytes:
		f.refuse(CodeTooLarge, "/bytes", "medium is over the limit")
	}
	if m.SHA256 != "" && !isDigest(m.SHA256) { // absent: the bytes come later
		f.refuse(CodeMediaDigest, "/sha256", "a digest is 64 lower-case hexadecimal digits")
	}
	f.short("/label", m.Label)
	f.additional("/additional", m.Additional)
	return f.fault
}

func (m Media) checkType(f *finding) {
	kind := mediaType(m.MIME)
	switch {
	case kind == "":
		f.refuse(CodeMissing, "/mime", whyMissing)
	case IsVoice(kind):
		f.refuse(CodeVoice, "/mime", "voice is not carried on this interface")
	default:
		for _, known := range carried {
			if kind == known {
				return
			}
		}
		f.refuse(CodeMediaType, "/mime", "type of media is not carried: JPEG, PNG, WebP and MP4 are")
	}
}

// IsVoice reports whether a media type is sound alone.
func IsVoice(mime string) bool {
	switch kind := mediaType(mime); {
	case strings.HasPrefix(kind, "audio/"), kind == "application/ogg", kind == "application/sdp":
		return true
	}
	return false
}

// mediaType returns a media type without its parameters, in lower case.
func mediaType(mime string) string {
	kind, _, _ := strings.Cut(mime, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

func isDigest(text string) bool {
	if len(text) != 64 {
		return false
	}
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
