package redis

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"reslog/internal/fanout"
	"reslog/service/redis/upstream"
)

// serverMetrics are what INFO of the servers tells, once a minute. Where it lacks what
// one of them is made of, as that of other servers than Redis and Valkey may, that one
// has no record.
//
// Of several servers the counts and the memory are added up, as all of it is one
// database's; totalkeys and the loads are those of the server with the most, which is
// what shows a shard that is full.
var serverMetrics = []string{
	cacheHits:            "cachehits",            // keyspace_hits in the minute
	cacheMisses:          "cachemisses",          // keyspace_misses
	evictedKeys:          "evictedkeys",          // evicted_keys
	expiredKeys:          "expiredkeys",          // expired_keys
	totalKeys:            "totalkeys",            // keys of all databases
	usedMemory:           "usedmemory",           // used_memory, bytes
	usedMemoryPercentage: "usedmemorypercentage", // of maxmemory; none without a maxmemory
	serverLoad:           "serverLoad",           // time of the main thread, in percent of the minute
	processorTime:        "percentProcessorTime", // time of all threads, in percent of one processor
}

// The places of metrics in serverMetrics.
const (
	cacheHits = iota
	cacheMisses
	evictedKeys
	expiredKeys
	totalKeys
	usedMemory
	usedMemoryPercentage
	serverLoad
	processorTime
)

// serverReading is what INFO of one server said. What it did not say is not a number.
type serverReading struct {
	at time.Time
	// run is drawn by the server when it starts.
	run                            string
	hits, misses, evicted, expired float64 // since its start, or CONFIG RESETSTAT
	mainTime, allTime              float64 // of processors, in seconds since its start
	keys, memory, maxMemory        float64
}

// parseReading takes what the metrics need from INFO.
func parseReading(at time.Time, info map[string]string) serverReading {
	number := func(name string) float64 {
		v, err := strconv.ParseFloat(info[name], 64)
		if err != nil || math.IsInf(v, 0) {
			return math.NaN()
		}
		return v
	}
	r := serverReading{
		at:        at,
		run:       info["run_id"],
		hits:      number("keyspace_hits"),
		misses:    number("keyspace_misses"),
		evicted:   number("evicted_keys"),
		expired:   number("expired_keys"),
		mainTime:  number("used_cpu_user_main_thread") + number("used_cpu_sys_main_thread"),
		allTime:   number("used_cpu_user") + number("used_cpu_sys"),
		memory:    number("used_memory"),
		maxMemory: number("maxmemory"),
	}
	// A server without keys has no line in its section of keys.
	if math.IsNaN(r.hits) && math.IsNaN(r.memory) {
		r.keys = math.NaN()
	}
	for name, value := range info {
		index, ok := strings.CutPrefix(name, "db")
		if _, err := strconv.ParseUint(index, 10, 32); !ok || err != nil {
			continue
		}
		keys, _, _ := strings.Cut(strings.TrimPrefix(value, "keys="), ",")
		if n, err := strconv.ParseFloat(keys, 64); err == nil {
			r.keys += n
		}
	}
	return r
}

// tooLong is the time between two readings of which no count of a minute is made: the
// metrics were not asked for meanwhile, or the server was away.
const tooLong = 150 * time.Second

// values are the metrics of one server, now that last was what it said before; nil is
// that it was not asked before.
func (r *serverReading) values(last *serverReading) []float64 {
	v := make([]float64, len(serverMetrics))
	for i := range v {
		v[i] = math.NaN()
	}
	v[totalKeys], v[usedMemory] = r.keys, r.memory
	if last == nil || r.at.Sub(last.at) > tooLong {
		return v
	}
	restarted := r.run != last.run
	counted := func(now, before float64) float64 {
		if restarted || now < before { // it counts from zero again
			return now
		}
		return now - before
	}
	v[cacheHits] = counted(r.hits, last.hits)
	v[cacheMisses] = counted(r.misses, last.misses)
	v[evictedKeys] = counted(r.evicted, last.evicted)
	v[expiredKeys] = counted(r.expired, last.expired)
	if span := r.at.Sub(last.at).Seconds(); span > 0 && !restarted {
		v[serverLoad] = 100 * (r.mainTime - last.mainTime) / span
		v[processorTime] = 100 * (r.allTime - last.allTime) / span
	}
	return v
}

// gauges asks the servers.
type gauges struct {
	s *Server

	mu   sync.Mutex
	last map[*origin]serverReading
	told map[*origin]bool // those that could not be asked, and the logger knows
}

// read is metric.Gauge.Read.
func (g *gauges) read(ctx context.Context) ([]float64, error) {
	readings := make([]*serverReading, len(g.s.origins))
	fanout.Do(8, len(readings), func(i int) {
		o := g.s.origins[i]
		info, err := o.asks.Info(ctx)
		g.tell(o, err)
		if err == nil {
			r := parseReading(g.s.c.Now(), info)
			readings[i] = &r
		}
	})
	return g.combine(readings), nil
}

// combine makes the metrics of the database of what its servers said; nil for one
// that could not be asked.
func (g *gauges) combine(readings []*serverReading) []float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last == nil {
		g.last = make(map[*origin]serverReading)
	}
	sum := make([]float64, len(serverMetrics))
	for i := range sum {
		sum[i] = math.NaN()
	}
	limit := 0.0 // of the memory of all; NaN if one has none
	seen := make(map[string]bool)
	for i, r := range readings {
		// Two addresses may be those of one server.
		if r == nil || r.run != "" && seen[r.run] {
			continue
		}
		seen[r.run] = true
		var before *serverReading
		if last, ok := g.last[g.s.origins[i]]; ok {
			before = &last
		}
		for m, v := range r.values(before) {
			sum[m] = together(m, sum[m], v)
		}
		g.last[g.s.origins[i]] = *r
		if r.maxMemory > 0 {
			limit += r.maxMemory
		} else {
			limit = math.NaN()
		}
	}
	if limit > 0 {
		sum[usedMemoryPercentage] = 100 * sum[usedMemory] / limit
	}
	return sum
}

// together is a metric of two servers; NaN is none.
func together(m int, a, b float64) float64 {
	switch {
	case math.IsNaN(a):
		return b
	case math.IsNaN(b):
		return a
	case m == totalKeys, m == serverLoad, m == processorTime:
		return max(a, b)
	}
	return a + b
}

// tell logs when a server cannot be asked, and when it can be again.
func (g *gauges) tell(o *origin, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err == nil && g.told[o]:
		delete(g.told, o)
		g.s.c.Logger.Info("the Redis server answers INFO again", "server", o.Address)
	case err != nil && !errors.Is(err, context.Canceled) && !g.told[o]:
		if g.told == nil {
			g.told = make(map[*origin]bool)
		}
		g.told[o] = true
		hint := "is it up?"
		var refusal *upstream.Error
		if errors.As(err, &refusal) {
			hint = "set RESLOG_REDIS_PASSWORD, and --redis-user for a user of its own that may run INFO"
		}
		g.s.c.Logger.Warn("the Redis server could not be asked for INFO; metrics of its keys, memory and load are missing",
			"server", o.Address, "error", err, "hint", hint)
	}
}
