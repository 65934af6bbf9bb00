package jsontree

import (
	"strings"
	"testing"

	"github.com/matoi119/matoi/stdif"
)

func TestRead(t *testing.T) {
	n, p := Read([]byte("\ufeff"+`{"a":{"b":"言葉"},"c":[1.50,{"d":true},[]],"e":null}`), 1000)
	if p != nil || n.Get("a", "b").Says() != "言葉" || len(n.Get("c").List()) != 3 || n.Get("x", "y") != nil || len(n.Get("a").List()) != 1 {
		t.Fatalf("%+v, %v", n, p)
	}
	var got []string
	taken := Taken{}
	taken.Take(n.Get("a"))
	taken.Rest(n, "", func(path, value string) { got = append(got, path+"="+value) })
	if s := strings.Join(got, " "); s != "c[1]=1.50 c[2].d=true c[3]=[] e=null" {
		t.Errorf("rest = %s", s)
	}
	deep := strings.Repeat(`{"a":`, stdif.MaxDepth+1)
	for wire, code := range map[string]stdif.Code{
		"": stdif.CodeSyntax, `{"a":1,"a":2}`: stdif.CodeSyntax, `{} x`: stdif.CodeSyntax, "\"\xff\"": stdif.CodeEncoding, `{"a":`: stdif.CodeSyntax,
		deep: stdif.CodeSyntax, strings.Repeat(" ", 1001): stdif.CodeTooLarge, `"\ud800"`: stdif.CodeSyntax,
	} {
		if n, p := Read([]byte(wire), 1000); p == nil || p.Code != code || n != nil || p.Place == "" && code != stdif.CodeTooLarge {
			t.Errorf("%.20q: %v", wire, p)
		}
	}
}

// Whatever comes, reading ends, and what was read can be kept.
func FuzzRead(f *testing.F) {
	for _, wire := range []string{"{}", `[1,"a",{"b":null}]`, `{"a":{"a":{"a":[]}}}`, "\xff", `{"a":1e999}`} {
		f.Add([]byte(wire))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		n, p := Read(wire, stdif.MaxFrame)
		if (n == nil) == (p == nil) {
			t.Fatalf("%v with %v", n, p)
		}
		leaves := 0
		Taken{}.Rest(n, "", func(string, string) { leaves++ })
		if p == nil && leaves == 0 {
			t.Fatal("a document without any rest")
		}
	})
}
