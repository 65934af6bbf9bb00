// Package agent is the dedicated terminal (専用端末) of emergency call services at
// a headquarters: `matoi terminal run`. It has two faces and a page.
//
//	services' face      http on loopback only, one credential per service: reports,
//	                    chat, states, media in; inputs and steps out (events)
//	headquarters' face  mutual TLS 1.3, dialled by the gateway, never dialling: the
//	                    data plane, data requests, inputs, media, health, and the
//	                    screen, which a process of its own guards (package guardian)
//	own page            on the services' listener, behind a key of its own: a person
//	                    at the terminal reads, answers and closes alone when the link
//	                    is down (端末単独利用, condition 1-1-2)
//
// Between them stands the spool: nothing is answered before it is durable
// there, and whatever waits for the headquarters waits there and nowhere else.
// A gateway that reads slowly therefore costs nobody anything: the intake never
// meets it.
//
// # Who owns which goroutine
//
// Agent owns them all and Close waits for them: the two HTTP servers with their
// handlers, the clockwork (one tick a second), and per connection of the
// gateway one that sends, one that reads, one that keeps acknowledgements.
// There is one connection of the gateway at a time; a newer one ends the older,
// because the older is what a restarted or failed-over gateway left behind.
package agent
