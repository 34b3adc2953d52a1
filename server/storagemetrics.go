package server

import (
	"reslog/metric"
	"reslog/service/storage"
	"reslog/service/storage/storagemetrics"
)

// openMetering makes the metrics of the storage accounts: the tables of Storage
// Analytics and the platform metrics, of the same observations.
func (n *Node) openMetering(p *storage.Properties) {
	n.recorder = metric.New(metric.Config{
		Emitter: n.gate,
		Logger:  n.cfg.Logger.With("part", "metrics"),
		Now:     n.cfg.Now,
	})
	n.usage = storagemetrics.New(storagemetrics.Config{
		Accounts:   n.accounts.list,
		Properties: p,
		Tables:     n.stores.tables,
		Recorder:   n.recorder,
		Usages: storagemetrics.Usages{
			Blob:  storagemetrics.BlobUsageOf(n.stores.blobs),
			Queue: n.stores.queues.Usage,
			Table: n.stores.tables.Usage,
		},
		Logger: n.cfg.Logger.With("part", "storage metrics"),
		Now:    n.cfg.Now,
	})
}

// observe is called at the end of every request to a storage account.
func (n *Node) observe(o storage.Observation) {
	n.requests.observe(o)
	n.usage.Observe(o)
}
