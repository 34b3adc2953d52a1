package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"reslog/bench/report"
	"reslog/bus"
	"reslog/record"
	"reslog/resource"
)

// result is one measurement.
type result struct {
	elapsed time.Duration
	offered uint64
	stats   bus.Stats
	held    int64  // most bytes held in memory for records not on disk
	heap    uint64 // most bytes of heap in use
	emit    []time.Duration
}

func (r *result) rate() float64        { return float64(r.stats.Taken) / r.elapsed.Seconds() }
func (r *result) offeredRate() float64 { return float64(r.offered) / r.elapsed.Seconds() }

func mib(n int64) float64 { return float64(n) / (1 << 20) }

func header(w io.Writer, c config) {
	fmt.Fprintf(w, "# Records onto the durable bus\n\n`go run ./bench/bus`, %s; records with a line of about %d bytes, %d goroutines,\n"+
		"%v each; every message synced before it counts.%s\n\n", report.Machine(), c.bytes, c.goroutines, c.duration, report.Load())
	fmt.Fprint(w, "| run | offered/s | on disk/s | MiB/s of lines | bytes/record on disk | messages/s | sync mean ms | Emit p50 / p99 µs | dropped | held max MiB | heap max MiB |\n"+
		"|---|---|---|---|---|---|---|---|---|---|---|\n")
}

func (r *result) row(w io.Writer, name string) {
	s := r.stats
	slices.Sort(r.emit)
	q := func(p float64) float64 {
		if len(r.emit) == 0 {
			return 0
		}
		return float64(r.emit[int(p*float64(len(r.emit)-1))].Nanoseconds()) / 1000
	}
	var n uint64
	for _, c := range s.Sync.Counts {
		n += c
	}
	n += s.Sync.Over
	fmt.Fprintf(w, "| %s | %.0f | %.0f | %.0f | %.0f | %.0f | %.2f | %.1f / %.1f | %d | %.1f | %.0f |\n", name,
		r.offeredRate(), r.rate(), mib(int64(s.TakenBytes))/r.elapsed.Seconds(), float64(s.MessageBytes)/float64(max(s.Taken, 1)),
		float64(s.Messages)/r.elapsed.Seconds(), 1000*s.Sync.Sum/float64(max(n, 1)), q(0.5), q(0.99),
		s.Dropped, mib(r.held), mib(int64(r.heap)))
}

// measure emits for a while and then waits until all is on disk, which counts.
// Without overload an emitter waits while much is held already, so that nothing
// is dropped.
func measure(ctx context.Context, c config, dir string, records []record.Record, mode bus.Durability, overload bool) (*result, error) {
	runtime.GC()
	b, err := bus.Open(ctx, bus.Config{Dir: dir, Durability: mode})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	r := &result{}
	sampled, stopSampling := context.WithCancel(ctx)
	var sampler sync.WaitGroup
	sampler.Go(func() {
		for sampled.Err() == nil {
			r.held = max(r.held, b.Queued())
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			r.heap = max(r.heap, m.HeapInuse)
			time.Sleep(2 * time.Millisecond)
		}
	})

	start := time.Now()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for g := range c.goroutines {
		wg.Go(func() {
			e := b.Emitter()
			var n uint64
			var times []time.Duration
			for i := g * 61; time.Since(start) < c.duration && ctx.Err() == nil; i++ {
				for !overload && b.Queued() > 16<<20 {
					time.Sleep(100 * time.Microsecond)
				}
				batch := 64
				if mode == bus.Audit {
					batch = 1
				}
				before := time.Now()
				for range batch {
					if err := e.Emit(ctx, records[i%len(records)]); err != nil {
						mu.Lock()
						failed = err
						mu.Unlock()
						return
					}
					i++
				}
				n += uint64(batch)
				times = append(times, time.Since(before)/time.Duration(batch))
			}
			mu.Lock()
			r.offered += n
			r.emit = append(r.emit, times...)
			mu.Unlock()
		})
	}
	wg.Wait()
	if failed == nil {
		_, failed = b.Flush(ctx)
	}
	r.elapsed = time.Since(start)
	stopSampling()
	sampler.Wait()
	r.stats = b.Stats()
	return r, failed
}

// makeRecords makes records that look like those of blob requests: much the
// same in every line, ids and times differing.
func makeRecords(n, size int) []record.Record {
	rng := rand.New(rand.NewPCG(1, 2))
	id := resource.MustParse("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/reslog/providers/Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	records := make([]record.Record, n)
	for i := range records {
		guid := fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", rng.Uint32(), rng.Uint32()&0xffff, rng.Uint32()&0xffff, rng.Uint32()&0xffff, rng.Uint64()&0xffffffffffff)
		at = at.Add(time.Duration(rng.IntN(1_000_000)))
		line := fmt.Sprintf(`{"time":%q,"resourceId":%q,"category":"StorageRead","operationName":"GetBlob","statusCode":200,"statusText":"Success","durationMs":%d,`+
			`"callerIpAddress":"127.0.0.1:%d","correlationId":%q,"uri":"http://127.0.0.1:10000/devstoreaccount1/c%d/blob-%06d?timeout=30","properties":{"etag":"\"0x%X\"","clientRequestId":"%016x%016x","requestHeaderSize":%d,"responseBodySize":%d`,
			at.Format("2006-01-02T15:04:05.0000000Z"), id, rng.IntN(50), 30000+rng.IntN(30000), guid, rng.IntN(20), rng.IntN(1_000_000), rng.Uint64()>>4,
			rng.Uint64(), rng.Uint64(), 300+rng.IntN(100), rng.IntN(1<<20))
		if pad := size - len(line) - 14; pad > 0 {
			line += `,"agent":"` + strings.Repeat("azsdk-go-azblob/v1.8.3 ", pad/23+1)[:pad] + `"`
		}
		line += "}}"
		records[i] = record.Record{Resource: id, Category: "StorageRead", Time: at, Ended: at.Add(time.Millisecond), ID: guid, Line: []byte(line)}
	}
	return records
}
