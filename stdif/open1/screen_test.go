package open1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
)

// Bytes and words go both ways on one connection, and the end of one side is the
// end of the other.
func TestScreenPlane(t *testing.T) {
	const request = "RFB 003.008\n"
	notice := ScreenNotice{Type: ScreenSource, Source: "x11", Clipboard: Yes, ScanCodes: Yes, LocalUse: No, Monitors: []ScreenMonitor{{1, 0, 0, 1280, 1024}}}
	watch := ScreenWatch{[]ScreenViewer{{"指令台2", "例示 花子", true, true, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}}}
	watched := make(chan ScreenWatch, 1)
	ended := make(chan error, 1)
	addr, settings := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := AcceptScreen(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		if err := s.Notify(t.Context(), notice); err != nil {
			t.Error(err)
		}
		got := make([]byte, len(request))
		if _, err := io.ReadFull(s, got); err != nil || string(got) != request {
			t.Errorf("read %q, %v", got, err)
		}
		if _, err := s.Write(bytes.Repeat([]byte("x"), 2*MaxScreenMessage+7)); err != nil {
			t.Error(err)
		}
		_, err = s.Read(got)
		watched <- <-s.Watches()
		ended <- err
	}))
	c := NewClient(addr, settings)
	defer c.Close()
	s, err := c.Screen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(s, request); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(s, 2*MaxScreenMessage+7)); err != nil || n != 2*MaxScreenMessage+7 {
		t.Fatalf("%d bytes came, %v", n, err)
	}
	if d := cmp.Diff(notice, <-s.Notices()); d != "" {
		t.Errorf("notice: %s", d)
	}
	if err := s.Watch(t.Context(), watch); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(watch, <-watched); d != "" {
		t.Errorf("watch: %s", d)
	}
	if err := <-ended; err == nil {
		t.Error("the terminal does not notice the end")
	}
}

// Another protocol, and words that nobody takes, harm nobody.
func TestScreenPlaneOfAnother(t *testing.T) {
	addr, settings := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != PathScreen {
			http.NotFound(w, r)
			return
		}
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		_, _, _ = ws.Read(context.Background())
	}))
	c := NewClient(addr, settings)
	defer c.Close()
	if _, err := c.Screen(t.Context()); !errors.As(err, new(*stdif.Problem)) {
		t.Errorf("Screen = %v, want a problem with the version", err)
	}
	notices := make(chan ScreenNotice, 2)
	for i := range 5 {
		offer(notices, ScreenNotice{Type: strings.Repeat("x", i)})
	}
	if n := <-notices; n.Type != "xxx" {
		t.Errorf("the oldest that is left is %q", n.Type)
	}
}

func TestScreenWordsHaveLimits(t *testing.T) {
	for name, wire := range map[string]string{
		"no type":           `{"source":"x11"}`,
		"no JSON":           `{"type":`,
		"17 monitors":       `{"type":"source","monitors":[` + strings.Repeat(`{"id":0,"x":0,"y":0,"width":1,"height":1},`, 16) + `{"id":0,"x":0,"y":0,"width":1,"height":1}]}`,
		"a monitor left of": `{"type":"source","monitors":[{"id":0,"x":-1,"y":0,"width":1,"height":1}]}`,
		"an empty monitor":  `{"type":"source","monitors":[{"id":0,"x":0,"y":0,"width":0,"height":1}]}`,
		"64 KiB":            `{"type":"` + strings.Repeat("x", MaxScreenText) + `"}`,
		"deep":              strings.Repeat("[", 40),
	} {
		if n, p := DecodeScreenNotice([]byte(wire)); p == nil || n.Type != "" {
			t.Errorf("%s: %+v, %v", name, n, p)
		}
	}
	if n, p := DecodeScreenNotice([]byte(`{"type":"later","more":[1,{"x":2}]}`)); p != nil || n.Type != "later" {
		t.Errorf("a newer terminal: %+v, %v", n, p)
	}
	if _, p := DecodeScreenWatch([]byte(`{"viewers":[` + strings.Repeat(`{},`, 16) + `{}]}`)); p == nil {
		t.Error("17 viewers were taken")
	}
	w, p := DecodeScreenWatch([]byte(`{"viewers":[{"console":"` + strings.Repeat("あ", 2000) + `\u0000","person":""}]}`))
	if p != nil || len([]rune(w.Viewers[0].Console)) > stdif.MaxShort+1 {
		t.Errorf("%v, a name of %d characters", p, len([]rune(w.Viewers[0].Console)))
	}
}

// What a terminal or a gateway says beside the picture is read whole or not at all.
func FuzzDecodeScreen(f *testing.F) {
	f.Add([]byte(`{"type":"source","source":"vnc","monitors":[{"id":0,"x":0,"y":0,"width":1280,"height":1024}],"code":503}`))
	f.Add([]byte(`{"viewers":[{"console":"a\u0000","person":"b","operates":true,"since":"2026-04-01T09:12:03Z"}]}`))
	seeds(f)
	f.Fuzz(func(t *testing.T, wire []byte) {
		if n, p := DecodeScreenNotice(wire); p != nil && (n.Type != "" || n.Monitors != nil) || p == nil && (n.Type == "" || len(n.Monitors) > MaxMonitors) {
			t.Fatalf("%+v, %v", n, p)
		}
		if w, p := DecodeScreenWatch(wire); p != nil && w.Viewers != nil || len(w.Viewers) > MaxViewers {
			t.Fatalf("%+v, %v", w, p)
		}
	})
}
