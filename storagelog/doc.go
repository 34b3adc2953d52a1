// Package storagelog reads, writes and finds Azure Storage Analytics logs: the
// records that classic logging leaves in the `$logs` container of a storage
// account.
//
// A record is one line of 30 fields (version 1.0) or 38 (version 2.0),
// separated by semicolons:
//
//	1.0;2011-08-09T21:44:36.2481552Z;GetBlob;Success;200;18;10;authenticated;…
//
// Writing: AppendEntry renders an Entry, Writer does it into an io.Writer.
// Whatever bytes a client put into names and headers, what they write is
// accepted by a strict reader.
//
// Reading: Line splits a record without copying or decoding it; its fields are
// parts of the record until asked for as text. Reader does it line by line for
// a whole log, either strictly, as the format is defined, with errors that name
// line and field, or leniently, taking whatever can be made sense of: the
// samples of documentation pages, logs that went through an editor, lines with
// fields of a later day. ParseEntry is the strict reading of a single line.
//
// Searching: a Filter selects records by time, field and text, at the speed of
// a text search: it finds candidates in the bytes before it looks at lines.
//
// Finding: LogName, LogTypes and Metadata are the names and the metadata of log
// blobs. List lists the logs that may hold records of a service, a time range
// and some types, asking the account for as little as it can.
//
// The package does no network of its own (List works on a Lister), and keeps no
// state. Formats: "Storage Analytics log format" and the Windows Azure Storage
// team's "Using Logs to Track Storage Requests" (2011).
package storagelog
