package markup

import (
	"bytes"
	"mime"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/matoi119/matoi/stdif"
)

// declared finds the encoding that an XML declaration names. The declaration
// itself is ASCII in every encoding that is read here without a mark.
var declared = regexp.MustCompile(`^<\?xml[ \t\r\n][^>]*?encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][A-Za-z0-9._-]*)["']`)

// ToUTF8 turns a document into UTF-8. What decides is the byte order mark, then
// the declaration, else UTF-8 (XML 1.0, appendix F); nothing is guessed from
// the text. Bytes that do not exist in the encoding refuse the document, with
// the place of the first one: a wrong character in an address sends an
// ambulance to a wrong door.
func ToUTF8(wire []byte) ([]byte, []stdif.Problem, *stdif.Problem) {
	switch {
	case bytes.HasPrefix(wire, []byte("\xef\xbb\xbf")):
		return checkedUTF8(wire, 3)
	case bytes.HasPrefix(wire, []byte("\xff\xfe")):
		return utf16(wire, unicode.LittleEndian)
	case bytes.HasPrefix(wire, []byte("\xfe\xff")):
		return utf16(wire, unicode.BigEndian)
	}
	name := "utf-8"
	if m := declared.FindSubmatch(wire[:min(len(wire), 512)]); m != nil {
		name = strings.ToLower(string(m[1]))
	}
	return decodeAs(wire, name)
}

func decodeAs(wire []byte, name string) ([]byte, []stdif.Problem, *stdif.Problem) {
	switch name {
	case "utf-8", "utf8", "":
		return checkedUTF8(wire, 0)
	case "us-ascii", "ascii":
		for i, c := range wire {
			if c >= utf8.RuneSelf {
				return nil, nil, wrongByte(i)
			}
		}
		return wire, nil, nil
	case "iso-8859-1", "latin1", "iso_8859-1", "l1":
		out, err := charmap.ISO8859_1.NewDecoder().Bytes(wire)
		if err != nil {
			return nil, nil, wrongByte(0)
		}
		return out, nil, nil
	case "shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j", "cp932", "ms932":
		return legacy(wire, japanese.ShiftJIS) // x/text holds the Windows set: ①, ㈱ and 髙 exist
	case "euc-jp", "eucjp", "x-euc-jp":
		return legacy(wire, japanese.EUCJP)
	case "iso-2022-jp", "csiso2022jp", "iso2022jp":
		return legacy(wire, japanese.ISO2022JP)
	}
	return nil, nil, stdif.Problemf(stdif.CodeEncoding, "byte 0", "an encoding that is not read here: UTF-8, UTF-16, ISO-8859-1, Shift_JIS, EUC-JP and ISO-2022-JP are")
}

func checkedUTF8(wire []byte, mark int) ([]byte, []stdif.Problem, *stdif.Problem) {
	for i := mark; i < len(wire); {
		r, size := utf8.DecodeRune(wire[i:])
		if r == utf8.RuneError && size == 1 {
			return nil, nil, wrongByte(i)
		}
		i += size
	}
	return wire[mark:], nil, nil
}

// utf16 reads UTF-16 after its mark; a lone half of a pair is a wrong byte.
func utf16(wire []byte, order unicode.Endianness) ([]byte, []stdif.Problem, *stdif.Problem) {
	body := wire[2:]
	if len(body)%2 == 1 {
		return nil, nil, wrongByte(len(wire) - 1)
	}
	unit := func(i int) uint16 {
		if order == unicode.LittleEndian {
			return uint16(body[i]) | uint16(body[i+1])<<8
		}
		return uint16(body[i])<<8 | uint16(body[i+1])
	}
	for i := 0; i < len(body); i += 2 {
		switch u := unit(i); {
		case u >= 0xd800 && u < 0xdc00 && i+2 < len(body) && unit(i+2) >= 0xdc00 && unit(i+2) < 0xe000:
			i += 2
		case u >= 0xd800 && u < 0xe000:
			return nil, nil, wrongByte(2 + i)
		}
	}
	out, err := unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder().Bytes(body)
	if err != nil {
		return nil, nil, wrongByte(2)
	}
	return out, nil, nil
}

// legacy reads a Japanese encoding. Its decoder writes a replacement sign for
// what does not exist, and the sign itself exists in none of them.
func legacy(wire []byte, e encoding.Encoding) ([]byte, []stdif.Problem, *stdif.Problem) {
	out, err := e.NewDecoder().Bytes(wire)
	if err != nil {
		return nil, nil, wrongByte(0)
	}
	if i := bytes.IndexRune(out, utf8.RuneError); i >= 0 {
		before, err := e.NewEncoder().Bytes(out[:i])
		if err != nil {
			return nil, nil, wrongByte(0)
		}
		return nil, nil, wrongByte(len(before))
	}
	if e != japanese.ISO2022JP && utf8.Valid(wire) && len(out) != len(wire) {
		return out, []stdif.Problem{{
			Code: stdif.CodeEncoding, Place: "byte 0",
			Detail: "read as declared, but the bytes would be UTF-8 as well: check against the raw",
		}}, nil
	}
	return out, nil, nil
}

// utf16Declared reads UTF-16 without a mark in the order that its name says; big
// end first where the name says none (RFC 2781, §4.3).
func utf16Declared(wire []byte, name string) ([]byte, []stdif.Problem, *stdif.Problem) {
	if name == "utf-16le" {
		return utf16(append([]byte{0xff, 0xfe}, wire...), unicode.LittleEndian)
	}
	return utf16(append([]byte{0xfe, 0xff}, wire...), unicode.BigEndian)
}

// Plain reads text that says nothing of its own encoding: as its carrier
// declares it, else by its mark, else as UTF-8. Bytes that are none of this are
// read only if one Japanese table alone holds all of them; what is nearly UTF-8
// is broken UTF-8, although Shift_JIS has a character for many of its pairs.
func Plain(wire []byte, charset string) (string, []stdif.Problem, *stdif.Problem) {
	for _, mark := range [...]string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(wire, []byte(mark)) {
			out, warnings, p := ToUTF8(wire)
			return string(out), warnings, p
		}
	}
	if charset = strings.ToLower(charset); charset != "" {
		read := decodeAs
		if strings.HasPrefix(charset, "utf-16") {
			read = utf16Declared
		}
		out, warnings, p := read(wire, charset)
		return string(out), warnings, p
	}
	escaped := bytes.Contains(wire, []byte("\x1b$")) || bytes.Contains(wire, []byte("\x1b("))
	if utf8.Valid(wire) && !escaped {
		return string(wire), nil, nil
	}
	if !escaped && nearlyUTF8(wire) {
		_, _, p := checkedUTF8(wire, 0)
		return "", nil, p
	}
	found := ""
	var text []byte
	for _, name := range [...]string{"iso-2022-jp", "shift_jis", "euc-jp"} {
		if (name == "iso-2022-jp") != escaped {
			continue
		}
		out, _, p := decodeAs(wire, name)
		if p != nil {
			continue
		}
		if found != "" {
			return "", nil, stdif.Problemf(stdif.CodeEncoding, "byte 0", "no encoding is declared, and more than one fits")
		}
		found, text = name, out
	}
	if found == "" {
		return "", nil, stdif.Problemf(stdif.CodeEncoding, "byte 0", "no encoding is declared, and none fits")
	}
	return string(text), []stdif.Problem{{Code: stdif.CodeEncoding, Place: "byte 0",
		Detail: "no encoding is declared: read as " + found + ", the only one that fits; check against the raw"}}, nil
}

// Declared returns an XML document in UTF-8 where it does not say its encoding
// itself and its carrier does (RFC 7303, §3.2); else as it came.
func Declared(wire []byte, contentType string) ([]byte, *stdif.Problem) {
	_, parameters, err := mime.ParseMediaType(contentType)
	charset := strings.ToLower(parameters["charset"])
	if err != nil || charset == "" || charset == "utf-8" || declared.Match(wire[:min(len(wire), 512)]) || len(wire) > stdif.MaxFrame {
		return wire, nil
	}
	for _, mark := range [...]string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(wire, []byte(mark)) {
			return wire, nil
		}
	}
	out, _, p := decodeAs(wire, charset)
	return out, p
}

// nearlyUTF8 reports whether more of the bytes above ASCII stand in whole
// characters of UTF-8 than do not.
func nearlyUTF8(wire []byte) bool {
	good, bad := 0, 0
	for i := 0; i < len(wire); {
		r, size := utf8.DecodeRune(wire[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			good += size
		}
		i += size
	}
	return good > bad
}

func wrongByte(at int) *stdif.Problem {
	return stdif.Problemf(stdif.CodeEncoding, "byte "+strconv.Itoa(at), "not a character of the encoding that the document declares")
}

// Text reads plain text in the encoding that its carrier declares; UTF-8 where
// it declares none.
func Text(wire []byte, charset string) (string, *stdif.Problem) {
	out, _, p := decodeAs(wire, strings.ToLower(charset))
	return string(out), p
}
