package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const dutyPackage = "github.com/matoi119/matoi/test/duty"

// holder is a package with tests that hold duties. A nil list of tests means
// that Holds is called from a helper, so that all of them must run.
type holder struct {
	pkg   string
	tests []string
}

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath   string
	Dir          string
	TestGoFiles  []string
	XTestGoFiles []string
	TestImports  []string
	XTestImports []string
}

func findHolders(ctx context.Context) ([]holder, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-json", "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var found []holder
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		imports := slices.Concat(p.TestImports, p.XTestImports)
		if p.ImportPath == dutyPackage || !slices.Contains(imports, dutyPackage) {
			continue
		}
		h := holder{pkg: p.ImportPath}
		for _, name := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			tests, helper, err := callers(filepath.Join(p.Dir, name))
			if err != nil {
				return nil, err
			}
			if helper {
				h.tests = nil
				break
			}
			h.tests = append(h.tests, tests...)
		}
		found = append(found, h)
	}
}

// callers returns the tests of a file that call duty.Holds or its alias duty,
// and whether something else than a test calls it.
func callers(path string) (tests []string, helper bool, err error) {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, false, fmt.Errorf("read tests: %w", err)
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !holds(fn) {
			continue
		}
		if fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Test") {
			return nil, true, nil
		}
		tests = append(tests, fn.Name.Name)
	}
	return tests, false, nil
}

func holds(fn *ast.FuncDecl) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch f := call.Fun.(type) {
		case *ast.Ident:
			found = found || f.Name == "duty"
		case *ast.SelectorExpr:
			x, ok := f.X.(*ast.Ident)
			found = found || ok && x.Name == "duty" && f.Sel.Name == "Holds"
		}
		return !found
	})
	return found
}
