package journey

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// examples are the blocks of a document that somebody will copy.
var examples = regexp.MustCompile("(?s)```bash\n(.*?)```")

// shell is what stands around the examples: answers are kept, refusals end it. A
// feed never ends, so its reader leaves; who logs in by an example logs out by one.
const shell = `set -euo pipefail
curl() {
  case "${@: -1}" in
  */feed) "$CURL" -sS --fail-with-body --max-time 1 "$@" >>answers || [ $? = 28 ] ;;
  */sessions) "$CURL" -sS --fail-with-body "$@" >session; LEAVING=$(sed 's/.*"token":"\([^"]*\)".*/\1/' session) ;;
  */sessions/current) "$CURL" -sS --fail-with-body "${@/"$PERSON"/"$LEAVING"}" >>answers ;;
  *) "$CURL" -sS --fail-with-body "$@" >>answers ;;
  esac
}
uuidgen() { cat /proc/sys/kernel/random/uuid; }
`

// Every example of docs/api.md is run as it stands there, against a house that
// runs: a shell, curl, and the variables that the text names.
func TestExamplesOfTheAPI(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal("curl is not installed; make setup installs it")
	}
	o := newOffice(t)
	c := o.send("N-1", "助けて")
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), o.server.CA.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	var board struct{ Cursor int64 }
	o.machine.must("GET", "/board", nil, &board)
	var me struct{ Console struct{ ID string } }
	o.suzuki.must("GET", "/me", nil, &me)
	script := shell
	blocks := examples.FindAllStringSubmatch(string(text), -1)
	for _, b := range blocks {
		script += b[1]
	}
	if n := strings.Count(script, "\ncurl --cacert"); n < 12 {
		t.Fatalf("%d examples in %d blocks", n, len(blocks))
	}
	script = strings.NewReplacer(`"password":"…"`, `"password":"`+password+`"`, "Last-Event-ID: 4711", "Last-Event-ID: "+strconv.FormatInt(board.Cursor, 10)).Replace(script)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	run := exec.CommandContext(ctx, "bash", "-c", script)
	run.Dir = dir
	run.Env = append(os.Environ(), "CURL="+curl, "HQ="+o.server.URL(), "TOKEN="+o.machine.token, "PERSON="+o.sato.token, "ID="+c.ID, "CONSOLE="+me.Console.ID)
	if out, err := run.CombinedOutput(); err != nil {
		answers, _ := os.ReadFile(filepath.Join(dir, "answers")) // what was answered before helps whoever reads this
		t.Fatalf("%v: %s\n%s", err, out, answers[max(0, len(answers)-2000):])
	}
	var detail struct{ Card apiCard }
	o.machine.must("GET", "/reports/"+c.ID, nil, &detail)
	if detail.Card.State != "closed" {
		t.Errorf("after all examples the report is %s", detail.Card.State)
	}
}
