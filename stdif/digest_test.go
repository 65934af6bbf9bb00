package stdif

import "testing"

// What other programs write again has the same name; what is no JSON has none.
func TestDigest(t *testing.T) {
	want, err := Digest([]byte(`{"a":[1,"髙"],"b":{"c":null}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, same := range []string{"{ \"b\": {\"c\":null},\n \"a\" : [1.0, \"\\u9ad9\"] }", `{"a":[1e0,"髙"],"b":{"c":null}}`} {
		if got, err := Digest([]byte(same)); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", same, got, err, want)
		}
	}
	for _, other := range []string{`{"a":[1,"高"],"b":{"c":null}}`, `{"a":["髙",1],"b":{"c":null}}`} {
		if got, err := Digest([]byte(other)); err != nil || got == want {
			t.Errorf("%s: %s, %v", other, got, err)
		}
	}
	for _, broken := range []string{"", "{", `{"a":1,"a":2}`, "{} {}"} {
		if _, err := Digest([]byte(broken)); err == nil {
			t.Errorf("%q has a digest", broken)
		}
	}
}
