package agent

import (
	"net/http"
	"strconv"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// tally lists what this terminal holds, by number and without content: both
// sides are counted against each other after a drill (standard-interface §5.10).
func (a *Agent) tally(w http.ResponseWriter, r *http.Request) {
	after := make([]int64, 2)
	for i, name := range []string{"after", "inputs"} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			refuse(w, stdif.Problemf(stdif.CodeSyntax, name, "a number from 0 on"))
			return
		}
		after[i] = n
	}
	t, err := a.spool.Tally(r.Context(), after[0], after[1])
	if err != nil {
		a.fail(w, r, err)
		return
	}
	t.Clock = time.Now()
	w.Header().Set("Cache-Control", "no-store")
	reply(w, http.StatusOK, t)
}
