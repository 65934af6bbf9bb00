package main

import (
	"context"
	"os"
	"os/exec"
	"runtime"
)

// browse opens the page in the desktop's browser where there is a desktop. The
// address is printed in any case, so that nothing is lost without one.
func browse(ctx context.Context, url string) {
	var name string
	args := []string{url}
	switch {
	case runtime.GOOS == "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	case runtime.GOOS == "darwin":
		name = "open"
	case os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "":
		name = "xdg-open"
	default:
		return
	}
	cmd := exec.CommandContext(ctx, name, args...)
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }() // how the browser ends is its own business
	}
}
