package agent

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// lives holds the newest picture of each live view, in memory only: nothing of
// it is spooled, and what nobody looks at is overwritten. The zero value is
// ready.
type lives struct {
	mu sync.Mutex
	of map[string]*live
}

// live is one live view.
type live struct {
	number int64
	at     time.Time
	jpeg   []byte
	wake   chan struct{} // closed and replaced at each picture
	asked  time.Time     // when the headquarters last asked for it
}

// maxLives bounds the memory: as many views at once, one picture each.
const maxLives = 16

func liveKey(service, report string) string { return service + "\x00" + report }

// put takes a picture. wait is above 0 when it came too soon after the last one.
func (l *lives) put(key string, jpeg []byte, now time.Time) (looked bool, wait time.Duration, full bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]*live{}
	}
	v := l.of[key]
	if v == nil {
		l.sweep(now)
		if len(l.of) >= maxLives {
			return false, 0, true
		}
		v = &live{wake: make(chan struct{})}
		l.of[key] = v
	}
	looked = now.Sub(v.asked) < 2*open1.LiveWait
	if soon := v.at.Add(stdif.LiveEvery).Sub(now); v.number > 0 && soon > 0 {
		return looked, soon, false
	}
	// Numbers grow over a view that was forgotten and came again.
	v.number, v.at, v.jpeg = max(v.number+1, now.UnixMilli()), now, jpeg
	close(v.wake)
	v.wake = make(chan struct{})
	return looked, 0, false
}

// sweep forgets views that nobody feeds any more. It owns l.mu.
func (l *lives) sweep(now time.Time) {
	for key, v := range l.of {
		if now.Sub(v.at) > stdif.LiveStale && now.Sub(v.asked) > stdif.LiveStale {
			delete(l.of, key)
		}
	}
}

// next returns the picture after that number, or what to wait for.
func (l *lives) next(key string, after int64, now time.Time) (number int64, at time.Time, jpeg []byte, wait <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]*live{}
	}
	v := l.of[key]
	if v == nil { // whoever asks first is what makes the service send
		l.sweep(now)
		if len(l.of) >= maxLives {
			return 0, at, nil, nil
		}
		v = &live{wake: make(chan struct{})}
		l.of[key] = v
	}
	v.asked = now
	if v.number <= after || now.Sub(v.at) > stdif.LiveStale {
		return 0, at, nil, v.wake
	}
	return v.number, v.at, v.jpeg, nil
}

// LookedHeader tells a service whether somebody looks: it may send fewer
// pictures while nobody does.
const LookedHeader = "Matoi-Looked-At"

// takeLive takes one picture of a live view: one JPEG, the newest counts.
func (a *Agent) takeLive(w http.ResponseWriter, r *http.Request, v spool.Service) {
	if r.Header.Get("Content-Type") != "image/jpeg" {
		refuse(w, stdif.Problemf(stdif.CodeMediaType, "Content-Type", "a live picture is image/jpeg"))
		return
	}
	rep, ok := a.known(w, r, v.ID)
	if !ok {
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(a.c.BodyTime)) // not supported by test recorders
	jpeg, err := io.ReadAll(io.LimitReader(r.Body, stdif.MaxLiveFrame+1))
	if err != nil {
		a.brokenBody(w, r)
		return
	}
	if len(jpeg) > stdif.MaxLiveFrame {
		refuse(w, stdif.Problemf(stdif.CodeTooLarge, "", "a live picture has at most %d bytes", stdif.MaxLiveFrame))
		return
	}
	if !bytes.HasPrefix(jpeg, []byte("\xff\xd8\xff")) {
		refuse(w, stdif.Problemf(stdif.CodeMediaType, "byte 0", "the bytes are not of the declared type"))
		return
	}
	looked, wait, full := a.live.put(liveKey(v.ID, rep.ID), jpeg, time.Now())
	w.Header().Set(LookedHeader, strconv.FormatBool(looked))
	switch {
	case full:
		w.Header().Set("Retry-After", "10")
		refuseAs(w, http.StatusServiceUnavailable, stdif.Problemf(stdif.CodeBusy, "", "%d live views are shown at once", maxLives), false)
	case wait > 0:
		w.Header().Set("Retry-After", "1")
		refuseAs(w, http.StatusTooManyRequests, stdif.Problemf(stdif.CodeTooLarge, "", "at most one picture in %s", stdif.LiveEvery), false)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// livePicture gives the headquarters the picture after the one it has, as soon
// as there is one: nothing is sent that nobody asked for.
func (a *Agent) livePicture(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil {
		after = 0
	}
	key := liveKey(r.PathValue("service"), r.PathValue("report"))
	give := time.NewTimer(open1.LiveWait)
	defer give.Stop()
	for {
		number, at, jpeg, wait := a.live.next(key, after, time.Now())
		if jpeg != nil {
			w.Header().Set("Content-Type", "image/jpeg")
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set(open1.FrameHeader, strconv.FormatInt(number, 10))
			w.Header().Set(open1.AtHeader, at.UTC().Format(time.RFC3339Nano))
			_, _ = w.Write(jpeg) // the other side may be gone
			return
		}
		select {
		case <-wait: // nil where there is no room: the request only waits
		case <-give.C:
			w.WriteHeader(http.StatusNoContent)
			return
		case <-r.Context().Done():
			return
		case <-a.ctx.Done():
			return
		}
	}
}
