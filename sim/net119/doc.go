// Package net119 simulates a service of the Net119 kind: persons who cannot
// speak on the telephone, registered beforehand, report by a page on their
// telephone and talk by text (standard-interface §2.2). It is a whole service:
//
//	caller's page ──> Cloud ──> service's page in the terminal's browser ──> intake of the terminal
//	       <── chat, steps ──          (or Handover, installed software)       <── events
//
// The service is a web application, so its own page in the terminal's browser
// hands over: it takes items from the cloud by a stream and posts them to the
// loopback intake with the service's credential (CORS, declared origin). Since
// a browser tab may die at any instant, the queue lives in the cloud: an item
// leaves it only when the intake has answered, and is sent again under the same
// id after a reload. Handover does the same without a browser.
//
// The caller is never told more than is known: until headquarters' dispatcher
// has opened the report, the page does not say 消防が確認しました, and while
// only the terminal has it, the page says that the fire service has not
// received it and how else to call.
//
// All persons, places and numbers are made up.
package net119
