// Package storage is what the blob, queue and table front ends of a storage
// account share: one path that every request takes.
//
//	NewFront(FrontConfig)          http.Handler for one service of all accounts
//	  ├ address    host-style and path-style URLs, the request's version
//	  ├ authenticate   Shared Key, Shared Key Lite, account SAS, service SAS,
//	  │                bearer token, user delegation SAS
//	  ├ Service.Route  which Operation it is
//	  ├ authorize  SAS permissions, public access, roles
//	  ├ throttle   a Throttle says 503 ServerBusy
//	  ├ Operation.Run  the work, writing to Call.Response
//	  └ log        the request as a record.Record, handed to the Emitter
//
// A front end is a Service: it knows its operations, its stored access policies
// and the public access of its containers, and nothing about HTTP connections,
// signatures, CORS, timeouts or logs. Errors are *Error values, all the
// documented ones are variables of this package (ErrBlobNotFound, …); the Front
// alone turns them into bytes.
//
// Properties keeps the service properties (Set Blob Service Properties and so
// on) and tells the node when <Logging> changed; NewPropertyOperations makes the
// operations that a service mounts. Entries renders the record of a request as
// classic Storage Analytics log entries. InProcess makes a transport to a Front
// for the node's own writes: those requests have the System identity, which no
// request from a network can have.
//
// An Authority, which the node gives, verifies bearer tokens and knows roles;
// which actions a role must allow is in each Operation. Call.Allows asks for what
// goes beyond the operation itself, such as writing tags with a blob. User
// delegation keys are derived, never stored: see Call.UserDelegationKey.
//
// What services would write alike is here, too: Call.ByMethod, Call.ReadBody and
// Call.Metadata, CheckName, ParsePolicies and WritePolicies, AppendXML and
// AppendJSONString, ReadOnlyNotice.
//
// # Guarantees
//
// Every request the facts of Storage Analytics call logged is described by
// exactly one record, with sizes as they were on the wire and the time spent on
// the network told apart from the time spent in the service. No signature, no
// token and no key gets into a record or a message of the logger. All that a client
// controls is bounded. With FrontConfig.Audit an operation takes effect only
// after its intent is on disk, and its answer leaves only after its record is.
//
// # What it does not do
//
// Without an Authority bearer tokens and user delegation SAS are refused; so are a
// user delegation SAS for tables, versions before 2009-09-19, and
// service properties that switch on soft delete or a static website. HTTP/2 is
// served when the listener speaks it, but then header sizes are those the same
// request would have had in HTTP/1.1.
package storage
