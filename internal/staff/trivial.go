package staff

import "strings"

// trivial reports whether a long password is nevertheless among the first that
// anybody would try: a short piece repeated, a run, or a well-known word with
// decoration. It is a fence against carelessness, not a measure of strength; a
// list of leaked passwords does not fit into a sealed room's update cycle.
func trivial(password string) bool {
	p := strings.ToLower(password)
	return fewCharacters(p) || repeated(p) || mostlyRuns(p) || decorated(p)
}

// fewCharacters: fewer than five different characters.
func fewCharacters(p string) bool {
	seen := map[rune]bool{}
	for _, r := range p {
		seen[r] = true
	}
	return len(seen) < 5
}

// repeated: the whole is one piece of at most half its length, again and again.
func repeated(p string) bool {
	r := []rune(p)
	for size := 1; size <= len(r)/2; size++ {
		same := true
		for i := size; i < len(r) && same; i++ {
			same = r[i] == r[i-size]
		}
		if same {
			return true
		}
	}
	return false
}

// rows are the orders in which fingers run.
const rows = "abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop asdfghjkl zxcvbnm 1qaz2wsx3edc4rfv5tgb6yhn7ujm !@#$%^&*() !\"#$%&'()"

// mostlyRuns: three quarters of the characters stand in runs of four or more
// along the alphabet, the digits or the keyboard, up or down.
func mostlyRuns(p string) bool {
	r := []rune(p)
	inRun := 0
	for i := 0; i < len(r); {
		n := runAt(r[i:])
		if n >= 4 {
			inRun += n
			i += n
			continue
		}
		i++
	}
	return inRun*4 >= len(r)*3
}

// runAt is the length of the longest run that r starts with.
func runAt(r []rune) int {
	best := 1
	for n := 2; n <= len(r); n++ {
		piece := string(r[:n])
		if !strings.Contains(rows, piece) && !strings.Contains(rows, reverse(piece)) {
			break
		}
		best = n
	}
	return best
}

func reverse(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// wellKnown is what a fire headquarters would choose first. Longer entries
// stand before those that they contain.
const wellKnown = "passphrase password passwd p@ssw0rd passw0rd p@ssword pa55word administrator admin letmein welcome iloveyou changeme " +
	"qwerty dragon monkey sunshine princess football baseball master login guest test user root " +
	"shoubouhonbu shobohonbu shoubou shobo shirei kyukyu kyuukyuu kaji honbu honnbu matoi fire119 ambulance rescue emergency dispatch console fire " +
	"パスワード 消防本部 消防 指令台 指令 救急 火事 緊急 通報 管理者"

// decorated: after the well-known words are taken out, fewer than four letters
// are left among digits and signs. That also refuses dates and telephone numbers.
func decorated(p string) bool {
	for word := range strings.FieldsSeq(wellKnown) {
		p = strings.ReplaceAll(p, word, "")
	}
	rest := 0
	for _, r := range p {
		if r >= 'a' && r <= 'z' || r > 0x7f {
			rest++
		}
	}
	return rest < 4
}
