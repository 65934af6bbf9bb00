package japanese

import (
	"strings"

	"github.com/matoi119/matoi/stdif"
)

// kinds are words of dispatch notices with their common code. The vocabulary of
// notices is nobody's standard: a word that is not here is kept as a label, with
// the code other. The first that is found decides, so the more telling stand
// first: 救急支援 is an engine that helps an ambulance and no fire.
var kinds = [...]struct{ word, code string }{
	{"救急", stdif.KindEMS}, {"pa連携", stdif.KindEMS}, {"pa出動", stdif.KindEMS}, {"急病", stdif.KindEMS}, {"一般負傷", stdif.KindEMS},
	{"火災", stdif.KindFire}, {"火事", stdif.KindFire}, {"ぼや", stdif.KindFire}, {"救助", stdif.KindRescue}, {"水難", stdif.KindRescue},
	{"山岳", stdif.KindRescue}, {"閉じ込め", stdif.KindRescue},
}

// Kind returns the common code for a word of a notice. 自動火災報知 is a bell that
// rings, 火災警戒 a patrol: neither is a fire.
func Kind(word string) string {
	folded := Fold(word)
	if strings.Contains(folded, "火災報知") || strings.Contains(folded, "火災警戒") || strings.Contains(folded, "火災予防") {
		return stdif.KindOther
	}
	for _, k := range kinds {
		if strings.Contains(folded, k.word) {
			return k.code
		}
	}
	return stdif.KindOther
}
