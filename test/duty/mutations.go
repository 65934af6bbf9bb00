package duty

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strings"
)

//go:embed mutations.csv
var mutationText string

// Mutation is one way to break the product that the tests of a row must catch:
// in File, the only place that reads Was comes to read Becomes. A test that
// still passes then does not hold its row.
type Mutation struct {
	ID, File, Was, Becomes, Why string
}

// Mutations reads mutations.csv.
func Mutations() ([]Mutation, error) { return parseMutations(mutationText) }

func parseMutations(text string) ([]Mutation, error) {
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read mutations.csv: %w", err)
	}
	if len(all) == 0 || strings.Join(all[0], ",") != "id,file,was,becomes,why" {
		return nil, fmt.Errorf("read mutations.csv: the first line is not id,file,was,becomes,why")
	}
	var found []Mutation
	for _, rec := range all[1:] {
		found = append(found, Mutation{ID: rec[0], File: rec[1], Was: rec[2], Becomes: rec[3], Why: rec[4]})
	}
	return found, nil
}

// Apply returns the broken text of the file.
func (m Mutation) Apply(text string) (string, error) {
	if n := strings.Count(text, m.Was); n != 1 || m.Was == "" {
		return "", fmt.Errorf("mutation of %s: %s reads %q %d times, want once", m.ID, m.File, m.Was, n)
	}
	if m.Was == m.Becomes {
		return "", fmt.Errorf("mutation of %s changes nothing", m.ID)
	}
	return strings.Replace(text, m.Was, m.Becomes, 1), nil
}
