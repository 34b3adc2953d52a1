package server

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
	"reslog/service/storage/queuestore"
	"reslog/service/storage/tablestore"
)

// stores are what the storage services keep, each in a folder of its own.
type stores struct {
	blobs  blobstore.Store
	queues *queuestore.Store
	tables *tablestore.Store
}

// openStores opens the stores of the storage services. Each is closed at the stop
// of the node, after all that uses it.
func (n *Node) openStores() error {
	dir := func(k storage.Kind) string { return filepath.Join(n.cfg.Data, string(k)) }
	logger := func(k storage.Kind) *slog.Logger { return n.cfg.Logger.With("part", string(k)+"store") }
	closing := func(k storage.Kind, store interface{ Close() error }) {
		n.onStop(string(k)+" store", func(context.Context) error { return store.Close() })
	}
	blobs, err := blobstore.Open(blobstore.Config{Dir: dir(storage.Blob), Logger: logger(storage.Blob), Now: n.cfg.Now, Own: storage.IsSystem})
	if err != nil {
		return fmt.Errorf("open the blob store: %w", err)
	}
	n.stores.blobs = blobs
	if n.cfg.WrapStore != nil {
		n.stores.blobs = n.cfg.WrapStore(blobs)
	}
	closing(storage.Blob, n.stores.blobs)
	queues, err := queuestore.Open(queuestore.Config{Dir: dir(storage.Queue), Logger: logger(storage.Queue), Now: n.cfg.Now})
	if err != nil {
		return fmt.Errorf("open the queue store: %w", err)
	}
	n.stores.queues = queues
	closing(storage.Queue, queues)
	tables, err := tablestore.Open(tablestore.Config{Dir: dir(storage.Table), Logger: logger(storage.Table), Now: n.cfg.Now})
	if err != nil {
		return fmt.Errorf("open the table store: %w", err)
	}
	n.stores.tables = tables
	closing(storage.Table, tables)
	return nil
}
