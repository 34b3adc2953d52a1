// Package disk is what the stores of the services have in common: a Pebble
// database that refuses writes before its disk is full and ends well when its log
// fails, records and times as bytes.
//
//	db, err := disk.Open(disk.Config{Name: "queues", Dir: dir, Format: 1, ...})
//	if err := db.Space.Allow(len(text), disk.Adding); err != nil { ... } // ErrReadOnly
//	b := db.NewBatch()
//	...
//	err = db.Show(b)   // with whatever lock the change needs
//	err = db.Settle(b) // without: it waits for the disk
//
// The log is in order: once a change is on disk, so is all that whoever made it
// has seen. So a lock need not be held while the disk works, and those who wait
// share their syncs.
package disk
