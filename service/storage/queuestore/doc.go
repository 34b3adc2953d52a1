// Package queuestore keeps the queues of all accounts of a node and their
// messages, on Pebble.
package queuestore
