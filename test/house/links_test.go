package house

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var (
	inlineLink = regexp.MustCompile(`\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)(?:\s+"[^"]*")?\)`)
	reference  = regexp.MustCompile(`(?m)^\[[^\]]+\]:\s+(\S+)`)
	heading    = regexp.MustCompile(`^#{1,6}\s+(.+?)\s*#*$`)
	spanned    = regexp.MustCompile("`[^`]*`")
	linkText   = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// prose returns the lines of a Markdown text that stand in no fence.
func prose(text string) []string {
	var lines []string
	fence := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case fence == "" && (strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~")):
			fence = trimmed[:3]
		case fence != "" && strings.HasPrefix(trimmed, fence):
			fence = ""
		case fence == "":
			lines = append(lines, line)
		}
	}
	return lines
}

// anchors returns the fragment ids that a forge gives to the headings.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	count := map[string]int{}
	for _, line := range prose(text) {
		m := heading.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		id := slug(m[1])
		if n := count[id]; n > 0 {
			found[id+"-"+strconv.Itoa(n)] = true
		} else {
			found[id] = true
		}
		count[id]++
	}
	return found
}

func slug(title string) string {
	title = linkText.ReplaceAllString(title, "$1")
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.M, r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// links returns the targets of a Markdown text.
func links(text string) []string {
	var found []string
	body := spanned.ReplaceAllString(strings.Join(prose(text), "\n"), "")
	for _, re := range []*regexp.Regexp{inlineLink, reference} {
		for _, m := range re.FindAllStringSubmatch(body, -1) {
			found = append(found, strings.Trim(m[1], "<>"))
		}
	}
	return found
}

// broken says what is wrong with a link in file, or "".
func broken(t *testing.T, file, target string) string {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		return err.Error()
	}
	if u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "mailto" {
		return "" // the tests have no internet
	}
	name := file
	if u.Path != "" {
		name = path.Join(path.Dir(file), u.Path)
		if strings.HasPrefix(name, "../") || strings.HasPrefix(u.Path, "/") {
			return "leaves the tree"
		}
	}
	info, err := os.Stat(filepath.Join(root(t), name))
	if err != nil {
		return "there is no " + name
	}
	if u.Fragment == "" || info.IsDir() || !strings.HasSuffix(name, ".md") {
		return ""
	}
	if !anchors(read(t, name))[u.Fragment] {
		return name + " has no heading #" + u.Fragment
	}
	return ""
}

func TestEveryLinkResolves(t *testing.T) {
	count := 0
	for _, file := range files(t, suffix(".md")) {
		for _, target := range links(read(t, file)) {
			count++
			if wrong := broken(t, file, target); wrong != "" {
				t.Errorf("%s links to %s: %s", file, target, wrong)
			}
		}
	}
	if count == 0 {
		t.Error("no document links to another")
	}
}

func TestLinksAndAnchors(t *testing.T) {
	text := "# 端末 terminal: `open/1`!\n\n## Twice\n\n## Twice\n\n```sh\n# no heading [x](no/link.md)\n```\n" +
		"See [a](a.md), [b](b.md#x \"title\") and `[c](c.md)`.\n\n[d]: d.md\n"
	if got := strings.Join(links(text), " "); got != "a.md b.md#x d.md" {
		t.Errorf("links = %q", got)
	}
	ids := anchors(text)
	for _, want := range []string{"端末-terminal-open1", "twice", "twice-1"} {
		if !ids[want] {
			t.Errorf("anchors = %v, want %s among them", ids, want)
		}
	}
	if len(ids) != 3 {
		t.Errorf("anchors = %v, want three", ids)
	}
	if broken(t, "README.md", "docs/no-such-file.md") == "" || broken(t, "docs/glossary.md", "#no-such-heading") == "" {
		t.Error("a broken link passes")
	}
}

// mentioned is a path in code quotes: `internal/store/writer`. Documents that
// name rooms that are gone teach the wrong house.
var mentioned = regexp.MustCompile("`((?:cmd|deploy|docs|i18n|internal|scripts|sim|stdif|test|tools|ui|check|probe|rfb)/[A-Za-z0-9_./-]*[A-Za-z0-9_-])/?`")

func TestEveryMentionedPathExists(t *testing.T) {
	for _, file := range files(t, suffix(".md")) {
		for _, line := range prose(read(t, file)) {
			for _, m := range mentioned.FindAllStringSubmatch(line, -1) {
				if _, err := os.Stat(filepath.Join(root(t), m[1])); err != nil {
					t.Errorf("%s mentions %s, which is not there", file, m[1])
				}
			}
		}
	}
}
