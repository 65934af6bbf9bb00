package spool

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
)

// Service is a service that shares this terminal (条件 1-1-2: 共用).
type Service struct {
	ID         string
	Name       string
	OutputOnly bool
	Origins    []string     // web origins whose pages may hand over from the terminal's browser
	Offer      *stdif.Offer // what it said that it can do; nil: it never did

	credential [sha256.Size]byte
}

// Owns reports whether the credential is the service's. It compares digests of
// 256 random bits, so time tells nothing about the secret.
func (v Service) Owns(credential [sha256.Size]byte) bool { return v.credential == credential }

// AddService registers a service and returns its credential, which is shown
// once and kept only as a digest. An id that is there gets a new credential.
func (s *Spool) AddService(ctx context.Context, v Service) (credential string, err error) {
	if err := v.check(); err != nil {
		return "", err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", fmt.Errorf("new credential: %w", err)
	}
	credential = base64.RawURLEncoding.EncodeToString(secret)
	sum := CredentialDigest(credential)
	err = s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		row := query.SpoolService{Hq: HQ, ID: v.ID, Name: v.Name, Credential: sum[:], Origins: strings.Join(v.Origins, "\n"), AddedAt: tx.Now().UnixMicro()}
		if v.OutputOnly {
			row.OutputOnly = 1
		}
		return s.serviceEntry("service.add", v.ID), tx.Put(ctx, tableService, row)
	})
	if err != nil {
		return "", fmt.Errorf("add service: %w", err)
	}
	s.notify(Notice{Kind: Other})
	return credential, nil
}

// RemoveService takes a service's credential away. Its reports stay.
func (s *Spool) RemoveService(ctx context.Context, id string) error {
	known := false
	err := s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		row, there, err := found(query.New(tx.Query()).Service(ctx, query.ServiceParams{Hq: HQ, ID: id}))
		known = there && row.Removed == 0
		if err != nil || !known {
			return entry.Entry{}, err
		}
		row.Removed, row.Credential = 1, nil
		return s.serviceEntry("service.remove", id), tx.Put(ctx, tableService, row)
	})
	if err != nil {
		return fmt.Errorf("remove service: %w", err)
	}
	if !known {
		return fault.New(fault.NotFound, "service.unknown", "service", id)
	}
	s.notify(Notice{Kind: Other})
	return nil
}

func (s *Spool) serviceEntry(act, id string) entry.Entry {
	return entry.Entry{Act: act, Actor: entry.Actor{Terminal: *s.terminal.Load(), System: "terminal"}, Subject: "service/" + id}
}

// Services lists the services in order of their ids. Removed ones are left out.
func (s *Spool) Services(ctx context.Context) ([]Service, error) {
	rows, err := s.read.Services(ctx, HQ)
	if err != nil {
		return nil, fmt.Errorf("read services: %w", err)
	}
	offers, err := s.offers(ctx)
	if err != nil {
		return nil, err
	}
	var out []Service
	for _, r := range rows {
		if r.Removed == 1 || len(r.Credential) != sha256.Size {
			continue
		}
		v := Service{ID: r.ID, Name: r.Name, OutputOnly: r.OutputOnly == 1, Offer: offers[r.ID], credential: [sha256.Size]byte(r.Credential)}
		if r.Origins != "" {
			v.Origins = strings.Split(r.Origins, "\n")
		}
		out = append(out, v)
	}
	return out, nil
}

// CredentialDigest is what is kept of a credential.
func CredentialDigest(credential string) [sha256.Size]byte { return sha256.Sum256([]byte(credential)) }

func (v Service) check() error {
	bad := v.ID == "" || len(v.ID) > stdif.MaxID || strings.ContainsFunc(v.ID, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.~", r))
	})
	if bad {
		return fault.New(fault.Invalid, "service.id", "service", v.ID)
	}
	for _, o := range v.Origins {
		u, err := url.Parse(o)
		// Only https: a page that anybody on the network can change must not
		// speak for a service. Loopback is the terminal itself.
		local := err == nil && u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
		if err != nil || u.Scheme != "https" && !local || u.Host == "" || o != u.Scheme+"://"+u.Host {
			return fault.New(fault.Invalid, "service.origin", "service", v.ID, "origin", o)
		}
	}
	return nil
}
