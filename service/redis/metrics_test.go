package redis

import (
	"fmt"
	"math"
	"testing"
	"time"

	"reslog/service/redis/upstream"
)

func TestSecond(t *testing.T) {
	at := time.Date(2026, 3, 4, 12, 1, 0, 0, time.UTC)
	last := reading{at, 9, traffic{commands: 100, gets: 50, sets: 20, errors: 1, requestBytes: 1000, replyBytes: 2000}}
	now := reading{at.Add(2 * time.Second), 5, traffic{commands: 400, gets: 250, sets: 30, errors: 4, requestBytes: 1501, replyBytes: 7000}}
	got := map[string]float64{}
	for _, s := range samples(last, now) {
		got[proxyMetrics[s.Metric]] = s.Value
	}
	want := map[string]float64{
		"connectedclients": 5, "totalcommandsprocessed": 300, "getcommands": 200, "setcommands": 10, "errors": 3,
		"operationsPerSecond": 150, "cacheRead": 2500, "cacheWrite": 251,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// The last sample of a node that stops is of a moment: it has no rates, but counts.
	now.at = at.Add(time.Millisecond)
	if got := samples(last, now); len(got) != 5 || got[totalCommandsProcessed].Value != 300 {
		t.Errorf("of a moment: %v", got)
	}
}

// info is INFO of a server with some figures.
func info(more map[string]string) map[string]string {
	m := map[string]string{
		"run_id": "r1", "keyspace_hits": "100", "keyspace_misses": "10", "evicted_keys": "1", "expired_keys": "2",
		"used_cpu_sys": "5", "used_cpu_user": "10", "used_cpu_sys_main_thread": "4", "used_cpu_user_main_thread": "8",
		"used_memory": "1000", "maxmemory": "4000", "db0": "keys=30,expires=0,avg_ttl=0", "db15": "keys=12,expires=1,avg_ttl=5", "dbsize": "7",
	}
	for k, v := range more {
		if v == "" {
			delete(m, k)
			continue
		}
		m[k] = v
	}
	return m
}

// wantMetrics compares what there is with the metrics that are named; the others must
// be none.
func wantMetrics(t *testing.T, got []float64, want map[string]float64) {
	t.Helper()
	for i, name := range serverMetrics {
		w, ok := want[name]
		if ok != !math.IsNaN(got[i]) || ok && math.Abs(got[i]-w) > 1e-9 {
			t.Errorf("%s is %v, want %v (%v)", name, got[i], w, ok)
		}
	}
}

func TestServerMetrics(t *testing.T) {
	at := time.Date(2026, 3, 4, 12, 1, 0, 0, time.UTC)
	first := parseReading(at, info(nil))
	wantMetrics(t, first.values(nil), map[string]float64{"totalkeys": 42, "usedmemory": 1000})

	later := map[string]string{
		"keyspace_hits": "160", "keyspace_misses": "10", "evicted_keys": "4", "expired_keys": "7", "used_memory": "1500",
		"used_cpu_sys": "8", "used_cpu_user": "22", "used_cpu_sys_main_thread": "6", "used_cpu_user_main_thread": "18",
	}
	for name, c := range map[string]struct {
		more  map[string]string
		after time.Duration
		want  map[string]float64
	}{
		"a minute later": {nil, time.Minute, map[string]float64{
			"cachehits": 60, "cachemisses": 0, "evictedkeys": 3, "expiredkeys": 5,
			"totalkeys": 42, "usedmemory": 1500, "serverLoad": 20, "percentProcessorTime": 25,
		}},
		"restarted": {map[string]string{"run_id": "r2", "keyspace_hits": "500"}, time.Minute, map[string]float64{
			"cachehits": 500, "cachemisses": 10, "evictedkeys": 4, "expiredkeys": 7,
			"totalkeys": 42, "usedmemory": 1500,
		}},
		"CONFIG RESETSTAT": {map[string]string{"keyspace_hits": "3"}, time.Minute, map[string]float64{
			"cachehits": 3, "cachemisses": 0, "evictedkeys": 3, "expiredkeys": 5,
			"totalkeys": 42, "usedmemory": 1500, "serverLoad": 20, "percentProcessorTime": 25,
		}},
		"not asked for an hour": {nil, time.Hour, map[string]float64{"totalkeys": 42, "usedmemory": 1500}},
		"a server that says little": {
			map[string]string{"keyspace_hits": "", "evicted_keys": "no", "expired_keys": "+Inf", "used_memory": "", "used_cpu_user": "", "db0": "", "db15": "keys=x"},
			time.Minute,
			map[string]float64{"cachemisses": 0, "serverLoad": 20},
		},
	} {
		t.Run(name, func(t *testing.T) {
			said := info(later)
			for k, v := range c.more {
				said[k] = v
				if v == "" {
					delete(said, k)
				}
			}
			now := parseReading(at.Add(c.after), said)
			wantMetrics(t, now.values(&first), c.want)
		})
	}
	// The server in memory knows next to nothing.
	mini := parseReading(at, map[string]string{"connected_clients": "1", "total_commands_processed": "5"})
	wantMetrics(t, mini.values(&mini), nil)
}

func TestServersOfACluster(t *testing.T) {
	g := &gauges{s: &Server{origins: []*origin{{}, {}, {}}}}
	at := time.Date(2026, 3, 4, 12, 1, 0, 0, time.UTC)
	read := func(at time.Time, more ...map[string]string) []*serverReading {
		var all []*serverReading
		for _, m := range more {
			if m == nil {
				all = append(all, nil)
				continue
			}
			r := parseReading(at, info(m))
			all = append(all, &r)
		}
		return all
	}
	one, two := map[string]string{"run_id": "1"}, map[string]string{"run_id": "2", "db0": "keys=100,", "db15": "", "maxmemory": "1000"}
	// The third is the first again.
	wantMetrics(t, g.combine(read(at, one, two, one)), map[string]float64{"totalkeys": 100, "usedmemory": 2000, "usedmemorypercentage": 40})
	one["keyspace_hits"], two["keyspace_hits"], two["used_cpu_user_main_thread"], two["maxmemory"] = "101", "110", "38", "0"
	wantMetrics(t, g.combine(read(at.Add(time.Minute), one, two, one)), map[string]float64{
		"totalkeys": 100, "usedmemory": 2000, "cachehits": 11, "cachemisses": 0, "evictedkeys": 0, "expiredkeys": 0, "serverLoad": 50, "percentProcessorTime": 0,
	})
	// What one server counted while it could not be asked counts later.
	two["keyspace_hits"] = "150"
	wantMetrics(t, g.combine(read(at.Add(2*time.Minute), one, nil, nil)), map[string]float64{
		"totalkeys": 42, "usedmemory": 1000, "usedmemorypercentage": 25, "cachehits": 0, "cachemisses": 0, "evictedkeys": 0, "expiredkeys": 0, "serverLoad": 0, "percentProcessorTime": 0,
	})
	got := g.combine(read(at.Add(3*time.Minute), one, two, nil))
	if got[cacheHits] != 40 {
		t.Errorf("%v hits, want 40", got[cacheHits])
	}
	wantMetrics(t, g.combine(read(at, nil, nil, nil)), nil)
}

func TestProblems(t *testing.T) {
	for want, err := range map[string]error{
		"it wants a password for CLIENT LIST: set RESLOG_REDIS_PASSWORD, and --redis-user for a user of its own": &upstream.Error{Code: "NOAUTH"},
		"the user of the node may not run CLIENT LIST: allow it with ACL SETUSER … +client|list":                 fmt.Errorf("ask: %w", &upstream.Error{Code: "NOPERM"}),
		"it does not know CLIENT LIST": &upstream.Error{Code: "ERR", Text: "unknown command 'CLIENT'"},
		`ask: x\x0ay`:                  fmt.Errorf("ask: x\ny"),
	} {
		if got := problem(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
