package bench

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	ofPage   = regexp.MustCompile(`(?:src|href)="/?(assets/[^"]+\.(?:js|css))"`)
	ofScript = regexp.MustCompile(`(?:from|import)\s*"\./([^"]+\.js)"`) // what a script needs before it runs; import( is for later
)

// starts lists the files that a browser reads before a page works.
func starts(pages fs.FS, page string) ([]string, error) {
	text, err := fs.ReadFile(pages, page)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, m := range ofPage.FindAllSubmatch(text, -1) {
		found = append(found, string(m[1]))
	}
	for i := 0; i < len(found); i++ {
		if !strings.HasSuffix(found[i], ".js") {
			continue
		}
		script, err := fs.ReadFile(pages, found[i])
		if err != nil {
			return nil, err
		}
		for _, m := range ofScript.FindAllSubmatch(script, -1) {
			if name := path.Join("assets", string(m[1])); !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// Size is what files weigh, as they are and on the wire.
type Size struct {
	Files         int
	Bytes, Packed int
}

func weigh(pages fs.FS, names []string) (s Size, err error) {
	for _, name := range names {
		b, err := fs.ReadFile(pages, name)
		if err != nil {
			return s, err
		}
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		if _, err := z.Write(b); err != nil {
			return s, fmt.Errorf("pack %s: %w", name, err)
		}
		if err := z.Close(); err != nil {
			return s, fmt.Errorf("pack %s: %w", name, err)
		}
		s.Files++
		s.Bytes += len(b)
		s.Packed += out.Len()
	}
	return s, nil
}
