// Package durability holds what a headquarters stands on: acknowledged means
// durable, stored means shown, one report has one owner. Its tests start the
// built program as processes of their own, kill them, fill their disks, set
// their clocks and compare counts that were made independently: by the services
// that sent, by the console that saw, by the database, by matoi verify.
//
// With -short the long tests do a few rounds; MATOI_SOAK=30m lets
// TestSoakKill go on for so long.
package durability
