// Package page is the screen of a simulated report service: a picture drawn
// without any display server, served as RFB 3.8 (RFC 6143) on loopback, as an
// installed VNC server would serve it. A terminal attaches to it as to any other
// server on its loopback, so that everything behind it is tried as it is.
//
// The page looks like work: a list of calls, the caller's words, a chat with a
// field to type in, buttons, a clock, a log that scrolls, a moving picture when
// asked. It says what it was given, to its caller (Held, Typed, Clicks,
// Clipboard) and as JSON to other processes (Status). What is held stays held
// when a client goes away, as it would in a display server: whether somebody
// lets go is what tests want to see.
//
// Told to, it misbehaves as hostile or broken servers do (Faults). All people
// and places are invented.
package page
