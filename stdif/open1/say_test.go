package open1

import (
	"strings"
	"testing"

	"github.com/matoi119/matoi/stdif"
)

// Only Seen may tell a caller that the fire service has noticed; whoever is not
// seen yet and cannot count on it reads how else to call.
func TestSayFor(t *testing.T) {
	for _, step := range []stdif.AckStep{stdif.Spooled, stdif.Received, stdif.Integrated, stdif.Seen, stdif.Refused, "", "new"} {
		for _, linked := range []bool{true, false} {
			s := SayFor(step, linked)
			if s.Ja == "" || s.En == "" {
				t.Errorf("%s: nothing to say", step)
			}
			if noticed := strings.Contains(s.Ja, "確認しました"); noticed != (step == stdif.Seen) {
				t.Errorf("%s linked %v says %q", step, linked, s.Ja)
			}
			if strings.Contains(s.En, "has seen") != (step == stdif.Seen) {
				t.Errorf("%s linked %v says %q", step, linked, s.En)
			}
			notThere := step == stdif.Spooled || step == "" || step == "new"
			if strings.HasPrefix(s.Ja, "消防にはまだ届いていません。") != notThere {
				t.Errorf("%s linked %v says %q", step, linked, s.Ja)
			}
			other := step == stdif.Refused || notThere || !linked && step != stdif.Seen
			if strings.Contains(s.Ja, "ほかの方法") != other || strings.Contains(s.En, "another way") != other {
				t.Errorf("%s linked %v: how else to call is %v: %q", step, linked, !other, s.Ja)
			}
		}
	}
	if got := SayFor(stdif.Seen, false); got.Ja != "消防が確認しました。" {
		t.Errorf("seen says %q", got.Ja)
	}
}
