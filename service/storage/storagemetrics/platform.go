package storagemetrics

import (
	"context"
	"time"

	"reslog/metric"
	"reslog/record"
	"reslog/service/storage"
)

// Categories of the platform metrics, as the resource types have them.
const (
	categoryTransaction record.Category = "Transaction"
	categoryCapacity    record.Category = "Capacity"
)

// The metrics of transactions, in the order of transactionNames.
const (
	transactions = iota
	ingress
	egress
	successEndToEnd
	successServer
	availability
)

var transactionNames = []string{
	transactions: "Transactions", ingress: "Ingress", egress: "Egress",
	successEndToEnd: "SuccessE2ELatency", successServer: "SuccessServerLatency", availability: "Availability",
}

// addPlatform adds a request to the metrics of its service and of its account.
//
// Source: "Supported metrics for Microsoft.Storage/storageAccounts": their names and
// units, bytes, milliseconds and percent. Each request is one sample of each of them,
// the latencies only those of successful ones, and availability only those that it
// takes notice of: 100 for one that is billable, 0 for one that is not.
func addPlatform(service, account *metric.Set, ended time.Time, o *storage.Observation, st status) {
	samples := [...]metric.Sample{
		{Metric: transactions, Value: 1},
		{Metric: ingress, Value: float64(o.Ingress)},
		{Metric: egress, Value: float64(o.Egress)},
		{Metric: availability},
		{Metric: successEndToEnd, Value: milliseconds(o.EndToEnd)},
		{Metric: successServer, Value: milliseconds(o.Server)},
	}
	if st.billable() {
		samples[3].Value = 100
	}
	some := samples[:]
	switch {
	case !st.applicable():
		some = samples[:3]
	case st.outcome() != success:
		some = samples[:4]
	}
	service.Add(ended, some...)
	account.Add(ended, some...)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// publish makes the platform metrics of an account and its services.
//
// Source: "Supported metrics for Microsoft.Storage/storageAccounts", and for
// blobServices, queueServices and tableServices: the names of capacity, which has a
// time grain of an hour.
func (c *Collector) publish(a *account) {
	a.platform = c.Recorder.Set(a.id, categoryTransaction, transactionNames...)
	a.remove = append(a.remove, a.platform.Close)
	for _, s := range a.services {
		s.platform = c.Recorder.Set(s.id, categoryTransaction, transactionNames...)
		a.remove = append(a.remove, s.platform.Close)
	}
	gauge := func(g metric.Gauge) {
		g.Category, g.Every = categoryCapacity, c.CapacityEvery
		a.remove = append(a.remove, c.Recorder.Gauge(g))
	}
	u := &c.Usages
	if u.Blob != nil || u.Queue != nil || u.Table != nil {
		gauge(metric.Gauge{Resource: a.id, Names: []string{"UsedCapacity"}, Read: func(ctx context.Context) ([]float64, error) {
			n, err := c.usedCapacity(ctx, a)
			return []float64{float64(n)}, err
		}})
	}
	if u.Blob != nil {
		names := []string{"BlobCapacity", "BlobCount", "ContainerCount"}
		gauge(metric.Gauge{Resource: a.services[0].id, Names: names, Read: func(ctx context.Context) ([]float64, error) {
			b, err := c.blobUsage(ctx, a)
			n := b.total()
			return []float64{float64(n.Bytes), float64(n.Blobs), float64(n.Containers)}, err
		}})
	}
	if u.Queue != nil {
		names := []string{"QueueCapacity", "QueueCount", "QueueMessageCount"}
		gauge(metric.Gauge{Resource: a.services[1].id, Names: names, Read: func(ctx context.Context) ([]float64, error) {
			n, err := u.Queue(ctx, a.name)
			return []float64{float64(n.Bytes), float64(n.Queues), float64(n.Messages)}, err
		}})
	}
	if u.Table != nil {
		names := []string{"TableCapacity", "TableCount", "TableEntityCount"}
		gauge(metric.Gauge{Resource: a.services[2].id, Names: names, Read: func(ctx context.Context) ([]float64, error) {
			n, err := u.Table(ctx, a.name)
			return []float64{float64(n.Bytes), float64(n.Tables), float64(n.Entities)}, err
		}})
	}
}
