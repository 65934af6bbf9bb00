package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

type settingsCommand struct {
	Command string `arg:"" optional:"" help:"Only the settings of this command, for example server."`
}

// Run prints every setting with its environment variable, default and origin.
func (c *settingsCommand) Run(out io.Writer, parser *kong.Kong) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SETTING\tENVIRONMENT\tVALUE\tFROM")
	explain(t, parser.Model.Node, "", c.Command)
	return t.Flush()
}

func explain(t io.Writer, n *kong.Node, path, only string) {
	for _, f := range n.Flags {
		if f.Name == "help" || only != "" && !strings.HasPrefix(path, only) {
			continue
		}
		value, from := f.Default, "default"
		for _, e := range f.Envs {
			if v, ok := os.LookupEnv(e); ok {
				value, from = v, "environment "+e
			}
		}
		if value == "" && from == "default" {
			from = "not set"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", strings.TrimSpace(path+" --"+f.Name), strings.Join(f.Envs, " "), value, from)
	}
	for _, child := range n.Children {
		explain(t, child, strings.TrimSpace(path+" "+child.Name), only)
	}
}
