package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"reslog/bench/report"
	"reslog/service/signalr/token"
)

// figures are what was measured of a server.
type figures struct {
	idle          int
	before, after int64           // memory of its process, in bytes
	opening       time.Duration   // until all idle connections were there
	last          []time.Duration // until the last client had a broadcast, of each
	rates         []float64       // messages to one user a second, of each round
	cpu           []float64       // of the server for each of those, in microseconds
}

// records are what the log says of the service's clients.
type records struct{ connections, records int64 }

// measureIdle opens connections to each server, and leaves them alone.
func measureIdle(ctx context.Context, cfg config, r *result) error {
	for _, name := range names {
		if err := measureIdleOf(ctx, cfg, name, r); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func measureIdleOf(ctx context.Context, cfg config, name string, r *result) error {
	s, err := startServer(ctx, name)
	if err != nil {
		return err
	}
	defer s.stop()
	f := r.figures[name]
	report.Rest(ctx, s.pid())
	f.idle, f.before = cfg.idle, report.UsageOf(s.pid()).RSS
	began := time.Now()
	c, err := connect(ctx, s, cfg.idle)
	if err != nil {
		return err
	}
	f.opening = time.Since(began)
	// A whole turn of pings belongs to doing nothing.
	select {
	case <-time.After(pingEvery + time.Second):
	case <-ctx.Done():
	}
	report.Rest(ctx, s.pid())
	f.after = report.UsageOf(s.pid()).RSS
	err = c.problem()
	c.close()
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d idle connections  %-8s %d MiB, %d MiB before\n", cfg.idle, name, f.after>>20, f.before>>20)
	if name == ours {
		return r.count(ctx, s, cfg.idle)
	}
	return nil
}

// count holds the records up against the clients that came and went: each has started,
// entered the mode, and ended.
func (r *result) count(ctx context.Context, s *server, clients int) error {
	want := int64(3 * clients)
	var got int64
	for range 300 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+"/records", http.NoBody)
		if err != nil {
			return err
		}
		b, err := do(http.DefaultClient, req, http.StatusOK)
		if err != nil {
			return err
		}
		if got, err = strconv.ParseInt(string(b), 10, 64); err != nil {
			return err
		}
		if got >= want {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	r.records = records{int64(clients), got}
	if got != want {
		return fmt.Errorf("there are %d records of %d connections, and not %d", got, clients, want)
	}
	return nil
}

// target is a server with its clients, and a caller of its REST API.
type target struct {
	*server
	*clients
	web *http.Client
}

// workers is how many callers of the REST API there are at a time.
const workers = 32

// measureSends has the same number of clients at each server, which take turns.
func measureSends(ctx context.Context, cfg config, r *result) error {
	var all []*target
	for _, name := range names {
		s, err := startServer(ctx, name)
		if err != nil {
			return err
		}
		defer s.stop() // when all is measured
		c, err := connect(ctx, s, cfg.clients)
		if err != nil {
			return err
		}
		defer c.close()
		all = append(all, &target{s, c, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}})
	}
	for round := range cfg.rounds {
		for i := range all {
			t := all[(i+round)%len(all)] // nobody is always first
			f := r.figures[t.name]
			if err := t.broadcasts(ctx, cfg, f); err != nil {
				return fmt.Errorf("broadcasts of %s: %w", t.name, err)
			}
			if err := t.sends(ctx, cfg, f); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			fmt.Fprintf(os.Stderr, "round %d  %-8s a broadcast to %d in %.1f ms  %.0f sends/s  cpu %.1f µs\n", round+1, t.name, cfg.clients,
				milliseconds(f.last[len(f.last)-cfg.broadcasts:]), f.rates[len(f.rates)-1], f.cpu[len(f.cpu)-1])
		}
	}
	return nil
}

// message is what is sent: 100 bytes of text.
var message = []byte(`{"target":"message","arguments":["` + strings.Repeat("abcdefghij", 10) + `"]}`)

// broadcasts sends to everybody, and waits until everybody has it.
func (t *target) broadcasts(ctx context.Context, cfg config, f *figures) error {
	path := "/api/v1/hubs/" + hubName
	bearer := sign(token.RequestURL("http", t.addr, path), "")
	for range cfg.broadcasts {
		report.Rest(ctx, t.pid())
		before := t.received.Load()
		began := time.Now()
		if err := t.post(ctx, path, bearer); err != nil {
			return err
		}
		if err := t.await(ctx, before, int64(cfg.clients)); err != nil {
			return err
		}
		f.last = append(f.last, time.Since(began))
	}
	return nil
}

// users is how many users messages go to, one after the other.
const users = 500

// sends sends to single users, as fast as workers can, and waits until all have come.
func (t *target) sends(ctx context.Context, cfg config, f *figures) error {
	n := min(users, cfg.clients)
	paths, bearers := make([]string, n), make([]string, n)
	for i := range paths {
		paths[i] = "/api/v1/hubs/" + hubName + "/users/user-" + strconv.Itoa(i)
		bearers[i] = sign(token.RequestURL("http", t.addr, paths[i]), "")
	}
	report.Rest(ctx, t.pid())
	cpu := report.UsageOf(t.pid()).CPU
	before := t.received.Load()
	began := time.Now()
	var sent atomic.Int64
	var failed atomic.Pointer[error]
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for time.Since(began) < cfg.sending && ctx.Err() == nil && failed.Load() == nil {
				i := int(sent.Add(1)) % n
				if err := t.post(ctx, paths[i], bearers[i]); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	working.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	if err := t.await(ctx, before, sent.Load()); err != nil {
		return err
	}
	f.rates = append(f.rates, float64(sent.Load())/time.Since(began).Seconds())
	f.cpu = append(f.cpu, float64((report.UsageOf(t.pid()).CPU-cpu).Microseconds())/float64(sent.Load()))
	return nil
}

func (t *target) post(ctx context.Context, path, bearer string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+t.addr+path, bytes.NewReader(message))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+bearer)
	_, err = do(t.web, req, http.StatusAccepted)
	return err
}

// do sends a request, which must be answered with a status.
func do(c *http.Client, req *http.Request, status int) ([]byte, error) {
	answer, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != status {
		err = fmt.Errorf("%s %s: %s", req.Method, req.URL.Path, answer.Status)
	}
	return b, err
}

// milliseconds is the median.
func milliseconds(d []time.Duration) float64 {
	d = slices.Sorted(slices.Values(d))
	return report.Quantile(d, 0.5)
}
