package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
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

// operation is something to measure.
type operation struct {
	title string
	// request returns the n-th request of a worker; numbers are never used twice.
	request func(worker int, n int64) request
	body    int // bytes sent
	want    int // status of the answer
	length  int // of the answer's body; 0 when it is not known
}

func operations() map[string]operation {
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
		"put-4k": {title: "Put Blob 4 KiB", request: put(small, "puts", 0), body: small, want: http.StatusCreated},
		"get-4k": {title: "Get Blob 4 KiB", request: get("gets", readSmall), want: http.StatusOK, length: small},
		"put-4m": {title: "Put Blob 4 MiB", request: put(large, "putl", writeLarge), body: large, want: http.StatusCreated},
		"get-4m": {title: "Get Blob 4 MiB", request: get("getl", readLarge), want: http.StatusOK, length: large},
		"list-100": {title: "List Blobs, 100 of 1,000", want: http.StatusOK, request: func(int, int64) request {
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

// prepare makes the containers and the blobs that the operations read.
func prepare(ctx context.Context, s *server, ops []string) error {
	if s.bare {
		return nil
	}
	c, err := dial(s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	sign := newSigner(s.addr)
	send := func(q request, body []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		var keep bytes.Buffer
		a, err := c.do(sign.render(q), body, &keep)
		if err != nil {
			return err
		}
		if a.status >= 300 {
			return fmt.Errorf("%s %s: %d %s", q.method, q.path, a.status, strings.TrimSpace(keep.String()))
		}
		return nil
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
	if s.logging {
		return s.switchLogging(sign, c)
	}
	return nil
}

// loggingOn is the Set Blob Service Properties body that switches it on.
const loggingOn = `<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties><Logging><Version>1.0</Version><Delete>true</Delete>` +
	`<Read>true</Read><Write>true</Write><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging></StorageServiceProperties>`

func (s *server) switchLogging(sign *signer, c *conn) error {
	q := request{method: http.MethodPut, path: "/", query: "comp=properties&restype=service", length: len(loggingOn)}
	var keep bytes.Buffer
	a, err := c.do(sign.render(q), []byte(loggingOn), &keep)
	if err != nil {
		return err
	}
	if a.status != http.StatusAccepted {
		return fmt.Errorf("switch logging on: %d %s", a.status, strings.TrimSpace(keep.String()))
	}
	return nil
}
