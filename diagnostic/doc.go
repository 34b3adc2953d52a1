// Package diagnostic decides which records are wanted.
//
// A Setting says which categories of one resource go to which destinations.
// Store keeps the settings of a node and tells its watchers, in the order they
// registered, whenever one changes; Put and Delete return when every watcher
// has seen the change, so a setting is in force when the call that made it
// returns. Gate stands before the bus and lets a record pass only if a setting
// asks for it; asking costs one map lookup and takes no lock.
//
//	store, err := diagnostic.OpenStore(ctx, kv)
//	gate := diagnostic.NewGate(bus.Emitter())
//	router := deliver.NewRouter(…)   // watches first: its cursors must exist
//	store.Watch(gate.Update)         // before the first record passes
//
// The package knows nothing of what a destination does with a record.
package diagnostic
