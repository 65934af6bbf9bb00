package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	target   = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
	variable = regexp.MustCompile(`^[A-Z_]+=`)
	word     = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// known are the programs of a Debian machine that documents may call. What is
// not here is a typing error or needs a word in docs/operations/install.md.
var known = strings.Fields(`adduser apt-get cat cd chmod chown cp curl export find getent git go grep head install journalctl jq ls mkdir
	npm openssl psql runuser sha256sum sqlite3 ss sudo systemctl tail tar tee useradd watch`)

// command is one line of a fenced sh block.
type command struct {
	file  string
	line  string
	words []string
}

// commands returns the commands of the sh fences of a Markdown text, in the
// order in which a reader would type them. Continued lines are joined, the
// parts of pipes and lists are commands of their own, here-documents are data.
func commands(file, text string) []command {
	var all []command
	inFence, held, until := false, "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case !inFence:
			inFence = line == "```sh" || line == "```bash"
			continue
		case strings.HasPrefix(line, "```"):
			inFence, held, until = false, "", ""
			continue
		case until != "":
			if line == until {
				until = ""
			}
			continue
		}
		if rest, ok := strings.CutSuffix(line, "\\"); ok {
			held += rest + " "
			continue
		}
		if open(held + line) {
			held += line + " "
			continue
		}
		line, held = held+line, ""
		if _, tag, ok := strings.Cut(line, "<<"); ok {
			until = strings.Trim(strings.Fields(tag)[0], `'"-`)
		}
		for _, part := range separate(line) {
			if w := bare(part); len(w) > 0 {
				all = append(all, command{file, strings.TrimSpace(part), w})
			}
		}
	}
	return all
}

// open reports whether a quote of the line is still to be closed.
func open(line string) bool {
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote == '"' && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '#' && (i == 0 || line[i-1] == ' '):
			return false
		}
	}
	return quote != 0
}

// separate splits a line at |, && and ; that stand in no quotes, and drops a
// comment at its end.
func separate(line string) []string {
	var parts []string
	from, quote := 0, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '#' && (i == 0 || line[i-1] == ' '):
			return append(parts, line[from:i])
		case c == '|' || c == ';' || c == '&' && i+1 < len(line) && line[i+1] == '&':
			parts = append(parts, line[from:i])
			for i+1 < len(line) && (line[i+1] == '|' || line[i+1] == '&') {
				i++
			}
			from = i + 1
		}
	}
	return append(parts, line[from:])
}

// bare drops the prompt, variables and sudo with its options from a command.
func bare(part string) []string {
	words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(part), "$ "))
	for len(words) > 0 {
		switch {
		case variable.MatchString(words[0]):
			words = words[1:]
		case words[0] == "sudo":
			words = words[1:]
			for len(words) > 0 && strings.HasPrefix(words[0], "-") {
				if words[0] == "-u" && len(words) > 1 {
					words = words[1:]
				}
				words = words[1:]
			}
		default:
			return words
		}
	}
	return nil
}

func documented(t *testing.T) []command {
	t.Helper()
	var all []command
	for _, file := range files(t, suffix(".md")) {
		all = append(all, commands(file, read(t, file))...)
	}
	return all
}

func TestDocumentedCommandsExist(t *testing.T) {
	targets := map[string]bool{}
	for _, m := range target.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets[m[1]] = true
	}
	for _, c := range documented(t) {
		name := c.words[0]
		switch {
		case filepath.Base(name) == "matoi":
			// TestDocumentedMatoiCommands asks the program itself
		case name == "make":
			for _, w := range c.words[1:] {
				if !variable.MatchString(w) && !strings.HasPrefix(w, "-") && !targets[w] {
					t.Errorf("%s: %q: the Makefile has no target %s", c.file, c.line, w)
				}
			}
		case strings.Contains(name, "/") && !strings.HasPrefix(name, "/"):
			if _, err := os.Stat(filepath.Join(root(t), name)); err != nil {
				t.Errorf("%s: %q: there is no %s", c.file, c.line, name)
			}
		case !slices.Contains(known, name):
			t.Errorf("%s: %q: %s is no program that the documents may call", c.file, c.line, name)
		}
	}
}

// TestDocumentedMatoiCommands asks the built program for the help of each
// command in the documents and looks for each of its flags there.
func TestDocumentedMatoiCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	program := build(t)
	helps := map[string]string{}
	for _, c := range documented(t) {
		if filepath.Base(c.words[0]) != "matoi" {
			continue
		}
		path, help := helpOf(t, program, helps, c.words[1:])
		if path == "" && len(c.words) > 1 && word.MatchString(c.words[1]) {
			t.Errorf("%s: %q: matoi has no such command", c.file, c.line)
			continue
		}
		for _, w := range c.words[1:] {
			flag, _, _ := strings.Cut(w, "=")
			if strings.HasPrefix(flag, "--") && flag != "--help" && !hasWord(help, flag) {
				t.Errorf("%s: %q: matoi %s has no flag %s", c.file, c.line, path, flag)
			}
		}
	}
}

func hasWord(text, flag string) bool {
	return regexp.MustCompile(regexp.QuoteMeta(flag) + `(?:[^a-z-]|$)`).MatchString(text)
}

// helpOf follows the leading words as far as the program knows them as
// commands. Kong prints the nearest help for an unknown word, so the usage line
// decides.
func helpOf(t *testing.T, program string, helps map[string]string, args []string) (path, help string) {
	t.Helper()
	for n := range len(args) + 1 {
		if n > 0 && !word.MatchString(args[n-1]) {
			break
		}
		try := strings.Join(args[:n], " ")
		text, ok := helps[try]
		if !ok {
			out, err := exec.Command(program, append(slices.Clone(args[:n]), "--help")...).CombinedOutput()
			if err != nil {
				break
			}
			text = string(out)
			helps[try] = text
		}
		if !strings.Contains(text, strings.TrimSpace("Usage: matoi "+try)) {
			break
		}
		path, help = try, text
	}
	return path, help
}

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "matoi")
	cmd := exec.Command("go", "build", "-o", program, "./cmd/matoi")
	cmd.Dir = root(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build ./cmd/matoi: %v\n%s", err, out)
	}
	return program
}

func TestCommandsOfAText(t *testing.T) {
	text := "```sh\n# a comment\ncd x && make demo   # and wait\n$ CI=true sudo -u matoi matoi terminal \\\n  enrol --dir /x\n" +
		"curl -d '{\"a\": 1;\n \"b\"}' http://x | jq .\ncat > f <<'END'\nrm -rf everything\nEND\nmake test\n```\n```json\n{}\n```\n"
	var got []string
	for _, c := range commands("x.md", text) {
		got = append(got, strings.Join(c.words[:min(2, len(c.words))], " "))
	}
	want := []string{"cd x", "make demo", "matoi terminal", "curl -d", "jq .", "cat >", "make test"}
	if !slices.Equal(got, want) {
		t.Errorf("commands = %q, want %q", got, want)
	}
}
