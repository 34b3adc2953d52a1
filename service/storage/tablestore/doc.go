// Package tablestore keeps the tables of all accounts of a node and their
// entities, on Pebble, in the order of their keys.
//
// It knows what an entity is made of, and keeps the two limits that only who sees
// the whole entity can keep, but none of the service's other rules: which names,
// keys and values are allowed, what a request may do, how a filter is written.
//
//	s, err := tablestore.Open(tablestore.Config{Dir: dir})
//	err = s.CreateTable(ctx, account, tablestore.Table{Name: "Orders"})
//	times, err := s.Write(ctx, account, "orders", now, []tablestore.Write{
//		{Kind: tablestore.Insert, Entity: a},                  // all of them
//		{Kind: tablestore.Merge, Entity: b, Match: timestamp}, // or none
//	})
//	page, err := s.Query(ctx, account, "orders", tablestore.Query{Ranges: ranges, Filter: wanted})
//
// What it promises:
//
//   - A call that returned without error is on disk. Concurrent calls share syncs.
//   - A crash at any moment leaves of each Write all or nothing, and the counters of
//     Usage right.
//   - A condition is checked and the change made with nobody between them.
//   - A page shows the table as it was at one moment. Pages of one listing are of
//     different moments; each continues where the one before ended, so an entity
//     that nobody touches is in exactly one.
//   - Timestamps of an entity grow with every write, also when the clock is set
//     back and when it was deleted between; not when its table was.
//   - A query is bounded: in entities, in bytes, in entities looked at, in time.
//   - On a full disk writes fail with ErrReadOnly, reading and deleting go on.
//
// # How it is kept
//
// One Pebble database. Its keys are in key.go: a table has a number that is never
// used again, and an entity's key is that number, its partition and its row, so
// that a table, a partition, a range are each one run of keys. Keys sort as the
// service sorts, by UTF-16 code units. To delete a table is to delete the run and
// the name in one batch, whatever the size.
//
// A record (entity.go) begins with what a change needs to know of the entity it
// replaces, Timestamp and size, so that only a merge decodes it.
//
// A Write locks, of 1,024 locks, those of its entities, in one order; looks at the
// entities; applies one batch; unlocks; waits for the log. The log is in order: who
// saw a change that is not on disk yet, and made one of his own, is not on disk
// before it. Changes of a table exclude changes in it by one more lock. Readers take
// none of these: they see what the database was when they began, which may be a
// moment ahead of the disk, and look once more whether the table is still the one
// it was.
//
// What it does not do: split tables over several disks, index properties, keep
// old versions, encrypt.
package tablestore
