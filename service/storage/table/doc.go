// Package table is the table service of a storage account: every operation of the
// REST API on tables and entities, in JSON.
//
// New makes a Service; a storage.Front in front of it speaks HTTP, checks who
// asks, and keeps the log. The Service turns requests into calls of a
// tablestore.API. One operation is one file, op_<operation>.go, headed by what it
// does and where it differs from the real service. What operations share:
//
//	operations.go     all operations: name in the logs, permissions, limits
//	route.go          which operation a request asks for
//	address.go        /Tables('t'), /t(PartitionKey='p',RowKey='r')
//	media.go          JSON and its three levels of metadata, Prefer
//	command.go        a change of one entity, alone or in a batch
//	guard.go          what a SAS or a token allows of which entities; `$Metrics` tables
//	entity_decode.go  an entity from JSON; member.go its properties, value.go values
//	entity_encode.go  an entity to JSON
//	etag.go           ETags and conditions
//	continuation.go   tokens of answers that go on
//	selection.go      $select
//	alias.go          old names of the tables of metrics
//	batch*.go         bodies of entity group transactions and of their answers
//
// Filters are compiled by the package odata.
//
// # Guarantees
//
// A change is on disk when its answer leaves, and happens as a whole or not at
// all. What an entity may hold is checked before anything is written, with the
// codes of the real service. The body of a request is bounded, and so is the part
// of a table that one query looks at: its answer then says where to go on.
//
// # What is not supported
//
// Atom. So all versions before 2013-08-15, which know nothing else, can only delete
// tables and entities, and get 415 AtomFormatNotSupported for the rest about them.
package table
