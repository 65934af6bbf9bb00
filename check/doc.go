// Package check is the acceptance runner for the day on which a dedicated
// terminal is installed: it executes the tests C111 … C27 that follow from the
// published conditions for emergency call services, and the exercises of a cut
// line, against one terminal, and says with evidence what came of each.
//
// It judges from outside, through the public packages alone, by the name of a
// profile and an address; whoever runs it needs no product of ours. Five answers
// are five different things: pass and fail are about the terminal, error is
// about the runner or the line and never about the terminal, not applicable is
// what a declaration excludes, and not run says what was missing.
//
// The runner may stand beside a headquarters that is on duty. It acknowledges
// nothing, so that no report is lost to the headquarters; it sends no input but
// about reports of its own, which carry the mode test and ids that begin with
// "check-"; it presses keys only where it sees its own page on the screen
// (Page); and it takes the terminal's data line or its screen only when nobody
// has it, or when it was told to (Options.TakeLine, Options.TakeScreen).
//
// What a result does not say stands in it: that the text of the standard
// interface S3-01 was not available, and that a pass is not conformity with it.
package check
