package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"path/filepath"
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
					if o := operations()[op]; s.bare && op != "get-4k" && op != "get-4m" || !o.measures(s) {
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
	load := &load{op: op, body: payload(op.body), addr: s.addrs[op.service]}
	if err := load.dial(workers); err != nil {
		return sample{}, err
	}
	defer load.close()
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
		got.cpu = (after.cpu - before.cpu) / time.Duration(got.requests)
	}
	got.rss = after.rss
	return got.sample, nil
}

// load is a closed loop: each worker sends its next request when it has the
// answer to the last.
type load struct {
	op    operation
	body  []byte
	addr  string
	conns []*conn
}

type outcome struct {
	sample
	requests int64
}

func (l *load) dial(workers int) error {
	for range workers {
		c, err := dial(l.addr)
		if err != nil {
			l.close()
			return err
		}
		l.conns = append(l.conns, c)
	}
	return nil
}

func (l *load) close() {
	for _, c := range l.conns {
		c.Close()
	}
}

func (l *load) run(ctx context.Context, s *server, d time.Duration) (outcome, error) {
	var (
		wg    sync.WaitGroup
		stop  atomic.Bool
		hists = make([]histogram, len(l.conns))
		errs  = make([]error, len(l.conns))
	)
	start := time.Now()
	for w := range l.conns {
		wg.Go(func() {
			errs[w] = l.work(w, s, &stop, &hists[w])
			if errs[w] != nil {
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

func (l *load) work(w int, s *server, stop *atomic.Bool, h *histogram) error {
	k := &worker{load: l, number: w, sign: newSigner(l.addr)}
	for !stop.Load() {
		n := s.next.Add(1)
		q, body := l.op.request(w, n), l.body
		if l.op.text != nil {
			k.text = l.op.text(k.text[:0], w, n)
			body, q.length = k.text, len(k.text)
		}
		start := time.Now()
		if err := k.do(q, body, l.op.want, l.op.length); err != nil {
			return err
		}
		for _, f := range l.op.then {
			q, err := f.request(k.answer.Bytes())
			if err != nil {
				return err
			}
			if err := k.do(q, nil, f.want, 0); err != nil {
				return err
			}
		}
		h.record(time.Since(start))
	}
	return nil
}

// worker is one connection under load.
type worker struct {
	load   *load
	number int
	sign   *signer
	text   []byte
	answer bytes.Buffer // the last one, of an operation of several requests
}

// do makes a request and looks at the answer.
func (k *worker) do(q request, body []byte, want, length int) error {
	l, c := k.load, k.load.conns[k.number]
	var keep *bytes.Buffer
	if len(l.op.then) > 0 {
		keep = &k.answer
		keep.Reset()
	}
	a, err := c.do(k.sign.render(q), body, keep)
	if errors.Is(err, io.EOF) { // it was idle for too long, while the server came to rest
		if c, err = dial(l.addr); err != nil {
			return err
		}
		l.conns[k.number].Close()
		l.conns[k.number] = c
		a, err = c.do(k.sign.render(q), body, keep)
	}
	if err != nil {
		return err
	}
	if a.status != want || length > 0 && a.length != int64(length) {
		return l.complain(q, body, a, want, length)
	}
	if a.closed {
		c.Close()
		if l.conns[k.number], err = dial(l.addr); err != nil {
			return err
		}
	}
	return nil
}

// complain asks once more, to see what is wrong.
func (l *load) complain(q request, body []byte, a answer, want, length int) error {
	err := fmt.Errorf("%s %s: status %d with %d bytes, want %d with %d", q.method, q.path, a.status, a.length, want, length)
	c, dialErr := dial(l.addr)
	if dialErr != nil {
		return err
	}
	defer c.Close()
	var keep bytes.Buffer
	if _, again := c.do(newSigner(l.addr).render(q), body, &keep); again == nil && keep.Len() < 4096 {
		return fmt.Errorf("%w: %s", err, keep.String())
	}
	return err
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
