// Package blob is the blob service of a storage account: every operation of the
// REST API that is not listed below, for versions 2009-09-19 to today's, with
// what changed between them.
//
// New makes a Service; a storage.Front in front of it speaks HTTP, checks who
// asks, and keeps the log. The Service turns requests into calls of a
// blobstore.Store. One operation is one file, op_<operation>.go, headed by what
// it does in which version and where it differs from the real service. What
// operations share:
//
//	operations.go   all operations: name in the logs, permissions, limits
//	route.go        which operation a request asks for
//	conditions.go   conditional headers
//	lease.go        the state table of leases
//	write.go        what every change and every read checks
//	digest.go       bodies streamed to the store, MD5 and CRC64
//	source.go       the sources of copies
//	copy_pending.go copies that go on after their answer
//	tagexpr.go      expressions over tags
//	xmlwriter.go    listings
//
// # Guarantees
//
// A blob is never held in memory as a whole. A change happens as a whole or not
// at all, and is on disk when its answer leaves. A read sees the blob as it was
// when the read began. What users may not do to `$logs` they get 403 for,
// whatever their key; the node itself, storage.System, may do everything.
//
// # What is not supported
//
// Soft delete and undelete, versions, hierarchical namespaces, immutability and
// legal holds, expiry, encryption scopes and customer-provided keys, query,
// incremental copy, user delegation keys, structured message bodies. Their
// operations answer 501 NotImplemented, their headers 400 UnsupportedHeader,
// their parameters 400 UnsupportedQueryParameter. Listings accept
// include=deleted, versions and the like and find nothing, as an account does
// that has the features off.
//
// Copies from other hosts are pending until they are read (see op_copy_blob.go),
// and only from hosts the configuration allows. All accounts are standard
// ones: page blobs have no tiers.
package blob
