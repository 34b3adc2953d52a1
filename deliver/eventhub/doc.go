// Package eventhub sends records to event hubs, over the Kafka protocol: to a
// namespace of Azure Event Hubs, its emulator, or any Kafka cluster.
//
// A Destination is a deliver.Destination. Its messages are what Azure Monitor
// sends: the Lines of records, byte for byte, wrapped as {"records":[…]}, without
// a key. docs/format/event-hub.md describes them for those who consume them.
//
// # What it promises
//
// At least once, and settled means acknowledged by all replicas. Deliver sends
// the messages of a batch together, waits for all acknowledgements, and settles
// the batch. When some are missing it returns an error, the worker hands the
// same batch over again, and only what was not acknowledged is sent again, as
// long as it is the same instance that is asked. After an error the client is
// closed, so that nothing old is still on its way when the worker tries again.
//
// # How a consumer recognises what it has
//
// Every message has an id, in the header reslog-id, made of the position of its
// first and of its last record. A consumer that sees an id again can drop the
// message. That is only of use if a redelivery, to another process after a
// crash, too, cuts the stream in the same places. Therefore a message never
// holds records of two messages of the bus: its cuts follow from the bus alone,
// not from how the records were batched on their way here. The exceptions are in
// the format's description.
//
// The partition is chosen by the id. So a message that is sent twice is in one
// partition twice, and a consumer of that partition can recognise it alone;
// nobody but the broker has to keep a state for that. The price is that a
// partition without a leader holds delivery up, where a producer that chose
// freely would go round it.
//
// Idempotent production keeps the client's own repetitions out, such as the one
// after an answer that was lost; a broker that refuses a producer id gets records
// without.
//
// # What goes wrong
//
// Nothing that may pass is permanent: a broker that is away, a key that was
// rotated, a right that is missing. The errors say what to do. A record that no
// message has room for, and one whose category makes no name of a hub, are
// rejected, alone. Errors and log lines never hold the connection string.
package eventhub
