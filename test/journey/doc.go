// Package journey walks through the product as people do: each test starts a
// whole headquarters in this process and lets a script drive real browsers
// through it. Scripts find elements by role and visible words only, never by
// class, and every main state is looked at by axe-core (WCAG 2.2 AA).
//
//	go test (the houses, their cables, disks and clocks)
//	   │  starts `node <journey>.mjs` with addresses on its standard input
//	   ▼
//	script ──> Chromium ──> pages of server, terminal and simulated service
//	   └─────> POST to the test: pull a cable, fill the disk, stop the server
//
// A journey that fails leaves a picture of each page and what the pages and
// the programs logged, and says where.
package journey
