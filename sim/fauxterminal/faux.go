// Package fauxterminal is a dedicated terminal that can misbehave: it speaks
// the headquarters' face of open/1 as docs/open1.md says and, when told to,
// does what real equipment does on a bad day — stalls, tears frames, skips and
// repeats numbers, forgets what was acknowledged, lies about itself. A gateway
// is tried against it. With the zero Manners it is an honest terminal without
// a disk: what it holds ends with the process, so it is of no use in service.
package fauxterminal

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Manners are the ways in which the terminal misbehaves. Counts of 0 are off.
type Manners struct {
	Silent       bool          // takes hello and never says anything again
	StallAfter   int           // says nothing more after so many frames of a connection
	NoPing       bool          // leaves the ping out
	CutAfter     int           // drops the connection after so many frames
	TornEvery    int           // cuts every nth frame in half
	BinaryEvery  int           // sends every nth frame as a binary message
	DoubleEvery  int           // sends every nth frame twice
	SkipEvery    int           // leaves out every nth frame of a connection
	Reorder      bool          // sends late frames from the newest to the oldest
	Forget       bool          // takes no notice of acknowledgements
	NewSpool     bool          // has a new spool id at every connection
	WrongVersion bool          // says v: "open/0"
	WrongName    bool          // says another terminal's id in its frames
	Oversize     bool          // sends a frame over the limit first
	Skew         time.Duration // added to its clock
	FailInputs   bool          // answers inputs with 500
	DenyInputs   bool          // takes no input
	SlowInputs   time.Duration // waits before it answers inputs
	LieHealth    bool          // says that it is storable, empty and ready, whatever is so

	Garble         bool // replaces a character of a report's text
	NoLate         bool // never sends what came while the headquarters was away
	OnlyIdle       bool // answers data requests only while nobody calls
	ForgetEnded    bool // answers no data request about a call that has ended
	DropInputs     bool // says that it took an input and drops it
	DoubleInputs   bool // takes the repeat of an input as another one
	TakeOutputOnly bool // declares its services as output-only and takes input
	WrongDigest    bool // gives out media with a byte changed

	Screen ScreenManners
}

// ScreenManners are the ways in which the screen misbehaves.
type ScreenManners struct {
	Absent        bool // there is none
	WrongSize     bool // tells a larger size than it has
	Unasked       bool // sends frames that nobody asked for
	TwoViewers    bool // lets a second viewer watch beside the first
	TwoOperators  bool // lets a second connection operate beside the first
	IgnorePointer bool
	IgnoreKeys    bool
	LetsGo        bool // lets go of a key that is held and beaten for
	KeysStay      bool // what is held when a connection breaks stays held
	SilentStay    bool // what is held stays held while the headquarters is silent
}

// Config names the terminal.
type Config struct {
	ID       string
	Services []open1.ServiceHealth // nil: one service "net119.example" that takes input
	Manners  Manners
	Clock    func() time.Time
	Silence  time.Duration // after which what is held is let go; 0 = 200 ms (docs/open1.md)
}

// Terminal is the terminal. Serve it with tls settings from open1.TerminalTLS,
// or with wrong ones to see them refused.
type Terminal struct {
	cfg Config

	mu      sync.Mutex
	spool   string
	frames  []open1.Frame // number n is at n-1
	have    open1.Ranges
	refused []open1.Refusal
	inputs  map[string]stdif.Input
	order   []string // ids of inputs
	hellos  []open1.Hello
	links   int // data planes that are open
	ended   map[string]bool
	media   map[string][]byte // by service, report and medium
	wake    chan struct{}

	screen *faceScreen
}

// New makes a terminal with an empty spool.
func New(cfg Config) *Terminal {
	if cfg.ID == "" {
		cfg.ID = "t-faux"
	}
	if cfg.Services == nil {
		cfg.Services = []open1.ServiceHealth{{ServiceID: "net119.example", Name: "ネット119(模擬)"}}
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Manners.TakeOutputOnly {
		cfg.Services = slices.Clone(cfg.Services)
		for i := range cfg.Services {
			cfg.Services[i].OutputOnly = true
		}
	}
	return &Terminal{cfg: cfg, spool: "faux-" + rand.Text()[:10], inputs: map[string]stdif.Input{}, ended: map[string]bool{}, media: map[string][]byte{},
		wake: make(chan struct{}), screen: newScreen(cfg.Manners.Screen, cfg.Silence)}
}

func (t *Terminal) now() time.Time { return t.cfg.Clock().Add(t.cfg.Manners.Skew) }

// Put spools a message of a service and returns its number.
func (t *Terminal) Put(service string, mode stdif.Mode, in stdif.Inbound) (int64, error) {
	f, err := open1.FrameOf(in, t.now())
	if err != nil {
		return 0, fmt.Errorf("encode frame: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	f.Seq, f.Spool, f.MsgID = int64(len(t.frames))+1, t.spool, rand.Text()
	f.ServiceID, f.TerminalID, f.Mode = service, t.cfg.ID, mode
	if t.cfg.Manners.WrongName {
		f.TerminalID = "t-somebody-else"
	}
	t.frames = append(t.frames, f)
	t.changed()
	return f.Seq, nil
}

// changed owns t.mu.
func (t *Terminal) changed() {
	close(t.wake)
	t.wake = make(chan struct{})
}

// Changed returns a channel that is closed at the next change of anything.
func (t *Terminal) Changed() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wake
}

// Heard is what headquarters has said so far.
type Heard struct {
	Have    open1.Ranges
	Refused []open1.Refusal
	Inputs  []stdif.Input // in the order of their first arrival
	Hellos  []open1.Hello
}

// Heard returns what headquarters has said so far.
func (t *Terminal) Heard() Heard {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := Heard{Have: slices.Clone(t.have), Refused: slices.Clone(t.refused), Hellos: slices.Clone(t.hellos)}
	for _, id := range t.order {
		h.Inputs = append(h.Inputs, t.inputs[id])
	}
	return h
}

// ServeHTTP answers the headquarters' face.
func (t *Terminal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+open1.PathData, t.data)
	mux.HandleFunc("GET "+open1.PathReports, t.reports)
	mux.HandleFunc("POST "+open1.PathInputs, t.takeInputs)
	mux.HandleFunc("GET "+open1.PathHealth, t.health)
	mux.HandleFunc("GET "+open1.PathTally, t.tally)
	mux.HandleFunc("GET "+open1.PathMedia+"{service}/{report}/{medium}", t.medium)
	if !t.cfg.Manners.Screen.Absent {
		mux.HandleFunc("GET "+open1.PathScreen, t.screen.serve)
	}
	mux.ServeHTTP(w, r)
}
