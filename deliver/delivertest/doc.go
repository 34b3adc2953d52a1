// Package delivertest is the contract that every deliver.Destination passes.
//
// Run delivers records to a destination in all the ways a worker does: in
// order, in batches of any size, again after errors, and again to a new instance
// after the one before died at any moment, from the last settled position or
// from an older one. Then it reads back what the place of delivery holds: every
// record, once, in order (or, where the harness says so, at least once).
//
//	func TestContract(t *testing.T) {
//		delivertest.Run(t, delivertest.Harness{New: newPlace})
//	}
package delivertest
