package app

import (
	"context"

	"github.com/matoi119/matoi/internal/gateway"
	"github.com/matoi119/matoi/internal/httpapi"
	"github.com/matoi119/matoi/stdif/open1"
)

// screens shows the gateway's relays to the API.
type screens struct{ g *gateway.Gateway }

func (s screens) Serve(ctx context.Context, p httpapi.ScreenPage) {
	s.g.ServeScreen(ctx, gateway.Page(p))
}

func (s screens) Screen(id string) httpapi.ScreenInfo {
	v := s.g.Screen(id)
	info := httpapi.ScreenInfo{Plane: httpapi.ScreenPlane(v.Plane), Up: v.Up, LocalAt: v.LocalAt}
	if v.Source == nil {
		return info
	}
	info.Source = &httpapi.ScreenSource{
		Kind: v.Source.Source, Clipboard: v.Source.Clipboard == open1.Yes, ScanCodes: v.Source.ScanCodes == open1.Yes, LocalUse: v.Source.LocalUse == open1.Yes,
		Monitors: []httpapi.ScreenMonitor{},
	}
	for _, m := range v.Source.Monitors {
		info.Source.Monitors = append(info.Source.Monitors, httpapi.ScreenMonitor(m))
	}
	return info
}
