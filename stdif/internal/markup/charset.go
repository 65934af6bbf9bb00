package markup

import (
	"bytes"
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
	}
	return nil, nil, stdif.Problemf(stdif.CodeEncoding, "byte 0", "an encoding that is not read here: UTF-8, UTF-16 with mark, ISO-8859-1, Shift_JIS and EUC-JP are")
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
	if utf8.Valid(wire) && len(out) != len(wire) {
		return out, []stdif.Problem{{
			Code: stdif.CodeEncoding, Place: "byte 0",
			Detail: "read as declared, but the bytes would be UTF-8 as well: check against the raw",
		}}, nil
	}
	return out, nil, nil
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
