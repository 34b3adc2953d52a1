package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
)

// Sizes of blobs.
const (
	small = 4 << 10
	large = 4 << 20
)

// How many blobs gets read and puts of large ones overwrite in turn, and how
// many the listed container has.
const (
	readSmall  = 256
	readLarge  = 8
	writeLarge = 8
	listed     = 1000
)

// operation is something to measure.
type operation struct {
	title   string
	service string
	// request returns the n-th request of a worker; numbers are never used twice.
	request func(worker int, n int64) request
	body    int // bytes sent
	want    int // status of the answer
	length  int // of the answer's body; 0 when it is not known

	// run makes more than one such request, in its place.
	run func(w *worker, n int64) error
	// not names a server that this is not asked of.
	not string
	// before empties what a measurement fills. It is not measured.
	before []setup
}

// setup is a request that makes ready, and the status of its answer.
type setup struct {
	request
	body string
	want int
}

func operations() map[string]operation {
	all := blobOperations()
	maps.Copy(all, queueOperations())
	maps.Copy(all, tableOperations())
	return all
}

func blobOperations() map[string]operation {
	put := func(size int, container string, names int64) func(int, int64) request {
		return func(worker int, n int64) request {
			if names > 0 {
				n %= names
			}
			return request{method: http.MethodPut, path: fmt.Sprintf("/%s/w%d/%08d", container, worker, n), put: true, length: size}
		}
	}
	get := func(container string, names int64) func(int, int64) request {
		return func(worker int, n int64) request {
			return request{method: http.MethodGet, path: fmt.Sprintf("/%s/%08d", container, (int64(worker)*31+n)%names)}
		}
	}
	return map[string]operation{
		"put-4k": {title: "Put Blob 4 KiB", service: "blob", request: put(small, "puts", 0), body: small, want: http.StatusCreated},
		"get-4k": {title: "Get Blob 4 KiB", service: "blob", request: get("gets", readSmall), want: http.StatusOK, length: small},
		"put-4m": {title: "Put Blob 4 MiB", service: "blob", request: put(large, "putl", writeLarge), body: large, want: http.StatusCreated},
		"get-4m": {title: "Get Blob 4 MiB", service: "blob", request: get("getl", readLarge), want: http.StatusOK, length: large},
		"list-100": {title: "List Blobs, 100 of 1,000", service: "blob", want: http.StatusOK, request: func(int, int64) request {
			return request{method: http.MethodGet, path: "/list", query: "comp=list&maxresults=100&restype=container"}
		}},
	}
}

// payload are the bytes of every blob: noise, the same each time.
func payload(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

// prepareBlobs makes the containers and the blobs that the operations read.
func prepareBlobs(ctx context.Context, s *server, ops []string) error {
	w, err := newWorker(s, "blob", 0)
	if err != nil {
		return err
	}
	defer w.close()
	send := func(q request, body []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return w.send(q, body, http.StatusCreated, nil)
	}
	for _, name := range []string{"puts", "gets", "putl", "getl", "list"} {
		if err := send(request{method: http.MethodPut, path: "/" + name, query: "restype=container"}, nil); err != nil {
			return err
		}
	}
	seed := map[string]struct {
		container   string
		count, size int
	}{
		"get-4k": {"gets", readSmall, small}, "get-4m": {"getl", readLarge, large}, "list-100": {"list", listed, 16},
	}
	for _, op := range ops {
		b := payload(seed[op].size)
		for i := range seed[op].count {
			path := fmt.Sprintf("/%s/%08d", seed[op].container, i)
			if err := send(request{method: http.MethodPut, path: path, put: true, length: len(b)}, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// prepare makes what the operations of a suite need, and switches logging on where
// the server is to log.
func prepare(ctx context.Context, s *server, cfg config) error {
	if s.bare {
		return nil
	}
	var err error
	if slices.Contains(cfg.services, "blob") {
		err = prepareBlobs(ctx, s, cfg.ops)
	} else {
		err = errors.Join(prepareQueues(ctx, s, cfg.ops), prepareTables(ctx, s))
	}
	if err != nil || !s.logging {
		return err
	}
	for _, service := range cfg.services {
		if err := s.switchLogging(service); err != nil {
			return err
		}
	}
	return nil
}

// loggingOn is the Set Blob Service Properties body that switches it on; that of the
// other services is the same.
const loggingOn = `<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties><Logging><Version>1.0</Version><Delete>true</Delete>` +
	`<Read>true</Read><Write>true</Write><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging></StorageServiceProperties>`

func (s *server) switchLogging(service string) error {
	w, err := newWorker(s, service, 0)
	if err != nil {
		return err
	}
	defer w.close()
	q := request{method: http.MethodPut, path: "/", query: "comp=properties&restype=service", length: len(loggingOn)}
	if err := w.send(q, []byte(loggingOn), http.StatusAccepted, nil); err != nil {
		return fmt.Errorf("switch logging on: %w", err)
	}
	return nil
}
