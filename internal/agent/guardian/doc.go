// Package guardian stands between a terminal's screen and its agent, in a process
// of its own (docs/decisions/0015): it sees and operates the screen through
// package capture and serves it with RFB 3.8 to the one client that the agent
// connects. What was pressed through it, it lets go of: when the agent's pipe
// closes for whatever cause, when nothing was heard for a moment while something is
// held, when the person at the terminal uses it. A killed agent still closes a
// pipe; of a killed guardian the successor, which waits with the display open,
// releases what is left.
//
// Child is the process; Keeper is the agent's half, which starts them, keeps one
// warm and connects a headquarters.
package guardian
