package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/matoi119/matoi/internal/app"
)

type terminalCommand struct {
	Run     terminalRun     `cmd:"" help:"Run the terminal."`
	Enrol   terminalEnrol   `cmd:"" help:"Print a code with which the headquarters makes this terminal its own."`
	Service terminalService `cmd:"" help:"Services that share this terminal."`
	Status  terminalStatus  `cmd:"" help:"Print whose terminal this is and what waits for the headquarters."`
}

// site are the settings that every command of a terminal needs.
type site struct {
	Data    string `required:"" env:"MATOI_DATA" help:"Data directory of the terminal." placeholder:"DIR"`
	Title   string `name:"name" env:"MATOI_NAME" default:"専用端末" help:"Name as its page shows it."`
	Reserve int64  `default:"67108864" env:"MATOI_RESERVE" help:"Bytes held back for a full disk."`
}

func (s site) config(log *slog.Logger) app.TerminalConfig {
	return app.TerminalConfig{Dir: s.Data, Name: s.Title, Reserve: s.Reserve, Version: version(), Log: log}
}

type terminalRun struct {
	site
	Intake string `default:"127.0.0.1:8319" env:"MATOI_INTAKE" help:"Loopback address for the services' software and the terminal's own page."`
	Face   string `default:":8443" env:"MATOI_FACE" help:"Address that the headquarters dials."`

	Screen         string `default:"none" env:"MATOI_SCREEN" help:"Screen that headquarters may see and operate: none, x11, x11:DISPLAY, windows, or vnc:HOST:PORT of a VNC server on this machine." placeholder:"SCREEN"`
	ScreenMonitor  int    `default:"0" env:"MATOI_SCREEN_MONITOR" help:"Transfer this monitor alone, counted from 1; 0 is the whole desktop." placeholder:"N"`
	ScreenPassword string `name:"screen-password-file" env:"MATOI_SCREEN_PASSWORD_FILE" help:"File with the password of the VNC server." placeholder:"FILE"`
}

// Run runs the terminal until it is told to end.
func (c *terminalRun) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	cfg := c.config(log)
	cfg.Intake, cfg.Face = c.Intake, c.Face
	var err error
	if cfg.Screen, err = app.ParseScreen(c.Screen, c.ScreenPassword, c.ScreenMonitor); err != nil {
		return err
	}
	t, err := app.StartTerminal(ctx, cfg)
	if err != nil {
		return err
	}
	link, err := t.PageLink()
	if err == nil {
		fmt.Fprintf(out, "サービスの受口: %s\n端末の画面（一度だけ使える入口）: %s\n", t.IntakeURL(), link)
		if t.FaceAddr() == "" {
			fmt.Fprintln(out, "この端末はまだどの消防本部にも登録されていません: matoi terminal enrol")
		}
		select {
		case <-ctx.Done():
		case err = <-t.Failed():
		}
	}
	if e := t.Close(); err == nil {
		err = e
	}
	return err
}

type terminalEnrol struct {
	site
	ID   string `required:"" help:"Id that the terminal proposes, for example t-01." placeholder:"ID"`
	Face string `default:":8443" env:"MATOI_FACE" help:"Address that the headquarters dials."`
}

// Run shows the code and waits for the headquarters.
func (c *terminalEnrol) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	cfg := c.config(log)
	cfg.ID, cfg.Face = c.ID, c.Face
	err := app.EnrolHere(ctx, cfg, func(code string, until time.Time) {
		fmt.Fprintf(out, "登録コード: %s\n%s まで、一度だけ使えます。本部で matoi enrol に入力してください。\n", code, until.Local().Format("15:04:05"))
	})
	if err == nil {
		fmt.Fprintln(out, "登録されました。matoi terminal run で起動してください。")
	}
	return err
}

type terminalService struct {
	Add    serviceAdd    `cmd:"" help:"Add a service and print its credential, once."`
	List   serviceList   `cmd:"" help:"List the services."`
	Remove serviceRemove `cmd:"" help:"Take a service's credential away; its reports stay."`
}

type serviceAdd struct {
	site
	ID         string   `arg:"" help:"Id of the service, for example net119.example."`
	Label      string   `arg:"" help:"Name as people read it."`
	OutputOnly bool     `help:"The service takes no input from the headquarters."`
	Origins    []string `help:"Web origins whose pages may hand over from this terminal's browser." placeholder:"https://…"`
}

// Run adds the service.
func (c *serviceAdd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	credential, err := app.AddService(ctx, c.config(log), c.ID, c.Label, c.OutputOnly, c.Origins)
	if err == nil {
		fmt.Fprintln(out, credential)
	}
	return err
}

type serviceList struct{ site }

// Run lists the services.
func (c *serviceList) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	list, err := app.Services(ctx, c.config(log))
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range list {
		fmt.Fprintf(t, "%s\t%s\toutput-only=%t\t%v\n", s.ID, s.Name, s.OutputOnly, s.Origins)
	}
	return t.Flush()
}

type serviceRemove struct {
	site
	ID string `arg:""`
}

// Run removes the service.
func (c *serviceRemove) Run(ctx context.Context, log *slog.Logger) error {
	return app.RemoveService(ctx, c.config(log), c.ID)
}

type terminalStatus struct{ site }

// Run prints the status.
func (c *terminalStatus) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	s, err := app.StatusHere(ctx, c.config(log))
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if s.ID == "" {
		fmt.Fprintln(t, "端末\t未登録")
	} else {
		fmt.Fprintf(t, "端末\t%s\n消防本部\t%s %s\n証明書の期限\t%s\n", s.ID, s.Headquarters, s.HeadquartersName, s.NotAfter.Local().Format(time.DateOnly))
	}
	fmt.Fprintf(t, "保管\t%s\n保管した電文\t%d\n本部に未達\t%d\n", s.Spool, s.Through, s.Pending)
	for _, v := range s.Services {
		fmt.Fprintf(t, "サービス\t%s %s output-only=%t\n", v.ID, v.Name, v.OutputOnly)
	}
	return t.Flush()
}

type enrolCommand struct {
	house
	Address string `arg:"" help:"host:port of the terminal."`
	Code    string `arg:"" help:"The code that the terminal shows."`
	Label   string `name:"label" help:"Name as the room calls the terminal; its own when not given."`
	Place   string `required:"" help:"Where to walk when the link is down."`
	Phone   string `help:"Whom to call there."`
}

// Run enrols the terminal.
func (c *enrolCommand) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		id, err := h.Enrol(ctx, c.Address, c.Code, c.Label, c.Place, c.Phone)
		if err == nil {
			fmt.Fprintf(out, "端末 %s を登録しました。\n", id)
		}
		return err
	})
}

type revokeCommand struct {
	house
	ID string `arg:"" help:"Id of the terminal."`
}

// Run revokes the terminal: its certificate is refused from the next dial on.
func (c *revokeCommand) Run(ctx context.Context) error {
	return c.open(ctx, func(h *app.House) error { return h.RevokeTerminal(ctx, c.ID) })
}
