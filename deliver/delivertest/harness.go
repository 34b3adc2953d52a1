package delivertest

import (
	"testing"
	"time"

	"reslog/deliver"
	"reslog/record"
)

// Harness is how the suite gets at one kind of destination.
type Harness struct {
	// New prepares an empty place that nothing was ever delivered to. It is
	// called once for each test; clean up with t.Cleanup.
	New func(t *testing.T) Place
	// Record makes the i-th record, with the given ID and end time. nil makes a
	// small JSON object that holds the ID. Destinations that decode Line set it.
	Record func(i int, id string, ended time.Time) record.Record
	// Weird makes records with large and unusual content; each must arrive like
	// any other. nil uses Record with long and strange IDs kept out.
	Weird []record.Record
	// Unordered says that the destination may keep records in another order
	// than they came. They must still all be there, once.
	Unordered bool
}

// Place is one place of delivery, which outlives the destinations opened on it.
type Place interface {
	// Open returns a new destination on the place, as a new process would,
	// whether or not the one before was closed.
	Open(t *testing.T) deliver.Destination
	// Held returns the IDs of all records that a reader of the place can see,
	// in the order they are kept.
	Held(t *testing.T) []string
	// Break makes the place fail the n-th of its next operations and all after
	// it (0: the next one), until called with a negative n. Report false if the
	// place cannot fail on command: tests of partial failure then rely on
	// crashes between calls alone.
	Break(n int) bool
}

// Run runs the contract of deliver.Destination against the harness.
func Run(t *testing.T, h Harness) { panic("being written") }
