package check

import (
	"context"
	"time"
)

// All returns the tests in the order in which they run.
func All() []Test { return (&runner{words: sentences()}).all() }

// all puts the list together. What a test is and does stands in the catalogue
// of words under its id.
func (r *runner) all() []Test {
	type body = func(context.Context, *run) Outcome
	type before = func(context.Context, *run) *Outcome
	test := func(id, row string, need before, do body) Test {
		return Test{ID: id, Row: row, Title: r.say("title." + id), Does: r.say("does." + id), Limit: time.Minute, before: need, body: do}
	}
	return []Test{
		test("C221a", "S3-2-2-1", probed, c221a),
		test("C221b", "S3-2-2-1", probed, c221b),
		test("C221c", "S3-2-2-1", probed, c221c),
		test("C131a", "S3-1-3-1", needsCall, c131a),
		test("C131b", "S3-1-3-1", needsCall, c131b),
		test("C131c", "S3-1-3-1", needsCall, c131c),
		test("C132", "S3-1-3-2", needsCall, c132),
		test("D-01", "S3-1-1-2", needsCall, d01),
		test("C121a", "S3-1-2-1", needsScreen, c121a),
		test("C121b", "S3-1-2-1", needsScreen, c121b),
		test("C121c", "S3-1-2-1", needsScreen, c121c),
		test("C122a", "S3-1-2-2", needsScreen, c122a),
		test("C122b", "S3-1-2-2", needsScreen, c122b),
		test("C122c", "S3-1-2-2", needsScreen, c122c),
		test("D-02a", "S3-1-2-2", needsScreen, d02a),
		test("D-02b", "S3-1-2-2", needsScreen, d02b),
		test("C111", "S3-1-1-1", nil, c111),
		test("C112", "S3-1-1-2", nil, c112),
		test("D-03", "S3-1-1-2", nil, d03),
		test("C21", "S3-2-1", nil, later),
		test("C222", "S3-2-2-2", nil, c222),
		test("C23", "S3-2-3", nil, c23),
		test("C241", "S3-2-4-1", nil, c241),
		test("C242", "S3-2-4-2", nil, c242),
		test("C25", "S3-2-5", nil, later),
		test("C26", "S3-2-6", nil, later),
		test("C27", "S3-2-7", nil, later),
	}
}
