package redis

import (
	"context"
	"math"
	"sync"
	"time"

	"reslog/metric"
	"reslog/record"
)

// metricCategory is that of the platform metrics of a cluster.
const metricCategory record.Category = "AllMetrics"

// proxyMetrics are what the proxy itself counts. They are sampled every second, so
// that the maximum of a record is that of a second.
//
// Source: "Supported metrics for Microsoft.Cache/redisEnterprise": the names, and
// which aggregation is meant, the total or the maximum.
var proxyMetrics = []string{
	connectedClients:       "connectedclients",       // maximum
	totalCommandsProcessed: "totalcommandsprocessed", // total
	getCommands:            "getcommands",            // total
	setCommands:            "setcommands",            // total
	failures:               "errors",                 // total
	operationsPerSecond:    "operationsPerSecond",    // maximum
	cacheRead:              "cacheRead",              // maximum, bytes a second to clients
	cacheWrite:             "cacheWrite",             // maximum, bytes a second from clients
}

// The places of metrics in proxyMetrics.
const (
	connectedClients = iota
	totalCommandsProcessed
	getCommands
	setCommands
	failures
	operationsPerSecond
	cacheRead
	cacheWrite
)

// reading is what was counted at a time.
type reading struct {
	at   time.Time
	open int64
	traffic
}

func (s *Server) read() reading { return reading{s.c.Now(), s.open(), s.traffic()} }

// leastSpan is the shortest time that a rate is made of.
const leastSpan = 500 * time.Millisecond

// samples are what happened between two readings.
func samples(last, now reading) []metric.Sample {
	all := []metric.Sample{
		{Metric: connectedClients, Value: float64(now.open)},
		{Metric: totalCommandsProcessed, Value: float64(now.commands - last.commands)},
		{Metric: getCommands, Value: float64(now.gets - last.gets)},
		{Metric: setCommands, Value: float64(now.sets - last.sets)},
		{Metric: failures, Value: float64(now.errors - last.errors)},
	}
	span := now.at.Sub(last.at)
	if span < leastSpan {
		return all
	}
	return append(all,
		metric.Sample{Metric: operationsPerSecond, Value: math.Round(float64(now.commands-last.commands) / span.Seconds())},
		metric.Sample{Metric: cacheRead, Value: math.Round(float64(now.replyBytes-last.replyBytes) / span.Seconds())},
		metric.Sample{Metric: cacheWrite, Value: math.Round(float64(now.requestBytes-last.requestBytes) / span.Seconds())})
}

// measure samples until ctx is done, then what there is since the last sample.
//
// The metrics are those of the cluster, of which the database is a child.
func (s *Server) measure(ctx context.Context) {
	cluster := s.c.Database.Parent()
	set := s.c.Recorder.Set(cluster, metricCategory, proxyMetrics...)
	defer set.Close()
	last := s.read()
	g := &gauges{s: s}
	remove := s.c.Recorder.Gauge(metric.Gauge{Resource: cluster, Category: metricCategory, Names: serverMetrics, Every: time.Minute, Read: g.read})
	defer remove()
	// What servers count began before: the first minute is counted from here on.
	var asking sync.WaitGroup
	asking.Go(func() { _, _ = g.read(ctx) }) // tells the logger
	defer asking.Wait()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for done := false; !done; {
		select {
		case <-ctx.Done():
			done = true
		case <-tick.C:
		}
		now := s.read()
		set.Add(last.at, samples(last, now)...)
		last = now
	}
}
