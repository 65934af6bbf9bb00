package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/matoi119/matoi/internal/app"
)

// house are the settings that every command of a headquarters needs.
type house struct {
	HQ       string `name:"hq" required:"" env:"MATOI_HQ" help:"Id of the headquarters, for example its six-digit local government code." placeholder:"ID"`
	Name     string `env:"MATOI_NAME" help:"Name of the headquarters, as terminals and consoles show it." placeholder:"NAME"`
	Data     string `required:"" env:"MATOI_DATA" help:"Data directory." placeholder:"DIR"`
	Keys     string `env:"MATOI_KEYS" help:"Directory of the keys and the authority; DATA/keys when not given. Back it up apart from the data." placeholder:"DIR"`
	Postgres string `env:"MATOI_POSTGRES" help:"PostgreSQL to use instead of the embedded store." placeholder:"DSN"`
	Reserve  int64  `default:"268435456" env:"MATOI_RESERVE" help:"Bytes held back for a full disk."`
}

func (h house) config() app.HouseConfig {
	name := h.Name
	if name == "" {
		name = h.HQ
	}
	return app.HouseConfig{HQ: h.HQ, Name: name, Dir: h.Data, Keys: h.Keys, Postgres: h.Postgres, Reserve: h.Reserve}
}

// open opens the house for a command beside a running server.
func (h house) open(ctx context.Context, use func(*app.House) error) error {
	o, err := app.OpenHouse(ctx, h.config())
	if err != nil {
		return err
	}
	err = use(o)
	if e := o.Close(); err == nil {
		err = e
	}
	return err
}

type serverCommand struct {
	house
	Listen          string            `default:"127.0.0.1:8443" env:"MATOI_LISTEN" help:"Address of the consoles' door (HTTPS)."`
	Names           []string          `env:"MATOI_NAMES" help:"Names and addresses under which consoles reach the door, for its certificate."`
	ClientListen    string            `env:"MATOI_CLIENT_LISTEN" help:"Address of a second door that asks programs for a certificate (clients with a pinned one)." placeholder:"ADDRESS"`
	WebhookNetworks []string          `env:"MATOI_WEBHOOK_NETWORKS" help:"Networks that webhooks may go to, in place of the private ones." placeholder:"CIDR"`
	WebhookCA       string            `name:"webhook-ca" type:"existingfile" env:"MATOI_WEBHOOK_CA" help:"Authority (PEM) of the receivers of webhooks, beside the headquarters' own." placeholder:"FILE"`
	Bell            string            `env:"MATOI_BELL" help:"URL on the command LAN that takes an alarm when no console confirmed a ring." placeholder:"URL"`
	PrintList       string            `name:"print-list" env:"MATOI_PRINT_LIST" help:"Directory that takes the open list as a page to print, for the hours without the system. Personal data in clear: see docs/operations/paper.md." placeholder:"DIR"`
	PrintEvery      time.Duration     `name:"print-every" default:"5m" env:"MATOI_PRINT_EVERY" help:"How often the open list is written."`
	Media           mediaSettings     `embed:"" prefix:"media-"`
	Recording       recordingSettings `embed:"" prefix:"recording-"`

	Exchange string `env:"MATOI_EXCHANGE" help:"Address of the exchange with other headquarters (mutual TLS); none when not given." placeholder:"ADDRESS"`
}

// mediaSettings are what a headquarters decides about pictures and videos.
type mediaSettings struct {
	Sound    bool          `env:"MATOI_MEDIA_SOUND" help:"Keep the sound of videos in the copy that consoles show. The sealed original keeps it in any case."`
	Keep     time.Duration `default:"26280h" env:"MATOI_MEDIA_KEEP" help:"How long media of actual reports are kept; 0 = for ever. Never while the report is open."`
	Exercise time.Duration `default:"720h" env:"MATOI_MEDIA_EXERCISE" help:"The same for exercises and tests."`
	Held     time.Duration `default:"720h" env:"MATOI_MEDIA_HELD" help:"The same for what is held back."`
	Quota    int64         `default:"107374182400" env:"MATOI_MEDIA_QUOTA" help:"Bytes of all media here; further ones wait at their terminals. 0 = no limit."`
	Service  int64         `default:"53687091200" env:"MATOI_MEDIA_SERVICE" help:"Bytes of one service's media here. 0 = no limit."`
	Terminal int64         `default:"0" env:"MATOI_MEDIA_TERMINAL" help:"Bytes of the media of one terminal here. 0 = no limit."`
	Floor    int64         `default:"1073741824" env:"MATOI_MEDIA_FLOOR" help:"Bytes of the disk that media leave free for reports."`
}

// recordingSettings are what a headquarters decides about recordings of screens;
// which terminals are recorded at all is decided at a console, with a reason.
type recordingSettings struct {
	Keep  time.Duration `default:"2160h" env:"MATOI_RECORDING_KEEP" help:"How long recordings of screens are kept; 0 = for ever."`
	Quota int64         `default:"53687091200" env:"MATOI_RECORDING_QUOTA" help:"Bytes of all recordings. A full quota stops recording and never the operation. 0 = no limit."`
}

func (m mediaSettings) config() app.MediaConfig {
	return app.MediaConfig{Child: app.OwnBinary, Sound: m.Sound, Keep: m.Keep, KeepExercise: m.Exercise, KeepHeld: m.Held, Quota: m.Quota, ServiceRoom: m.Service, TerminalRoom: m.Terminal, Floor: m.Floor}
}

// Run starts the server and stays until it is told to end.
func (c *serverCommand) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	s, err := app.StartServer(ctx, app.ServerConfig{HouseConfig: c.config(), Listen: c.Listen, Names: c.Names, ClientListen: c.ClientListen, WebhookNetworks: c.WebhookNetworks, WebhookCA: c.WebhookCA, Exchange: c.Exchange, Bell: c.Bell, Media: c.Media.config(), Recording: app.RecordingConfig{Keep: c.Recording.Keep, Quota: c.Recording.Quota}, Paper: c.PrintList, PaperEvery: c.PrintEvery, Version: version(), Log: log})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "指令台の入口: %s\n", s.URL())
	select {
	case <-ctx.Done():
	case err = <-s.Failed():
	}
	if e := s.Close(); err == nil {
		err = e
	}
	return err
}

type demoCommand struct {
	Listen string `default:"127.0.0.1:8119" help:"Loopback address of the page with the doors."`
	Dir    string `help:"Keep the demo's data here; otherwise it goes with the demo." placeholder:"DIR"`
	NoOpen bool   `name:"no-open" help:"Do not open the page in a browser."`
}

// Run starts the demo and stays until it is told to end.
func (c *demoCommand) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	d, err := app.StartDemo(ctx, app.DemoConfig{Media: app.MediaConfig{Child: app.OwnBinary}, Guardian: app.OwnBinary, Dir: c.Dir, Listen: c.Listen, Version: version(), Log: log})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n  デモの入口: %s\n  終わるときは Ctrl+C\n\n", d.URL())
	if !c.NoOpen {
		browse(ctx, d.URL())
	}
	<-ctx.Done()
	return d.Close()
}
