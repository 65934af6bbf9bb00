// Command child is the sandbox's child alone, for tests.
package main

import (
	"os"

	"github.com/matoi119/matoi/internal/sandbox"
)

func main() { os.Exit(sandbox.Child(os.Args, os.Stdin, os.Stdout)) }
