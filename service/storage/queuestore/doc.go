// Package queuestore keeps the queues of all accounts of a node and their
// messages, on Pebble.
//
//	s, err := queuestore.Open(queuestore.Config{Dir: dir})
//	_, err = s.CreateQueue(ctx, "account", queuestore.Queue{Name: "jobs"})
//	m, err := s.Put(ctx, "account", "jobs", "text", now, now, queuestore.Forever)
//	list, err := s.Get(ctx, "account", "jobs", 32, now, now.Add(30*time.Second))
//	err = s.Delete(ctx, "account", "jobs", list[0].ID, list[0].Receipt, now)
//
// It knows what a message is, not the service's rules: names, limits of sizes
// and times, and who may do what are the front end's.
//
// What it promises:
//
//   - A change whose call returned without error is on disk. Concurrent changes
//     share a sync. A crash at any moment leaves, of each, all or nothing; of one
//     that failed too.
//   - No two calls of Get return a message, until its time is over. Messages come
//     in the order in which they became visible, those of one time in the order in
//     which they were put.
//   - On average a call costs the same however many messages wait or were
//     consumed, and nothing is kept in memory for each message.
//   - A receipt is good until the message is dequeued or updated again. An id or a
//     receipt that is not one costs two lookups at most.
//   - On a full disk writes fail with ErrReadOnly: first what adds, then what
//     moves, last what deletes. Reading goes on.
//
// What it does not do: bound the number or the size of messages, tell apart a
// Get whose answer got lost from one whose answer did not, keep data on more than
// one disk. Account names have no zero byte.
//
// # Design
//
// Keys are in key.go. A message is two records. Its slot is small: when it is
// visible, and what changes with it (the nonce of the receipt, the count of
// dequeues). Its body, with the text, stays where it is under the message's
// number. Slots of a queue are ordered by the time from which on they are visible,
// then by number, so dequeuing is reading from the front, and hiding a message is
// moving its slot to a later time. One could keep message and place in one record;
// each dequeue would then write the text again, and an id with an old receipt
// would need an index to be told from one of a message that is gone.
//
// An id is the number, sealed (seal.go). A receipt is the time and the nonce of the
// slot. Together they are the slot's key, so no index of either is kept.
//
// Consumed slots leave tombstones, and a scan from the front would pass over all
// of them. Each queue in use therefore remembers the place below which there is
// nothing to be seen (marks.go); what comes below lowers it. A slot is set once at
// a place before it is deleted there, which allows SingleDelete: the two vanish
// together when they meet, mostly before they leave memory, and a message that
// is consumed soon is written to the log only.
//
// A dequeue chooses slots and makes their moves visible with the lock take held,
// and waits for the disk without. That is enough: who sees the moves writes to
// the log after them, so what is acknowledged later never outlives what it was
// based on. When the log fails, what is in memory may be ahead of what is on disk;
// then nothing is written any more until the store is opened again, from the log:
// messages whose dequeue failed are as they were, or come back when their time
// is over. The log's file is looked after by guard (logfile.go).
//
// Putting takes no lock of the queue but a shared one, which keeps out only
// those who change or delete the queue itself. Messages that are visible at once
// are placed at the latest time at which another one was (order), not at a time
// before it: they keep their order when the clock is set back, and can be seen then
// by a flag (ready). A message that waits for a time waits until a clock shows
// it.
//
// How many messages a queue has is a sum that Pebble merges (sum.go): a change adds
// to it without reading it.
//
// Deleting or clearing a queue is two range tombstones. Queues have numbers, so one
// made anew has nothing in common with the one before.
//
// Expired messages are passed over by readers. The sweep (sweep.go) deletes them, a
// bounded number a step. It looks only at queues in which one may have
// expired: an index by expiry would be a third record of every message, for
// something that need not happen at once.
package queuestore
