package server

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"reslog/bus"
	"reslog/service/storage"
)

// usageTimeout bounds asking the store for its size during a scrape.
const usageTimeout = 5 * time.Second

// registry is the node's own: two nodes in one process do not meet in it.
func (n *Node) registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		n.requests.requests,
		n.requests.seconds,
		&nodeCollector{n},
	)
	r.MustRegister(n.figures.collectors()...)
	return r
}

// nodeCollector reads what the parts count anyway, at the time of a scrape.
type nodeCollector struct{ node *Node }

// figure is one of the node's own metrics.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func counter(name, help string, labels ...string) figure {
	return figure{prometheus.NewDesc("reslog_"+name, help, labels, nil), prometheus.CounterValue}
}

func gauge(name, help string, labels ...string) figure {
	return figure{prometheus.NewDesc("reslog_"+name, help, labels, nil), prometheus.GaugeValue}
}

// Describe sends nothing: the collector is unchecked, its metrics depend on the
// settings there are.
func (c *nodeCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *nodeCollector) Collect(out chan<- prometheus.Metric) {
	send := func(m figure, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, v, labels...)
	}
	send(gauge("requests_in_flight", "Requests of clients that run."), float64(c.node.InFlight()))
	send(gauge("tails", "Streams of live records that are followed."), float64(c.node.tails.Load()))
	c.collectBus(send)
	out <- syncHistogram(c.node.bus.Stats().Sync)
	c.collectDeliveries(send)
	c.collectStore(send)
	c.collectWorkspaces(send)
	c.collectRedis(send)
	c.collectSignalR(send)
}

type sendFunc func(m figure, v float64, labels ...string)

func (c *nodeCollector) collectBus(send sendFunc) {
	s := c.node.bus.Stats()
	send(counter("records_emitted_total", "Records handed to the bus."), float64(s.Emitted))
	send(counter("records_taken_total", "Records that are on disk."), float64(s.Taken))
	send(counter("records_dropped_total", "Records that could not be kept."), float64(s.Dropped))
	send(counter("bus_bytes_emitted_total", "Bytes of records handed to the bus."), float64(s.EmittedBytes))
	send(counter("bus_messages_total", "Messages written to the stream, many records each."), float64(s.Messages))
	send(counter("bus_message_bytes_total", "Bytes of messages as stored."), float64(s.MessageBytes))
	send(counter("bus_publish_failures_total", "Messages that could not be written and were tried again."), float64(s.Failures))
	send(gauge("bus_queue_bytes", "Bytes of records that wait to be written."), float64(s.QueueBytes))
	send(gauge("bus_open_intents", "Operations announced and not settled, in audit mode."), float64(s.OpenIntents))
	failing := 0.0
	if s.Failing {
		failing = 1
	}
	send(gauge("bus_failing", "Whether nothing can be written at the moment."), failing)
	send(counter("bus_damaged_messages_total", "Messages that a reader found unreadable."), float64(s.Damaged))
	send(gauge("bus_stream_messages", "Messages in the stream."), float64(s.StreamMessages))
	send(gauge("bus_stream_bytes", "Bytes of the stream."), float64(s.StreamBytes))
}

func (c *nodeCollector) collectDeliveries(send sendFunc) {
	labels := []string{"resource", "setting", "kind"}
	accepted := counter("delivery_accepted_total", "Records read for a setting.", labels...)
	delivered := counter("delivery_delivered_total", "Records settled at the destination.", labels...)
	bytes := counter("delivery_delivered_bytes_total", "Bytes of records settled at the destination.", labels...)
	retried := counter("delivery_retried_total", "Records that were handed over again after an error.", labels...)
	dead := counter("delivery_dead_lettered_total", "Records no destination can take.", labels...)
	dropped := counter("delivery_dropped_total", "Records that were lost on the way, those shed included.", labels...)
	shed := counter("delivery_shed_total", "Records dropped because the backlog was over its bounds.", labels...)
	backlog := gauge("delivery_backlog_records", "Records that wait for the destination.", labels...)
	backlogBytes := gauge("delivery_backlog_bytes", "Bytes of records that wait for the destination.", labels...)
	lag := gauge("delivery_lag_records", "Records of the stream behind the settled position.", labels...)
	seconds := gauge("delivery_lag_seconds", "How long the oldest record that is not settled has been on the stream.", labels...)
	send(counter("delivery_abandoned_total", "Records that the destinations of removed settings did not take in time."),
		float64(c.node.router.Totals().Abandoned))
	for _, e := range c.node.router.Ledger() {
		l := []string{e.Resource, e.Setting, string(e.Kind)}
		send(accepted, float64(e.Accepted), l...)
		send(delivered, float64(e.Delivered), l...)
		send(bytes, float64(e.Bytes), l...)
		send(retried, float64(e.Retried), l...)
		send(dead, float64(e.DeadLettered), l...)
		send(dropped, float64(e.Dropped), l...)
		send(shed, float64(e.Shed), l...)
		send(backlog, float64(e.BacklogRecords), l...)
		send(backlogBytes, float64(e.BacklogBytes), l...)
		send(lag, float64(e.LagRecords), l...)
		send(seconds, e.LagSeconds, l...)
	}
}

func (c *nodeCollector) collectStore(send sendFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), usageTimeout)
	defer cancel()
	stored := gauge("storage_bytes", "Bytes stored in an account: by users, or by the system in $logs.", "account", "service", "kind")
	// A store that cannot tell its size says so in its log.
	for _, a := range c.node.accounts.list() {
		if system, user, err := c.node.stores.blobs.Usage(ctx, a.Name); err == nil {
			send(stored, float64(system), a.Name, string(storage.Blob), "system")
			send(stored, float64(user), a.Name, string(storage.Blob), "user")
		}
		if u, err := c.node.stores.queues.Usage(ctx, a.Name); err == nil {
			send(stored, float64(u.Bytes), a.Name, string(storage.Queue), "user")
		}
		if u, err := c.node.stores.tables.Usage(ctx, a.Name); err == nil {
			send(stored, float64(u.Bytes), a.Name, string(storage.Table), "user")
		}
	}
}

// syncHistogram turns counts between bounds into counts up to bounds.
func syncHistogram(h bus.Histogram) prometheus.Metric {
	buckets := make(map[float64]uint64, len(h.Bounds))
	var total uint64
	for i, bound := range h.Bounds {
		total += h.Counts[i]
		buckets[bound] = total
	}
	desc := prometheus.NewDesc("reslog_bus_sync_seconds", "Time from publishing a message to its being on disk.", nil, nil)
	return prometheus.MustNewConstHistogram(desc, total+h.Over, h.Sum, buckets)
}
