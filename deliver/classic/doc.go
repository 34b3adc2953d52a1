// Package classic writes classic Storage Analytics logs: the `$logs` container
// of a storage account. Log is the deliver.Destination of one service of one
// account; Retention deletes what has become too old.
//
// # What is promised
//
// Every record is in exactly one committed log blob once its position is
// settled, whatever process dies when; a log blob, once committed, never
// changes. Lines lie in the folder of the hour in which their request ended.
//
// # The life of a line
//
// A record is rendered into the pending block of its hour. The block is put
// (Put Block, uncommitted: nobody sees it) when it has 4 MiB or its first line
// has waited for the flush interval. The log is committed (Put Block List) when
// it has 150 MiB or its first block has waited for the flush interval. When its
// hour is over, a log is committed soon. All that is held in memory is what is
// pending, 4 MiB for all hours together.
//
// Settled is what is committed, up to the first record that is not. Two hours
// may be open at once, because records come in the order they were emitted,
// which is nearly and not quite that of their ends; a third one makes the
// oldest be committed.
//
// # Exactly once, and why it needs no state of its own
//
// After a crash the worker delivers again all that was not settled. Part of it
// may be committed: the log of one hour was, that of the other not, or the
// cursor was not yet written. So a block's id says which positions it holds:
// the epoch of the stream, the first and the last position. When an hour is
// first written to after a start, the folder is listed, the committed block
// list of its last log is read, and what its last block covers is passed over.
// That suffices, because within one hour's folder lines are always in the order
// of positions: logs are committed one after another, and the hour a record
// belongs to never changes.
//
// Blocks that were put and not committed are forgotten: the same log name is
// staged anew, only the new blocks are named at the commit, and the service
// discards the others.
//
// A commit is conditional: it only ever makes a new blob. When its answer is
// lost, trying again is refused, the committed block list is compared with what
// was to be committed, and is it the same, the first try had worked. Is it not,
// somebody else writes these logs, and the Log asks for redelivery
// (deliver.Reopen), as it does when its uncommitted blocks have disappeared.
//
// Why not keep a position in the metadata of the log? It would say the same of
// the end of a log, and a block list says it of every block and cannot
// disagree with the content. Why not one blob appended to? The format demands
// that a log which can be read never changes.
//
// # Names
//
// The counter of a log is that of the last log in its folder plus one. It is
// read from the folder once, then counted in memory; so when a user deletes the
// newest log, its name can come again after a restart, as the service's own
// documentation says. Deleting it also removes what the folder knows of
// positions: lines delivered again after a crash could then be in a new log,
// those of the deleted one among them.
//
// # What goes wrong
//
// An account that is full or does not answer: the error is returned, the worker
// tries again, nothing is lost; as long as it takes the records wait on the
// bus. A record that cannot be rendered is rejected, alone. When the analytics
// data of the account reach their capacity (20 TiB), writing stops and records
// are counted as dropped, as the service does, until retention or the user has
// made room.
package classic
