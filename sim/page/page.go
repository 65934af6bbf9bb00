package page

import (
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/rfb"
)

// Config of a page; the zero value works.
type Config struct {
	Name     string // of the service; "" = one that says that it is simulated
	Width    int    // of one monitor in pixels; 0 = 1280
	Height   int    // 0 = 1024
	Monitors int    // side by side; 0 = 1
	Fonts    *Fonts // nil: plain Latin letters, a box for all others
	Load     Load   // "" = Quiet
	Fault    Fault  // "" = none
	After    int    // with Fault: how many updates of the picture are honest
	Clock    func() time.Time
}

// Page is the service's screen.
type Page struct {
	c Config

	mu      sync.Mutex
	m       *model
	letters *letters
	view    *layout
	clients map[*client]bool
	served  int // clients ever
}

// New makes a page; Serve shows it to clients.
func New(c Config) (*Page, error) {
	if c.Name == "" {
		c.Name = "ネット119（模擬サービス）"
	}
	if c.Width == 0 {
		c.Width, c.Height = 1280, 1024
	}
	c.Monitors = max(c.Monitors, 1)
	if c.Load == "" {
		c.Load = Quiet
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	p := &Page{c: c, m: newModel(c.Name), letters: newLetters(c.Fonts), clients: map[*client]bool{}}
	p.m.load, p.m.now = c.Load, c.Clock().In(japan)
	p.m.note("起動しました")
	p.view = newLayout(p.letters, p.m, c.Width, c.Height, c.Monitors)
	p.view.paint(p.m)
	return p, nil
}

// japan is the time that the page shows; it needs no file of time zones.
var japan = time.FixedZone("JST", 9*60*60)

// The smallest page on which its parts have their places.
const (
	minWidth  = 640
	minHeight = 480
)

func (c Config) check() error {
	if c.Width < minWidth || c.Height < minHeight {
		return fmt.Errorf("page: %d × %d is too small, at least %d × %d", c.Width, c.Height, minWidth, minHeight)
	}
	if err := rfb.CheckSize(c.Width*c.Monitors, c.Height); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	if c.Monitors > rfb.MaxScreens {
		return fmt.Errorf("page: %d monitors, at most %d", c.Monitors, rfb.MaxScreens)
	}
	if !slices.Contains([]Load{Quiet, Scroll, Picture, Busy}, c.Load) {
		return fmt.Errorf("page: no load %q", c.Load)
	}
	if c.Fault != "" && !slices.Contains(Faults(), c.Fault) {
		return fmt.Errorf("page: no fault %q, there are %v", c.Fault, Faults())
	}
	return nil
}

// PlainFonts reads the two files under which the web app's font is kept, from
// the folder that holds them.
func PlainFonts(files fs.FS) (*Fonts, error) {
	return ReadFonts(files, "latin.woff", "japanese.woff")
}

// Held lists the keys and buttons that are down, in the order of pressing.
func (p *Page) Held() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.m.heldNames()
}

// Typed is every character that was typed or pasted, sent or not.
func (p *Page) Typed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.m.typed)
}

// Clicks are the presses of buttons, the newest last.
func (p *Page) Clicks() []Click {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.m.clicks)
}

// Clipboard is the text in the page's clipboard.
func (p *Page) Clipboard() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.m.clip
}

// SetLoad changes what the page does by itself.
func (p *Page) SetLoad(l Load) {
	p.change(func(m *model) { m.load = l })
}

// Step lets the log scroll by a line, the picture move by a frame, or both.
func (p *Page) Step(scroll, move bool) {
	p.change(func(m *model) { m.step(scroll, move) })
}

// Resize gives every monitor another size.
func (p *Page) Resize(width, height int) error {
	c := p.c
	c.Width, c.Height = width, height
	if err := c.check(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.view = newLayout(p.letters, p.m, width, height, c.Monitors)
	p.view.paint(p.m)
	for c := range p.clients {
		c.sender.Resize(p.view.screens, p.view.picture.Width, p.view.picture.Height)
		c.wake()
	}
	return nil
}

// Picture is a copy of what the page looks like now.
func (p *Page) Picture() *rfb.Framebuffer {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := *p.view.picture
	out.Pix = slices.Clone(out.Pix)
	return &out
}

// change does something to the page and shows it to every client.
func (p *Page) change(do func(*model)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do(p.m)
	p.show()
}

// show paints; the lock is held.
func (p *Page) show() {
	changes := p.view.paint(p.m)
	if len(changes) == 0 {
		return
	}
	for c := range p.clients {
		for _, x := range changes {
			if x.copied {
				c.sender.Copied(x.area, x.fromX, x.fromY)
			} else {
				c.sender.Damage(x.area)
			}
		}
		c.wake()
	}
}
