package main

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// cell is one measurement of one server.
type cell struct {
	op      string
	workers int
	server  string
}

// sample is the outcome of one run.
type sample struct {
	rate     float64 // requests a second
	p50, p99 time.Duration
	cpu      time.Duration // of the server, for each request; until it came to rest
	rss      int64         // of the server after the run, in bytes
}

// measureAll runs everything, servers taking turns within each round.
func measureAll(ctx context.Context, cfg config, servers []*server) (map[cell][]sample, error) {
	results := map[cell][]sample{}
	for round := range cfg.rounds {
		for _, op := range cfg.ops {
			for _, workers := range cfg.workers {
				for i := range servers {
					s := servers[(i+round)%len(servers)] // nobody is always first
					if s.bare && !strings.HasPrefix(op, "get") || operations()[op].not == s.name {
						continue
					}
					got, err := measure(ctx, cfg, s, op, workers)
					if err != nil {
						return nil, fmt.Errorf("%s, %d workers, %s: %w", op, workers, s.name, err)
					}
					c := cell{op, workers, s.name}
					results[c] = append(results[c], got)
					fmt.Fprintf(os.Stderr, "round %d  %-9s %2d workers  %-12s %10.0f/s  p50 %8s  p99 %8s  cpu %6s\n", round+1, op, workers, s.name,
						got.rate, got.p50.Round(time.Microsecond), got.p99.Round(time.Microsecond), got.cpu.Round(time.Microsecond))
				}
			}
		}
	}
	return results, nil
}

// measure runs one operation against one server.
func measure(ctx context.Context, cfg config, s *server, name string, workers int) (sample, error) {
	op := operations()[name]
	load := &load{op: op, body: payload(op.body)}
	if err := load.dial(s, workers); err != nil {
		return sample{}, err
	}
	defer load.close()
	for _, b := range op.before {
		if err := load.workers[0].send(b.request, []byte(b.body), b.want, nil); err != nil {
			return sample{}, err
		}
	}
	// Connections, caches and the other end's scheduler warm up unmeasured.
	if _, err := load.run(ctx, s, cfg.duration/5); err != nil {
		return sample{}, err
	}
	s.rest(ctx)
	if cfg.profile != "" && s.profiles {
		file, err := filepath.Abs(filepath.Join(cfg.profile, fmt.Sprintf("%s-%s-%d.pprof", s.name, name, workers)))
		if err != nil {
			return sample{}, err
		}
		s.command("profile " + file)
		defer s.command("profile-end")
	}
	before := s.usage()
	got, err := load.run(ctx, s, cfg.duration)
	if err != nil {
		return sample{}, err
	}
	s.rest(ctx) // what is still to be done for these requests counts, and disturbs nobody
	after := s.usage()
	if got.requests > 0 {
		got.cpu = (after.CPU - before.CPU) / time.Duration(got.requests)
	}
	got.rss = after.RSS
	return got.sample, nil
}

// load is a closed loop: each worker sends its next request when it has the
// answer to the last.
type load struct {
	op      operation
	body    []byte
	workers []*worker
}

type outcome struct {
	sample
	requests int64
}

func (l *load) dial(s *server, workers int) error {
	for i := range workers {
		w, err := newWorker(s, l.op.service, i)
		if err != nil {
			l.close()
			return err
		}
		l.workers = append(l.workers, w)
	}
	return nil
}

func (l *load) close() {
	for _, w := range l.workers {
		w.close()
	}
}

func (l *load) run(ctx context.Context, s *server, d time.Duration) (outcome, error) {
	var (
		wg    sync.WaitGroup
		stop  atomic.Bool
		hists = make([]histogram, len(l.workers))
		errs  = make([]error, len(l.workers))
	)
	start := time.Now()
	for i, w := range l.workers {
		wg.Go(func() {
			errs[i] = l.work(w, s, &stop, &hists[i])
			if errs[i] != nil {
				stop.Store(true)
			}
		})
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	stop.Store(true)
	wg.Wait()
	took := time.Since(start)
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return outcome{}, err
	}
	var all histogram
	for i := range hists {
		all.add(&hists[i])
	}
	return outcome{
		sample:   sample{rate: float64(all.n) / took.Seconds(), p50: all.quantile(0.50), p99: all.quantile(0.99)},
		requests: all.n,
	}, nil
}

func (l *load) work(w *worker, s *server, stop *atomic.Bool, h *histogram) error {
	run := l.op.run
	if run == nil {
		run = func(w *worker, n int64) error {
			w.length = int64(l.op.length)
			return w.send(l.op.request(w.number, n), l.body, l.op.want, nil)
		}
	}
	for !stop.Load() {
		start := time.Now()
		if err := run(w, s.next.Add(1)); err != nil {
			return err
		}
		h.record(time.Since(start))
	}
	return nil
}

// histogram counts durations in buckets that are 1/16 of a power of two wide.
type histogram struct {
	n      int64
	counts [64 * 16]int64
}

func (h *histogram) record(d time.Duration) {
	h.n++
	v := uint64(max(d, 1))
	e := bits.Len64(v) - 1
	sub := v << (63 - e) << 1 >> 60 // the four bits after the highest
	h.counts[e*16+int(sub)]++
}

func (h *histogram) add(o *histogram) {
	h.n += o.n
	for i, n := range o.counts {
		h.counts[i] += n
	}
}

// quantile returns the lower bound of the bucket that q falls into.
func (h *histogram) quantile(q float64) time.Duration {
	rank := int64(q * float64(h.n))
	for i, n := range h.counts {
		if rank -= n; rank < 0 {
			e := i / 16
			return time.Duration(float64(uint64(1)<<e) * (1 + float64(i%16)/16))
		}
	}
	return 0
}
