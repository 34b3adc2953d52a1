package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
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

// service is one of the services of a storage account.
type service int

const (
	blobs service = iota
	queues
	tables
	services
)

// operation is something to measure.
type operation struct {
	title   string
	service service
	// request returns the n-th request of a worker; numbers are never used twice.
	request func(worker int, n int64) request
	// text appends the body of the request; nil: it is of body bytes of noise.
	text   func(b []byte, worker int, n int64) []byte
	body   int // bytes sent
	want   int // status of the answer
	length int // of the answer's body; 0 when it is not known
	// then are requests that follow, made of the answer to the last one.
	then []follow
	// only, unless empty, are the servers it is measured with.
	only []string
	// prepare fills a server beforehand.
	prepare func(p *preparation) error
}

// follow is a request that is made of the answer to the one before.
type follow struct {
	request func(answer []byte) (request, error)
	want    int
}

// operations are all that can be measured, in the order of the flag's default.
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
	ops := map[string]operation{
		"put-4k": {title: "Put Blob 4 KiB", request: put(small, "puts", 0), body: small, want: http.StatusCreated},
		"get-4k": {title: "Get Blob 4 KiB", request: get("gets", readSmall), want: http.StatusOK, length: small},
		"put-4m": {title: "Put Blob 4 MiB", request: put(large, "putl", writeLarge), body: large, want: http.StatusCreated},
		"get-4m": {title: "Get Blob 4 MiB", request: get("getl", readLarge), want: http.StatusOK, length: large},
		"list-100": {title: "List Blobs, 100 of 1,000", want: http.StatusOK, request: func(int, int64) request {
			return request{method: http.MethodGet, path: "/list", query: "comp=list&maxresults=100&restype=container"}
		}},
	}
	for name, seed := range map[string]struct {
		container   string
		count, size int
	}{
		"put-4k": {"puts", 0, 0}, "put-4m": {"putl", 0, 0},
		"get-4k": {"gets", readSmall, small}, "get-4m": {"getl", readLarge, large}, "list-100": {"list", listed, 16},
	} {
		op := ops[name]
		op.prepare = func(p *preparation) error {
			if err := p.send(request{method: http.MethodPut, path: "/" + seed.container, query: "restype=container"}, nil); err != nil {
				return err
			}
			b := payload(seed.size)
			for i := range seed.count {
				path := fmt.Sprintf("/%s/%08d", seed.container, i)
				if err := p.send(request{method: http.MethodPut, path: path, put: true, length: len(b)}, b); err != nil {
					return err
				}
			}
			return nil
		}
		ops[name] = op
	}
	return ops
}

// payload are the bytes of every blob: noise, the same each time.
func payload(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

// preparation is a connection to a service that is filled.
type preparation struct {
	ctx  context.Context //nolint:containedctx // that of prepare
	conn *conn
	sign *signer
}

// prepare fills a server with what the operations need.
func prepare(ctx context.Context, s *server, ops []string) error {
	if s.bare {
		return nil
	}
	for _, name := range ops {
		op := operations()[name]
		if !op.measures(s) {
			continue
		}
		if err := s.connect(ctx, op.service, op.prepare); err != nil {
			return fmt.Errorf("for %s: %w", name, err)
		}
	}
	if !s.logging {
		return nil
	}
	for k := range services {
		q := request{method: http.MethodPut, path: "/", query: "comp=properties&restype=service", length: len(loggingOn), table: k == tables}
		if err := s.connect(ctx, k, func(p *preparation) error { return p.send(q, []byte(loggingOn)) }); err != nil {
			return fmt.Errorf("switch logging on: %w", err)
		}
	}
	return nil
}

// measures reports whether the operation is measured with a server.
func (o *operation) measures(s *server) bool {
	return len(o.only) == 0 || slices.Contains(o.only, s.name)
}

// connect calls fn with a connection to a service.
func (s *server) connect(ctx context.Context, k service, fn func(*preparation) error) error {
	c, err := dial(s.addrs[k])
	if err != nil {
		return err
	}
	defer c.Close()
	return fn(&preparation{ctx, c, newSigner(s.addrs[k])})
}

// send makes a request that must succeed.
func (p *preparation) send(q request, body []byte) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	var keep bytes.Buffer
	a, err := p.conn.do(p.sign.render(q), body, &keep)
	if err != nil {
		return err
	}
	if a.status >= 300 {
		return fmt.Errorf("%s %s: %d %s", q.method, q.path, a.status, strings.TrimSpace(keep.String()))
	}
	return nil
}

// loggingOn is the Set Service Properties body that switches it on.
const loggingOn = `<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties><Logging><Version>1.0</Version><Delete>true</Delete>` +
	`<Read>true</Read><Write>true</Write><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging></StorageServiceProperties>`
