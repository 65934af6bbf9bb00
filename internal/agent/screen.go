package agent

import (
	"net/http"
	"time"

	"github.com/matoi119/matoi/internal/agent/guardian"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// startScreen keeps the guardian of the screen, where there is one to see.
func (a *Agent) startScreen() {
	if a.c.Screen == nil {
		return
	}
	c := *a.c.Screen
	c.Changed, c.Log = a.hub.changed, a.log
	a.screen = guardian.NewKeeper(c)
	a.running.Go(func() { a.screen.Run(a.ctx) })
}

// screenPlane shows the screen to the headquarters (S3-1-2-1) and takes its input
// (S3-1-2-2). It has a fate of its own: the data plane knows nothing of it.
func (a *Agent) screenPlane(w http.ResponseWriter, r *http.Request) {
	if a.screen == nil {
		refuseAs(w, http.StatusNotFound, stdif.Problemf(stdif.CodeScreen, "", "this terminal transfers no screen"), false)
		return
	}
	conn, err := open1.AcceptScreen(w, r)
	if err != nil {
		return // AcceptScreen answered
	}
	a.log.Info("the headquarters sees the screen")
	a.screen.Serve(a.ctx, conn)
	a.log.Info("the headquarters does not see the screen any more")
}

func (a *Agent) screenState() guardian.State {
	if a.screen == nil {
		return guardian.State{State: guardian.Absent}
	}
	return a.screen.State()
}

// pageScreen is what the person at the terminal is told of its screen.
type pageScreen struct {
	State   string       `json:"state"` // absent, ready, down
	Code    stdif.Code   `json:"code"`  // while down
	Viewers []pageViewer `json:"viewers"`
}

// pageViewer is one console that sees the screen now.
type pageViewer struct {
	Console  string    `json:"console"`
	Person   string    `json:"person"`
	Operates bool      `json:"operates"`
	Recorded bool      `json:"recorded"`
	Since    time.Time `json:"since"`
}

func (a *Agent) pageScreen() pageScreen {
	s := a.screenState()
	out := pageScreen{State: s.State, Code: s.Code, Viewers: []pageViewer{}}
	for _, v := range s.Viewers {
		out.Viewers = append(out.Viewers, pageViewer(v))
	}
	return out
}
