// Package queue is the queue service of a storage account: every operation of the
// REST API, in versions 2009-09-19 to today's.
//
//	New(Config)            a storage.Service for a storage.Front
//	  ├ Route              which operation it is (route.go, operations.go)
//	  └ op_<operation>.go  one operation a file, headed by its specification
//
// Queues and messages are in a queuestore.API. The service turns requests into its
// calls and results into answers; it keeps nothing, and knows nothing of
// signatures, throttling or logs, which are the Front's.
//
// # Names in the logs
//
// A request for messages is routed as GetMessage or GetMessages, by how many it
// asks for, of class Write. Once it is known whether there were any it becomes
// GetMessageWrite or, for a queue without a visible message, GetMessageRead of
// class Read. So only a request that was refused is logged by the first names.
//
// # What clients send
//
// A message is XML around a text of at most 64 KiB (8 KiB before 2011-08-18). The
// form that every client sends is read by a scanner for just that form
// (message.go); whatever is not quite in it is read by encoding/xml, with the same
// result. Bodies, texts, depth and numbers are bounded.
//
// # What it does not do
//
// What is left out is listed, with the answers, in docs/compat/queue.md.
package queue
