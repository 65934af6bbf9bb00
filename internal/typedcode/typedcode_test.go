package typedcode

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/matoi119/matoi/internal/fault"
)

func sample(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestRoundTripAndForgivenTyping(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{5, 10, 20, 40} {
		for range 200 {
			want := sample(r, size)
			code := Encode(want)
			for _, typed := range []string{
				code, strings.ToLower(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "-", "ー") + "\n",
				strings.NewReplacer("0", "o", "1", "l", "7", "７", "A", "Ａ").Replace(code),
			} {
				got, err := Decode(typed, size)
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("Decode(%q) = %x, %v; want %x", typed, got, err, want)
				}
			}
		}
	}
}

// Every single wrong symbol, at every place, with every other symbol.
func TestOneWrongSymbolIsAlwaysFound(t *testing.T) {
	code := strings.ReplaceAll(Encode(sample(rand.New(rand.NewPCG(3, 4)), 20)), "-", "")
	for at := range code {
		for _, other := range alphabet {
			if byte(other) == code[at] {
				continue
			}
			wrong := code[:at] + string(other) + code[at+1:]
			_, err := Decode(wrong, 20)
			f := fault.As(err)
			if f == nil || f.Key != "code.group" {
				t.Fatalf("symbol %d as %c: %v, want code.group", at, other, err)
			}
			if want := string(rune('1' + at/groupSize)); f.Args["group"] != want {
				t.Fatalf("symbol %d blamed on group %s, want %s", at, f.Args["group"], want)
			}
		}
	}
}

func TestSymbolsAndGroupsChangedOverAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		code := strings.ReplaceAll(Encode(sample(r, 20)), "-", "")
		for g := 0; g < len(code); g += groupSize {
			for i := g; i < g+groupSize; i++ {
				for j := i + 1; j < g+groupSize; j++ {
					if code[i] == code[j] {
						continue
					}
					b := []byte(code)
					b[i], b[j] = b[j], b[i]
					if _, err := Decode(string(b), 20); err == nil {
						t.Fatalf("%s with %d and %d changed over was taken", code, i, j)
					}
				}
			}
		}
		groups := strings.Split(Encode(sample(r, 20)), "-")
		i, j := r.IntN(8), r.IntN(8)
		if groups[i] == groups[j] {
			continue
		}
		groups[i], groups[j] = groups[j], groups[i]
		if _, err := Decode(strings.Join(groups, "-"), 20); err == nil {
			t.Fatalf("groups %d and %d changed over were taken", i, j)
		}
	}
}

func TestRefusals(t *testing.T) {
	code := Encode(make([]byte, 20))
	for typed, key := range map[string]string{
		"": "code.length", code[:len(code)-6]: "code.length", code + "-00000": "code.length",
		"*" + code[1:]: "code.symbol", "U" + code[1:]: "code.symbol", "漢" + code[1:]: "code.symbol",
		strings.Repeat("0", 1000): "code.symbol",
	} {
		_, err := Decode(typed, 20)
		if f := fault.As(err); f == nil || f.Key != key || f.Kind != fault.Invalid {
			t.Errorf("Decode(%q) = %v, want %s", typed, err, key)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode(make([]byte, 20)))
	f.Add("ー－ ０o")
	f.Fuzz(func(t *testing.T, typed string) {
		data, err := Decode(typed, 20)
		if err != nil {
			return
		}
		if again, err := Decode(Encode(data), 20); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%q: %x then %x, %v", typed, data, again, err)
		}
	})
}
