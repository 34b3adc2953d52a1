// Package deliver takes records from the bus to where diagnostic settings send
// them.
//
// A Router watches the settings and keeps one worker for every setting and
// destination. A worker has a cursor of its own on the bus: a destination that
// is slow, fails or hangs delays nobody else, and its backlog waits on disk.
// The worker hands batches to a Destination, in order; waits and repeats when
// that fails; puts aside as dead letters what can never be taken; and moves its
// cursor when the destination reports records as settled. It keeps a ledger, and
// stores it with the cursor, so that the account of accepted, delivered and lost
// records survives restarts. What waits for a destination that cannot keep up is
// bounded in bytes and in age; beyond the bounds the oldest is dropped and counted.
//
// A new setting's records begin where the stream ends when the setting is made.
// A category that is switched on or off later is so from a certain record on,
// whatever the worker has read by then. A setting that goes is delivered up to
// the record before it went, for at most DrainTimeout, before its cursor goes.
//
// Writing a destination: implement Destination, read its comments about
// positions, and pass delivertest.Run. Its Kind says how it is opened and in what
// portions it is fed; what it must know after a crash it keeps in its State; what
// it has to say with an error are Permanent, Reject, Reopen and RetryAfter.
//
// DESIGN.md gives the reasons.
package deliver
