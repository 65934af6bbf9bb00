package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/exchange"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/pki"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/transfer"
)

// handover is the server's exchange with other headquarters (転送): it sends
// where partners are registered, and takes where a face is configured.
type handover struct {
	*exchange.Exchange
	listener net.Listener // nil = no face
	http     *http.Server
}

func (s *Server) newHandover() (*handover, error) {
	face, dial := s.CA.Exchange(s.House.c.Now)
	h := &handover{Exchange: exchange.New(exchange.Config{
		Headquarters: s.House.c.HQ, Acts: s.Acts, Store: s.Store, Patience: s.c.ExchangePatience, Now: s.House.c.Now, Log: s.c.Log,
		Originals: func(m report.Medium) (io.ReadSeekCloser, error) { return s.media.Open(m, report.Original) },
		Client: func(p transfer.Partner) (*http.Client, error) {
			authority, err := pki.ReadAuthority(p.Authority, p.ID)
			if err != nil {
				return nil, err
			}
			return &http.Client{
				Transport:     &http.Transport{TLSClientConfig: pki.ExchangeDial(dial, p.ID, authority), MaxIdleConns: 1},
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			}, nil
		},
	})}
	if s.c.Exchange == "" {
		return h, nil
	}
	l, err := net.Listen("tcp", s.c.Exchange)
	if err != nil {
		return nil, fmt.Errorf("open the exchange: %w", err)
	}
	h.listener = tls.NewListener(l, pki.ExchangeFace(face, s.authorityOf, s.House.c.Now))
	h.http = &http.Server{
		Handler: h.Exchange, ReadHeaderTimeout: headerTime, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: idleTime, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(s.c.Log.Handler(), slog.LevelDebug),
	}
	return h, nil
}

// authorityOf finds a registered partner's authority by its exchange name.
func (s *Server) authorityOf(name string) *x509.Certificate {
	id, ok := strings.CutPrefix(name, pki.ExchangeName(""))
	if !ok {
		return nil
	}
	p, err := s.Store.Transfers().Partner(context.Background(), id)
	if err != nil || p.Revoked() || p.Authority == "" {
		return nil
	}
	authority, err := pki.ReadAuthority(p.Authority, p.ID)
	if err != nil {
		return nil
	}
	return authority
}

// run sends and answers until ctx ends.
func (h *handover) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	sending := make(chan error, 1)
	go func() { sending <- h.Run(ctx) }()
	err := h.serve(ctx)
	stop()
	return errors.Join(err, <-sending)
}

// serve answers partners until ctx ends.
func (h *handover) serve(ctx context.Context) error {
	if h.listener == nil {
		<-ctx.Done()
		return nil
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer cancel()
		if h.http.Shutdown(end) != nil {
			_ = h.http.Close() // what was not answered is sent again
		}
	})
	err := h.http.Serve(h.listener)
	if !stop() {
		<-ended // what is being stored is answered
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the exchange: %w", err)
	}
	return nil
}

func (h *handover) close() error {
	if h == nil || h.listener == nil {
		return nil
	}
	if err := h.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// ExchangeAddress is where other headquarters reach this one, "" without a face.
func (s *Server) ExchangeAddress() string {
	if s.handover == nil || s.handover.listener == nil {
		return ""
	}
	return s.handover.listener.Addr().String()
}

// AddPartner registers another headquarters whose authority a person handed over.
func (h *House) AddPartner(ctx context.Context, who act.Who, p transfer.Partner) error {
	if p.ID == h.c.HQ {
		return fault.New(fault.Invalid, "partner.self")
	}
	if p.Address != "" {
		if _, err := pki.ReadAuthority(p.Authority, p.ID); err != nil {
			return fault.New(fault.Invalid, "partner.authority-missing").Because(err)
		}
	}
	return h.Acts.AddPartner(ctx, who, p)
}

// Partner is another headquarters, as the command line registers it.
type Partner = transfer.Partner

// RegisterPartner and RevokePartner are what the command line does.
func (h *House) RegisterPartner(ctx context.Context, p Partner) error {
	return h.AddPartner(ctx, act.CommandLine(), p)
}

// RevokePartner ends every exchange with a partner.
func (h *House) RevokePartner(ctx context.Context, id string) error {
	return h.Acts.RevokePartner(ctx, act.CommandLine(), id)
}
