// Package typedcode writes secrets that a person reads from one screen and
// types at another, and says at once which group was mistyped.
//
// A code is Crockford's base 32 (no I, L, O, U) in groups of five, for example
// 7KQ2M-0ZD4V: four symbols carry 20 bits, the fifth checks its group. Over the
// field of 32 elements every group satisfies
//
//	s0 + a·s1 + a²·s2 + a³·s3 + a⁴·s4 = k(index, groups)
//
// with distinct non-zero weights, so one wrong symbol and any two symbols of a
// group changed over are always found, and because k differs between places, so
// are groups in the wrong order and a code with a group too few. The check
// finds slips of the hand; it does not protect against anybody.
package typedcode

import (
	"fmt"
	"strings"

	"github.com/matoi119/matoi/internal/fault"
)

const (
	alphabet  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	dataInGrp = 4
	groupSize = dataInGrp + 1
	bitsInGrp = dataInGrp * 5
	maxGroups = 16
)

// Encode writes data; its length must be a whole number of groups of 20 bits,
// that is a multiple of five bytes, at most forty.
func Encode(data []byte) string {
	groups := len(data) * 8 / bitsInGrp
	if groups*bitsInGrp != len(data)*8 || groups == 0 || groups > maxGroups {
		panic(fmt.Sprintf("typedcode: %d bytes do not fill whole groups", len(data)))
	}
	var out strings.Builder
	bits, have, next := uint32(0), 0, 0
	for g := range groups {
		if g > 0 {
			out.WriteByte('-')
		}
		var s [groupSize]byte
		for i := range dataInGrp {
			if have < 5 {
				bits, have, next = bits<<8|uint32(data[next]), have+8, next+1
			}
			have -= 5
			s[i] = byte(bits>>have) & 31
		}
		s[dataInGrp] = check(s, g, groups)
		for _, v := range s {
			out.WriteByte(alphabet[v])
		}
	}
	return out.String()
}

// Decode reads a code of exactly size bytes as typed: lower case, full-width
// letters, missing or extra separators are forgiven, and O, I, L are read as 0,
// 1, 1. The failure names the group that cannot be right.
func Decode(typed string, size int) ([]byte, error) {
	symbols, err := symbolsOf(typed)
	if err != nil {
		return nil, err
	}
	groups := size * 8 / bitsInGrp
	if len(symbols) != groups*groupSize {
		return nil, fault.New(fault.Invalid, "code.length", "have", fmt.Sprint(len(symbols)), "want", fmt.Sprint(groups*groupSize))
	}
	data := make([]byte, 0, size)
	bits, have := uint32(0), 0
	for g := range groups {
		s := [groupSize]byte(symbols[g*groupSize:])
		if check(s, g, groups) != s[dataInGrp] {
			return nil, fault.New(fault.Invalid, "code.group", "group", fmt.Sprint(g+1))
		}
		for _, v := range s[:dataInGrp] {
			bits, have = bits<<5|uint32(v), have+5
			if have >= 8 {
				have -= 8
				data = append(data, byte(bits>>have))
			}
		}
	}
	return data, nil
}

func symbolsOf(typed string) ([]byte, error) {
	var symbols []byte
	for _, r := range typed {
		if r >= '！' && r <= '～' { // the input method was on
			r = r - '！' + '!'
		}
		switch r {
		case '-', ' ', '\u3000', '\t', '\n', '\r', '‐', 'ー', '－', '−':
			continue
		case 'o', 'O':
			r = '0'
		case 'i', 'I', 'l', 'L':
			r = '1'
		}
		if r >= 'a' && r <= 'z' {
			r += 'A' - 'a'
		}
		at := -1
		if r < 0x80 {
			at = strings.IndexByte(alphabet, byte(r))
		}
		if at < 0 || len(symbols) == maxGroups*groupSize {
			return nil, fault.New(fault.Invalid, "code.symbol", "place", fmt.Sprint(len(symbols)+1))
		}
		symbols = append(symbols, byte(at))
	}
	return symbols, nil
}

// check is the fifth symbol that satisfies the group's equation.
func check(s [groupSize]byte, index, groups int) byte {
	// The place and the number of groups both go in: below 16 each, mapped one
	// to one for codes of one length, and different between lengths.
	sum := byte((index*2 + groups) & 31)
	weight := byte(1)
	for _, v := range s[:dataInGrp] {
		sum ^= multiply(weight, v)
		weight = multiply(weight, 2)
	}
	return multiply(sum, inverse(weight))
}

// multiply in the field GF(32) = GF(2)[a]/(a⁵+a²+1); a is written 2.
func multiply(x, y byte) byte {
	var p byte
	for ; y != 0; y >>= 1 {
		if y&1 != 0 {
			p ^= x
		}
		if x <<= 1; x&32 != 0 {
			x ^= 0b100101
		}
	}
	return p
}

// inverse by Fermat: x³⁰, because the field has 31 non-zero elements.
func inverse(x byte) byte {
	p := byte(1)
	for range 30 {
		p = multiply(p, x)
	}
	return p
}
