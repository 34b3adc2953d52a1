package seed

import (
	"strings"
	"testing"
	"time"

	"reslog/server"
	"reslog/storagelog"
)

// "All records within a single blob will have the same version": a switch of
// version starts another blob, also when the one before was not yet full or due.
func TestLogVersions(t *testing.T) {
	c := clockAt(march)
	n := start(t, func(cfg *server.Config) {
		cfg.Now = c.now
		cfg.FlushInterval = time.Minute // logs are open when the version changes
	})
	versions := []string{"1.0", "2.0", "1.0", "2.0"}
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	ids := map[string]string{}
	for _, v := range versions {
		n.set(t, logging{version: v, read: true, write: true, del: true})
		for range 3 {
			ids[n.must(t, 201, req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob")).id] = v
		}
		n.Settle(t)
	}
	n.must(t, 202, req(byKey, "PUT", "/docs/copy", "", "x-ms-copy-source", n.AccountURL(n.account.name)+"/docs/b"))
	seen, blobs := map[string]int{}, n.logs(t)
	if len(blobs) < len(versions) {
		t.Errorf("%d logs for %d changes of version", len(blobs), len(versions))
	}
	for _, b := range blobs {
		v := storagelog.Version(b.meta["logversion"])
		for i, e := range b.entries {
			want(t, b.name+": version", e.Version, v)
			f := fields(strings.TrimSuffix(b.lines[i], "\n"))
			want(t, b.name+": fields", len(f), map[storagelog.Version]int{"1.0": 30, "2.0": 38}[v])
			for k := 30; k < len(f); k++ { // nobody came with a token
				want(t, "an OAuth field", f[k], "")
			}
			if wanted, ok := ids[e.RequestID]; ok {
				seen[e.RequestID]++
				want(t, "version of a record", string(e.Version), wanted)
			}
		}
	}
	for id := range ids {
		want(t, "records of a request", seen[id], 1)
	}
}

// Without a pause between: what was asked for before the switch may be in either
// version, but every blob is of one, and nothing is lost or there twice.
func TestSwitchUnderLoad(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	ids := map[string]bool{}
	for i := range 40 {
		switch i % 8 {
		case 0:
			n.set(t, all)
		case 4:
			n.set(t, logging{version: "2.0", read: true, write: true, del: true})
		}
		ids[n.must(t, 201, req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob")).id] = true
	}
	seen := map[string]int{}
	for _, b := range n.logs(t) {
		for _, e := range b.entries {
			want(t, b.name+": version", string(e.Version), b.meta["logversion"])
			seen[e.RequestID]++
		}
	}
	for id := range ids {
		want(t, "records of a request", seen[id], 1)
	}
}
