package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sync/errgroup"

	"github.com/matoi119/matoi/sim/aacn"
	"github.com/matoi119/matoi/sim/fauxterminal"
	"github.com/matoi119/matoi/sim/hostile"
	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/net119"
	"github.com/matoi119/matoi/sim/page"
	"github.com/matoi119/matoi/sim/scenario"
	"github.com/matoi119/matoi/stdif"
)

// simulateCommand is everything that plays somebody else: never against
// equipment that is on duty. Run of each takes the context that ends with the
// process and where to print.
type simulateCommand struct {
	Service      simulateService      `cmd:"" help:"A report service at a terminal: net119, aacn or hostile."`
	Terminal     simulateTerminal     `cmd:"" help:"A dedicated terminal that can misbehave, for trying a gateway."`
	Headquarters simulateHeadquarters `cmd:"" help:"A headquarters for trying a service and its terminal."`
	Screen       simulateScreen       `cmd:"" help:"The screen of a report service, as a VNC server on loopback that can misbehave."`
	Load         simulateLoad         `cmd:"" help:"Reports through the public wire, counted sent, acknowledged, stored, shown."`
}

// simulateService hands over to a terminal's intake.
type simulateService struct {
	Kind           string `arg:"" enum:"net119,aacn,hostile" help:"net119, aacn or hostile."`
	Intake         string `required:"" help:"The terminal's intake, for example http://127.0.0.1:8319." placeholder:"URL"`
	CredentialFile string `required:"" type:"existingfile" help:"File with the service's credential at that terminal." placeholder:"FILE"`
	Listen         string `default:"127.0.0.1:0" help:"net119: address of the service's own pages."`
	Handover       string `default:"browser" enum:"browser,software" help:"net119: who hands over at the terminal: the service's page in its browser, or installed software."`
	Dir            string `help:"net119: where the service keeps its calls and its queue; nothing is kept without it." placeholder:"DIR"`
	Mode           string `default:"exercise" enum:"actual,exercise,test" help:"Preset of the caller's page, and of aacn."`
	Story          string `help:"Play a story: a file, or one of ${stories}." placeholder:"STORY"`
	Samples        string `type:"existingdir" env:"MATOI_SAMPLES" help:"hostile: a folder of bad input with index.csv." placeholder:"DIR"`
	Actual         bool   `help:"hostile: also send sample alerts that say that they are real."`
	JSON           bool   `name:"json" help:"hostile: print the outcome as JSON."`
}

// Run starts the service and stays until ctx ends or the story is over.
func (c *simulateService) Run(ctx context.Context, out io.Writer) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if c.Kind == "hostile" && c.Story == "" {
		return c.hostile(ctx, out, *client)
	}
	story, err := readStory(c.Story)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	cast := scenario.Cast{Hostile: func(ctx context.Context, part string) error { return hostileGroup(ctx, *client, part) }}
	if c.Kind == "net119" || story.needs("net119") {
		if cast.Net119, err = c.net119(ctx, group, out, client, story != nil); err != nil {
			return err
		}
	}
	if c.Kind == "aacn" || story.needs("aacn") {
		centre := aacn.New(aacn.Config{}, client)
		group.Go(func() error { return ended(centre.Run(ctx)) })
		cast.AACN = scenario.PlayAACN(centre)
		if story == nil {
			fmt.Fprintf(out, "事故自動通報を送りました: %s\n", centre.Crash(aacn.Example(stdif.Mode(c.Mode))))
		}
	}
	if story != nil {
		group.Go(func() error {
			defer stop()
			return play(ctx, out, story.Scenario, cast)
		})
	}
	return group.Wait()
}

func (c *simulateService) client() (*intake.Client, error) {
	credential, err := os.ReadFile(c.CredentialFile)
	if err != nil {
		return nil, fmt.Errorf("read the credential: %w", err)
	}
	return &intake.Client{Base: c.Intake, Credential: strings.TrimSpace(string(credential)), HTTP: &http.Client{}}, nil
}

// net119 starts the cloud, and with a story or on demand the installed
// software: nobody opens a browser for a story.
func (c *simulateService) net119(ctx context.Context, group *errgroup.Group, out io.Writer, client *intake.Client, story bool) (scenario.Part, error) {
	key := net119.NewKey()
	cloud, err := net119.New(net119.Config{TerminalKey: key, IntakeURL: c.Intake, DefaultMode: stdif.Mode(c.Mode), Dir: c.Dir})
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for the service's pages: %w", err), cloud.Close())
	}
	base := "http://" + ln.Addr().String()
	group.Go(func() error { return cloud.Serve(ctx, ln) })
	fmt.Fprintf(out, "通報者の画面: %s\n", net119.CallerURL(base))
	if !story && c.Handover == "browser" {
		fmt.Fprintf(out, "専用端末のブラウザーで一度だけ開く画面 (origin %s): %s\n", base, net119.TerminalURL(base, key, c.Intake, client.Credential))
		return scenario.PlayNet119(cloud), nil
	}
	h := &net119.Handover{Cloud: base, TerminalKey: key, Intake: client, HTTP: &http.Client{}}
	group.Go(func() error { return ended(h.Run(ctx)) })
	return scenario.PlayNet119(cloud), nil
}

// ended lets a context that ended be a good end.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (c *simulateService) hostile(ctx context.Context, out io.Writer, client intake.Client) error {
	now := time.Now()
	run := fmt.Sprintf("%x", now.UnixMilli())
	cases := hostile.Made(run, now)
	if c.Samples != "" {
		more, err := hostile.Samples(os.DirFS(c.Samples), run, now, hostile.SampleOptions{Actual: c.Actual})
		if err != nil {
			return err
		}
		cases = append(cases, more...)
	}
	outcome, err := hostile.Run(ctx, client, cases, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(out).Encode(outcome)
	} else {
		err = outcome.Text(out)
	}
	if err == nil && outcome.Wrong > 0 {
		err = fmt.Errorf("%d of %d answers are not as docs/open1.md says", outcome.Wrong, outcome.Steps)
	}
	return err
}

// hostileGroup sends one group of generated cases, as a story asks for.
func hostileGroup(ctx context.Context, client intake.Client, part string) error {
	now := time.Now()
	var cases []hostile.Case
	for _, x := range hostile.Made(fmt.Sprintf("%x", now.UnixNano()), now) {
		if part == "" || x.Group == part {
			cases = append(cases, x)
		}
	}
	outcome, err := hostile.Run(ctx, client, cases, nil)
	if err == nil && outcome.Wrong > 0 {
		err = fmt.Errorf("%d of %d answers are not as docs/open1.md says", outcome.Wrong, outcome.Steps)
	}
	return err
}

// simulateVars fills the places of the help texts above.
func simulateVars() kong.Vars {
	var faults []string
	for _, f := range page.Faults() {
		faults = append(faults, string(f))
	}
	var defects []string
	for _, d := range fauxterminal.Defects() {
		defects = append(defects, d.Name)
	}
	return kong.Vars{"stories": strings.Join(scenario.Stories(), ", "), "faults": strings.Join(faults, ", "), "defects": strings.Join(defects, ", ")}
}

// story is a parsed story, nil when there is none.
type story struct{ *scenario.Scenario }

// readStory reads a file, or an embedded story by its name.
func readStory(name string) (*story, error) {
	if name == "" {
		return nil, nil
	}
	text, err := scenario.Story(name)
	if err != nil {
		b, fileErr := os.ReadFile(name)
		if fileErr != nil {
			return nil, errors.Join(err, fileErr)
		}
		text = string(b)
	}
	s, err := scenario.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("story %s: %w", name, err)
	}
	return &story{s}, nil
}

func (s *story) needs(actor string) bool {
	if s == nil {
		return false
	}
	for _, a := range s.Acts {
		if a.Actor == actor {
			return true
		}
	}
	return false
}

func play(ctx context.Context, out io.Writer, s *scenario.Scenario, cast scenario.Cast) error {
	fmt.Fprintf(out, "%s\n", s.Title)
	failed, err := scenario.Run(ctx, s, cast, func(l scenario.Line) {
		mark := "  "
		if !l.OK {
			mark = "✗ "
		}
		fmt.Fprintf(out, "%s%7.1fs %s\n", mark, l.At.Seconds(), l.Text)
	})
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d expectations of the story did not come true", failed)
	}
	return err
}
