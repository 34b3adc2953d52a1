// Package partner sends resource logs to partner solutions, over the public APIs
// that these have for everybody: OTLP/HTTP (NewOTLP), Datadog's log intake
// (NewDatadog) and the _bulk of Elasticsearch (NewElastic). Each returns a
// deliver.Destination for one setting.
//
// # What is promised
//
// A record is settled when the partner said that it has it. Nothing is held back:
// Deliver sends the batch and returns. A record that the partner can never take is
// rejected, and with it no other; the worker makes it a dead letter. What may pass,
// or what somebody can put right, such as a wrong key, is an error and costs no
// record, however long it lasts.
//
// OTLP and Datadog are at least once: they know no identity of a record. It has
// one all the same, the attribute log.record.uid, to remove duplicates by.
// Elasticsearch is exactly once, because the _id is the record's position on the
// stream and create refuses it the second time, as long as the data stream has not
// rolled over in between.
//
// # How a batch becomes requests
//
// protocol.go says what a partner's protocol has to do: append a record to a
// request, and judge an answer. deliver.go does the rest for all three: as many
// records as fit, halves of what was too large or refused, records that were put
// off one by one. When a request fails the call does; what became of the other
// records is remembered, by position, so that the same batch handed over again is
// continued. A new instance, after a crash, knows nothing of that.
//
// # What a partner can do to a node
//
// Little. An answer is read up to 1 MiB, and may take up to Timeout. Redirects are
// not followed. Retry-After is honoured, up to 15 minutes. What a partner says is
// shortened before it becomes part of an error, and the keys that were sent to it
// are taken out: they are Secret, a type that does not print.
//
// # What records can do
//
// Nothing in a Line is trusted to be JSON. json.go checks it, and takes it apart
// without copying; a line that is no object is sent as text.
//
// docs/format/partner.md lists what is sent, field by field.
package partner
