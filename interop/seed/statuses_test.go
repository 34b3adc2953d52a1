package seed

import (
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/server"
)

// The statuses of the announcement, each by a request on a socket of a running
// node. Before version 2017-04-17 a failure that was to be expected has a status
// of its own name.
const oldVersion = "2016-05-31"

// stage makes the blobs that the tests of statuses ask for.
func stage(t *testing.T, n *node) {
	t.Helper()
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", "", "x-ms-blob-public-access", "blob"))
	for _, name := range []string{"b", "b" + slow, "b" + broken} {
		n.must(t, 201, req(byKey, "PUT", "/docs/"+name, "content", "x-ms-blob-type", "BlockBlob"))
	}
	_, err := n.BlobClient(t).UploadStream(t.Context(), "docs", "large", io.LimitReader(zeros{}, 48<<20), nil)
	check(t, err)
	n.set(t, all)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// expected is a record that must be there.
type expected struct{ id, status, http string }

// expect waits for them: of a connection that the client closed nobody knows when the
// node learns.
func (n *node) expect(t *testing.T, list []expected) {
	t.Helper()
	var got recorded
	n.waitFor(t, "records of all requests", func() bool {
		got = n.records(t)
		return !slices.ContainsFunc(list, func(x expected) bool { return len(got[x.id]) == 0 })
	})
	for _, x := range list {
		if len(got[x.id]) != 1 {
			t.Errorf("%s: %d records with %s, want 1", x.status, len(got[x.id]), x.id)
			continue
		}
		e := got[x.id][0]
		if e.Status != x.status || e.HTTPStatus != x.http {
			t.Errorf("got %s %s, want %s %s", e.Status, e.HTTPStatus, x.status, x.http)
		}
	}
}

func TestStatusesOfAnswers(t *testing.T) { inBothModes(t, statusesOfAnswers) }

func statusesOfAnswers(t *testing.T, mode func(*server.Config)) {
	t.Helper()
	n := start(t, mode)
	stage(t, n)
	etag := n.must(t, 200, req(byKey, "HEAD", "/docs/b", "")).header.Get("ETag")
	var list []expected
	for _, f := range families {
		do := func(status string, http int, code string, r request) {
			t.Helper()
			r.as = f.as
			if r.get("x-ms-version") == "" {
				r.add("x-ms-version", oldVersion)
			}
			a := n.must(t, http, r)
			want(t, f.prefix+status+": code", a.header.Get("x-ms-error-code"), code)
			list = append(list, expected{a.id, f.prefix + status, map[int]string{200: "200", 304: "304", 403: "403", 404: "404", 500: "500"}[http]})
		}
		do("Success", 200, "", req(0, "GET", "/docs/b", ""))
		do("ServerOtherError", 500, "InternalError", req(0, "GET", "/docs/b"+broken, ""))
		do("ServerTimeoutError", 500, "OperationTimedOut", req(0, "GET", "/docs/b"+slow+"?timeout=1", ""))
		do("ClientOtherError", 304, "ConditionNotMet", req(0, "GET", "/docs/b", "", "If-None-Match", etag))
		if f.as == nobody {
			continue
		}
		do("ClientOtherError", 404, "BlobNotFound", req(0, "GET", "/docs/no", ""))
		do("AuthorizationError", 403, "InsufficientAccountPermissions", req(0, "PUT", "/$logs/x", "x", "x-ms-blob-type", "BlockBlob"))
	}
	// A SAS without the permission, the other example of the announcement.
	r := req(bySAS, "PUT", "/docs/x", "x", "x-ms-blob-type", "BlockBlob")
	r.permissions = "r"
	a := n.must(t, 403, r)
	want(t, "code", a.header.Get("x-ms-error-code"), "AuthorizationPermissionMismatch")
	list = append(list, expected{a.id, "SASAuthorizationError", "403"})
	// From 2017-04-17 on the code stands in the place of ClientOtherError.
	for _, as := range []identity{byKey, bySAS} {
		a := n.must(t, 404, req(as, "GET", "/docs/no", "", "x-ms-version", "2017-04-17"))
		list = append(list, expected{a.id, "BlobNotFound", "404"})
	}
	a = n.must(t, 304, req(nobody, "GET", "/docs/b", "", "If-None-Match", etag))
	list = append(list, expected{a.id, "ConditionNotMet", "304"})
	n.expect(t, list)
	// The one status that metrics have and logs do not.
	a = n.must(t, 404, req(nobody, "GET", "/$logs/x", "", "x-ms-version", oldVersion))
	want(t, "records of AnonymousAuthorizationError", len(n.records(t)[a.id]), 0)
}

func TestStatusesOfThrottling(t *testing.T) { inBothModes(t, statusesOfThrottling) }

func statusesOfThrottling(t *testing.T, mode func(*server.Config)) {
	t.Helper()
	n := start(t, func(c *server.Config) { mode(c); c.Throttle = 10 })
	n.set(t, all)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", "", "x-ms-blob-public-access", "blob"))
	n.must(t, 201, req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob"))
	var list []expected
	for _, f := range families {
		throttled := false
		for tries := 0; !throttled; tries++ {
			if tries > 100 {
				t.Fatal("no request was throttled")
			}
			// At once, as one after the other may be slow enough.
			var conns []*net.TCPConn
			for range 30 {
				conn, _, _ := n.dial(t, req(f.as, "GET", "/docs/b", ""))
				conns = append(conns, conn)
			}
			for _, conn := range conns {
				a := receive(t, conn, "GET")
				if a.status != 503 {
					list = append(list, expected{a.id, f.prefix + "Success", "200"})
					continue
				}
				throttled = true
				want(t, "code", a.header.Get("x-ms-error-code"), "ServerBusy")
				list = append(list, expected{a.id, f.prefix + "ThrottlingError", "503"})
			}
		}
	}
	// Logs have a limit of their own: they can be read while the account is busy.
	n.must(t, 200, req(byKey, "GET", "/$logs?restype=container&comp=list", ""))
	n.expect(t, list)
}

// A client that takes or gives its bytes too slowly for the timeout it asked for.
func TestStatusesOfSlowClients(t *testing.T) { inBothModes(t, statusesOfSlowClients) }

func statusesOfSlowClients(t *testing.T, mode func(*server.Config)) {
	t.Helper()
	n := start(t, mode)
	stage(t, n)
	var mu sync.Mutex
	var list []expected
	add := func(x expected) { mu.Lock(); defer mu.Unlock(); list = append(list, x) }
	var wg sync.WaitGroup
	for _, f := range families {
		if f.as != nobody { // nobody may not upload
			conn, _, _ := n.dial(t, request{
				as: f.as, method: "PUT", target: "/docs/upload?timeout=1", body: "some", length: 1000,
				header: []field{{"x-ms-version", oldVersion}, {"x-ms-blob-type", "BlockBlob"}},
			})
			wg.Go(func() {
				a := receive(t, conn, "PUT")
				want(t, "slow upload", a.status, 500)
				want(t, "slow upload: code", a.header.Get("x-ms-error-code"), "OperationTimedOut")
				add(expected{a.id, f.prefix + "ClientTimeoutError", "500"})
			})
		}
		id := "slow-download-" + f.prefix
		conn, _, _ := n.dial(t, req(f.as, "GET", "/docs/large?timeout=1", "", "x-ms-version", oldVersion, "x-ms-client-request-id", id))
		wg.Go(func() {
			time.Sleep(4 * time.Second) // reads nothing until it is too late
			got, _ := io.Copy(io.Discard, conn)
			if got >= 48<<20 {
				t.Errorf("a slow download was served whole")
			}
			add(expected{id, f.prefix + "ClientTimeoutError", "200"})
		})
	}
	wg.Wait()
	n.expect(t, list)
	for _, e := range n.records(t) {
		if strings.HasSuffix(e[0].Status, "ClientTimeoutError") && (e[0].EndToEndLatency < 900 || e[0].ServerLatency > e[0].EndToEndLatency-200) {
			t.Errorf("%s: latencies %d and %d", e[0].Status, e[0].EndToEndLatency, e[0].ServerLatency)
		}
	}
}

// A connection that the client closes before the answer is whole.
func TestStatusesOfBrokenConnections(t *testing.T) { inBothModes(t, statusesOfBrokenConnections) }

func statusesOfBrokenConnections(t *testing.T, mode func(*server.Config)) {
	t.Helper()
	n := start(t, mode)
	stage(t, n)
	var list []expected
	for _, f := range families {
		if f.as != nobody {
			id := "upload-" + f.prefix
			conn, _, _ := n.dial(t, request{
				as: f.as, method: "PUT", target: "/docs/upload", body: "some", length: 1000,
				header: []field{{"x-ms-version", oldVersion}, {"x-ms-blob-type", "BlockBlob"}, {"x-ms-client-request-id", id}},
			})
			n.waitFor(t, "the node to read", func() bool { return n.InFlight() > 0 })
			time.Sleep(50 * time.Millisecond)
			check(t, conn.Close())
			list = append(list, expected{id, f.prefix + "NetworkError", "Unknown"})
		}
		id := "download-" + f.prefix
		conn, _, _ := n.dial(t, req(f.as, "GET", "/docs/large", "", "x-ms-version", oldVersion, "x-ms-client-request-id", id))
		_, err := io.ReadFull(conn, make([]byte, 1000))
		check(t, err)
		check(t, conn.SetLinger(0))
		check(t, conn.Close())
		list = append(list, expected{id, f.prefix + "NetworkError", "200"})

		id = "waiting-" + f.prefix // for an answer that does not come
		conn, _, _ = n.dial(t, req(f.as, "GET", "/docs/b"+slow, "", "x-ms-version", oldVersion, "x-ms-client-request-id", id))
		n.waitFor(t, "the node to read", func() bool { return n.InFlight() > 0 })
		time.Sleep(50 * time.Millisecond)
		check(t, conn.Close())
		list = append(list, expected{id, f.prefix + "NetworkError", "Unknown"})
	}
	n.expect(t, list)
	got := n.records(t)
	e := got.one(t, "upload", "upload-")
	want(t, "bytes that came", e.RequestPacketSize, 4)
	want(t, "bytes that were announced", e.ContentLength, 1000)
	e = got.one(t, "download", "download-")
	if e.ResponsePacketSize <= 0 || e.ResponsePacketSize >= 48<<20 {
		t.Errorf("%d bytes of a broken download", e.ResponsePacketSize)
	}
	n.must(t, 404, req(byKey, "HEAD", "/docs/upload", "")) // half an upload is none
}
