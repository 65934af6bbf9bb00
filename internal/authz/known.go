package authz

import (
	"strconv"
	"strings"
	"sync"
)

// question is everything that a decision depends on which is not about one
// particular thing: the rules are compiled in, and the principal's entity is made
// of these alone. The same question has the same answer for ever, so a role that
// is taken away is another question and is refused at once.
type question struct {
	kind  Kind
	id    string
	roles string
	right Right
	on    string // type of what is acted on, "" = the headquarters as a whole
}

func questionOf(p Principal, r Right, on string) question {
	var roles []byte
	for _, role := range p.Roles { // with lengths, so that no two lists read alike
		roles = strconv.AppendInt(roles, int64(len(role)), 10)
		roles = append(append(roles, ':'), role...)
	}
	for _, scope := range p.Scopes {
		roles = strconv.AppendInt(append(roles, '/'), int64(len(scope)), 10)
		roles = append(append(roles, ':'), scope...)
	}
	return question{kind: p.Kind, id: p.ID, roles: string(roles), right: r, on: on}
}

// alike finds the types whose things the rules cannot tell apart: things have no
// attributes and no parents, none of them is a principal, so only a rule that
// names one of them (Report::"…") could.
func alike(text string) map[string]bool {
	out := map[string]bool{}
	for _, t := range []string{"Report", "Terminal", "Console"} {
		out[t] = !strings.Contains(text, t+"::")
	}
	return out
}

// known remembers answers. A decision by the rules costs some µs and is asked
// for each frame, request and timer.
type known struct {
	mu sync.RWMutex
	of map[question]Decision
}

const mostKnown = 8192

func (k *known) get(q question) (Decision, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	d, ok := k.of[q]
	return d, ok
}

func (k *known) put(q question, d Decision) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil || len(k.of) >= mostKnown {
		k.of = map[question]Decision{}
	}
	k.of[q] = d
}
