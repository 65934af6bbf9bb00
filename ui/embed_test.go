package ui_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/matoi119/matoi/ui"
)

var (
	inlineScript = regexp.MustCompile(`(?i)<script(?:[^>]*)>[^<]+</script>|<style|\sstyle=|\son[a-z]+=`)
	elsewhere    = regexp.MustCompile(`(?i)(?:src|href)="(?:https?:)?//`)
)

// TestPagesObeyTheirPolicy reads the built pages: anything inline or from
// another origin would be blocked by ContentSecurityPolicy on the dispatcher's
// screen and nowhere else.
func TestPagesObeyTheirPolicy(t *testing.T) {
	if !ui.Built() {
		t.Skip("the pages are not built here: npm run build in ui/")
	}
	for _, page := range []string{ui.ConsolePage, ui.TerminalPage} {
		text, err := fs.ReadFile(ui.Dist(), page)
		if err != nil {
			t.Fatalf("read %s: %v", page, err)
		}
		if found := inlineScript.Find(text); found != nil {
			t.Errorf("%s holds inline code or style: %s", page, found)
		}
		if found := elsewhere.Find(text); found != nil {
			t.Errorf("%s loads from another origin: %s", page, found)
		}
	}
}

func TestPolicyAllowsNothingInline(t *testing.T) {
	for _, word := range []string{"unsafe-inline", "unsafe-eval", "http:", "https:", "*"} {
		if strings.Contains(ui.ContentSecurityPolicy, word) {
			t.Errorf("policy holds %q", word)
		}
	}
}
