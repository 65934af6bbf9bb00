package markup

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/matoi119/matoi/stdif"
)

// What decides the character set is the mark, then the declaration; bytes that
// do not exist in it refuse the document at their place.
func TestReadEncodings(t *testing.T) {
	const text = "例示町１－２　髙﨑"
	sjis, err := japanese.ShiftJIS.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String("<a>" + text + "</a>")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, wire, place string
	}{
		{"plain", "<a>" + text + "</a>", ""},
		{"mark", "\xef\xbb\xbf<a>" + text + "</a>", ""},
		{"UTF-16", wide, ""},
		{"Shift_JIS", `<?xml version="1.0" encoding="Shift_JIS"?><a>` + sjis + "</a>", ""},
		{"declared UTF-8, is CP932", `<?xml version="1.0" encoding="UTF-8"?><a>` + sjis + "</a>", "byte 41"},
		{"undeclared CP932", "<a>" + sjis + "</a>", "byte 3"},
		{"half a pair", "\xfe\xff\x00<\x00a\x00>\xd8\x00\x00<\x00/\x00a\x00>", "byte 8"},
		{"unknown", `<?xml version="1.0" encoding="EBCDIC"?><a/>`, "byte 0"},
	} {
		root, _, p := Read([]byte(c.wire))
		if c.place == "" {
			if p != nil || root.Text != text {
				t.Errorf("%s: %v, %+v", c.name, p, root)
			}
			continue
		}
		if p == nil || p.Code != stdif.CodeEncoding || p.Place != c.place || root != nil {
			t.Errorf("%s: %v, want 204 at %s", c.name, p, c.place)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	deep := stdif.MaxDepth + 1
	for name, wire := range map[string]string{
		"document type": `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, "entity": "<a>&x;</a>", "empty": "", "two roots": "<a/><b/>",
		"text outside": "<a/>x", "cut": "<a><b></b>", "deep": strings.Repeat("<a>", deep) + strings.Repeat("</a>", deep),
		"attribute cut": `<a xmlns="urn:x>`,
	} {
		root, _, p := Read([]byte(wire))
		if p == nil || p.Code != stdif.CodeSyntax || !strings.HasPrefix(p.Place, "byte ") || root != nil {
			t.Errorf("%s: %v, want 201 at a byte", name, p)
		}
	}
	if _, _, p := Read(bytes.Repeat([]byte(" "), stdif.MaxFrame+1)); p == nil || p.Code != stdif.CodeTooLarge {
		t.Errorf("too large: %v", p)
	}
}

// Everything that was not taken is kept under its path, once.
func TestRest(t *testing.T) {
	root, _, p := Read([]byte(`<a xmlns:x="urn:x" n="1"><b>one</b><b x:k="v">two</b><c><d/><e>taken</e></c>` +
		`<p><valueName>S</valueName><value>7</value></p></a>`))
	if p != nil {
		t.Fatal(p)
	}
	taken := Taken{}
	taken.Take(root.Child("c", "e"))
	taken.Take(root.Named("b")[1]) // says more than its text
	var got []string
	taken.Rest(root, "a", func(path, value string) { got = append(got, path+"="+value) })
	want := "a@n=1 a.b[1]=one a.b[2]@k=v a.b[2]=two a.c.d= a.p[S]=7"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("rest = %s\nwant   %s", s, want)
	}
	if root.Child("c", "none", "e").Says() != "" || root.Child("b").Attr("n") != "" || root.Attr("n") != "1" {
		t.Error("a path that leads nowhere says something")
	}
	items, joined := Fit(make([]stdif.Additional, stdif.MaxAdditional+2), "a")
	if !joined || len(items) != stdif.MaxAdditional || strings.Count(items[len(items)-1].Value, "\n") != 3 {
		t.Errorf("Fit = %d items, joined %v", len(items), joined)
	}
}

func TestNumbers(t *testing.T) {
	if got := Numbers(" 1.5 -2\n3e0 ", 3); len(got) != 3 || got[1] != -2 {
		t.Errorf("Numbers = %v", got)
	}
	for _, text := range []string{"1 x", "NaN", "Inf 1", "1e999", "1 2 3 4"} {
		if got := Numbers(text, 3); got != nil {
			t.Errorf("Numbers(%q) = %v", text, got)
		}
	}
	if id := SafeID(strings.Repeat("x", 200)); len(id) > stdif.MaxID || id == SafeID(strings.Repeat("x", 201)) {
		t.Errorf("SafeID = %s", id)
	}
}

// Whatever comes, reading ends, and what was read can be kept.
func FuzzRead(f *testing.F) {
	for _, wire := range []string{"<a/>", "\xff\xfe<\x00", `<?xml version="1.0" encoding="Shift_JIS"?><a>` + "\x81\xff</a>", "<a b='c'>d<e/></a>", "<!DOCTYPE a>"} {
		f.Add([]byte(wire))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		root, _, p := Read(wire)
		if (root == nil) == (p == nil) {
			t.Fatalf("%v with %v", root, p)
		}
		if p != nil {
			return
		}
		n := 0
		Taken{}.Rest(root, root.Name, func(string, string) { n++ })
		if n == 0 && len(root.Attrs) == 0 {
			t.Fatal("a document without any rest")
		}
	})
}
