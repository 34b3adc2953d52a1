// Package archive writes resource logs into a storage account, as Azure Monitor
// does: one append blob for each hour of each resource, in a container for each
// category, one JSON object a line. Archive is the deliver.Destination of one
// diagnostic setting; Retention deletes what has become too old. The format is in
// docs/format/archive.md.
//
// # What is promised
//
// Every record is in the archive exactly once as soon as Deliver has returned,
// whatever process dies when, whichever answer is lost and however late an append
// takes effect. Lines are the Line of the record, byte for byte, and within one
// folder they are in the order of the stream. Nothing is held in memory between
// two calls, so Flush has nothing to do.
//
// # How
//
// A batch is divided into steps, most often one. A step collects what is to be
// added to each folder, finds the blob and its end, saves a plan of it all (one
// Save) and then appends, several blobs at once. An append is conditional on the
// end of the blob that the plan names, so no append takes effect twice. What the
// outcome was of appends that had no good answer is found out by reading what the
// blob holds at that place. DESIGN.md goes through the cases.
//
// The account may be anybody's: ours in process, an emulator, a real one. It is
// asked nothing before the first record. Containers and blobs are made when they
// are needed.
//
// # When a blob cannot be appended to
//
// One that is full, sealed or of another kind is left as it is, and the hour goes
// on in PT1H_1.json and so on. So is one with content that is leased or protected
// by a policy; an empty one that is leased or protected is an error that lasts
// until somebody changes that, because the next would be no better. Refusals are
// never permanent: records wait on the bus until the account takes them. Rejected
// are records that no container or blob can be named for, and single lines that
// are more than the account takes at once.
//
// # Not done
//
// Several processes that write for one setting at once: the State has one owner.
// Compression, tiers, leases on what is written. The activity log, whose records
// have no resource.
package archive
