package seed

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/server"
)

// march is the time of the announcement's example of a log.
var march = time.Date(2011, 3, 4, 5, 2, 30, 0, time.UTC)

// startAt starts a node whose clock shows a time.
func startAt(t *testing.T, at time.Time) (*node, *clock) {
	t.Helper()
	c := clockAt(at)
	return start(t, func(cfg *server.Config) { cfg.Now = c.now }), c
}

// "Assume we have a blob log that contains write events … the log name will be:
// $logs/blob/2011/03/04/0500/000000.log and the metadata will contain …"
func TestNameAndMetadata(t *testing.T) {
	n, clock := startAt(t, march)
	n.set(t, logging{write: true})
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	clock.move(5 * time.Minute)
	n.must(t, 201, req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob"))
	blobs := n.logs(t)
	for i, b := range blobs {
		want(t, "name", b.name, "blob/2011/03/04/0500/"+[]string{"000000", "000001", "000002"}[i]+".log")
		want(t, "LogType", b.meta["logtype"], "write")
		want(t, "LogVersion", b.meta["logversion"], "1.0")
		first, last := b.entries[0].StartTime, b.entries[0].StartTime
		for _, e := range b.entries {
			if e.StartTime.Before(first) {
				first = e.StartTime
			}
			if e.StartTime.After(last) {
				last = e.StartTime
			}
		}
		const form = "2006-01-02T15:04:05.0000000Z"
		want(t, "StartTime", b.meta["starttime"], first.UTC().Format(form))
		want(t, "EndTime", b.meta["endtime"], last.UTC().Format(form))
		want(t, "date of the first record", first.Format("2006-01-02T15"), "2011-03-04T05")
	}
	if len(blobs) == 0 {
		t.Fatal("no log")
	}
}

// LogType is "described as combination of read, write and delete", of what the
// log contains and not of what is switched on.
func TestLogType(t *testing.T) {
	n, clock := startAt(t, march)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	n.set(t, all)
	put := req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob")
	get := req(byKey, "GET", "/docs/b", "")
	del := req(byKey, "DELETE", "/docs/b", "")
	wanted := map[string]string{}
	for _, c := range []struct {
		requests []request
		want     string
	}{
		{[]request{put}, "write"},
		{[]request{get}, "read"},
		{[]request{get, put}, "read,write"},
		{[]request{del}, "delete"},
		{[]request{put, del}, "write,delete"},
		{[]request{put, get}, "read,write"},
		{[]request{del, put, get}, "read,write,delete"},
		{[]request{get, del}, "read,delete"},
	} {
		n.Settle(t)
		clock.move(time.Hour) // each in a folder of its own
		folder := "blob/" + n.now().UTC().Format("2006/01/02/1500")
		for _, r := range c.requests {
			if a := n.send(t, r); a.status >= 300 {
				t.Fatalf("%s: %d", r.method, a.status)
			}
		}
		n.Settle(t)
		wanted[folder] = c.want
	}
	n.set(t, logging{})
	got := map[string]string{}
	for _, b := range n.logs(t) {
		folder := path.Dir(b.name)
		for _, kind := range []string{"read", "write", "delete"} { // a folder may have more logs than one
			if strings.Contains(b.meta["logtype"], kind) && !strings.Contains(got[folder], kind) {
				got[folder] = strings.Trim(got[folder]+","+kind, ",")
			}
		}
		if !regexp.MustCompile(`^(read|write|delete|read,write|read,delete|write,delete|read,write,delete)$`).MatchString(b.meta["logtype"]) {
			t.Errorf("%s: LogType %q", b.name, b.meta["logtype"])
		}
		for _, e := range b.entries {
			kind := map[string]string{"PutBlob": "write", "GetBlob": "read", "DeleteBlob": "delete"}[e.Operation]
			if !strings.Contains(b.meta["logtype"], kind) {
				t.Errorf("%s of LogType %q holds %s", b.name, b.meta["logtype"], e.Operation)
			}
		}
	}
	for folder, w := range wanted {
		g := strings.Split(got[folder], ",")
		for _, kind := range strings.Split(w, ",") {
			if !slices.Contains(g, kind) {
				t.Errorf("%s: LogType %q, want %q", folder, got[folder], w)
			}
		}
		if len(g) != len(strings.Split(w, ",")) {
			t.Errorf("%s: LogType %q, want %q", folder, got[folder], w)
		}
	}
}

// "If a request starts 13:57 and lasts for 5 minutes, it will … appear in a log
// with hh=1400", and the metadata goes by the start.
func TestHourOfTheEnd(t *testing.T) {
	n, clock := startAt(t, time.Date(2011, 7, 31, 13, 40, 0, 0, time.UTC))
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	n.set(t, logging{write: true})
	n.Quiet()
	clock.move(time.Date(2011, 7, 31, 13, 59, 55, 0, time.UTC).Sub(n.now()))
	conn, _, _ := n.dial(t, request{
		as: byKey, method: "PUT", target: "/docs/b", body: "1", length: 2, header: []field{{"x-ms-blob-type", "BlockBlob"}},
	})
	n.waitFor(t, "the request to be in the node", func() bool { return n.InFlight() > 0 })
	for n.now().Before(time.Date(2011, 7, 31, 14, 0, 0, 0, time.UTC).Add(100 * time.Millisecond)) {
		time.Sleep(10 * time.Millisecond)
	}
	_, err := conn.Write([]byte("2"))
	check(t, err)
	a := receive(t, conn, "PUT")
	found := false
	for _, b := range n.logs(t) {
		for _, e := range b.entries {
			if e.RequestID != a.id {
				continue
			}
			found = true
			want(t, "folder", path.Dir(b.name), "blob/2011/07/31/1400")
			want(t, "hour of the start", e.StartTime.Format("15:04"), "13:59")
			if !strings.HasPrefix(b.meta["starttime"], "2011-07-31T13:59:5") {
				t.Errorf("StartTime %s", b.meta["starttime"])
			}
		}
	}
	want(t, "logged", found, true)
}

// The counter goes on from the last log of the hour, over restarts too; a log
// that is committed never changes; hours without requests have no log.
func TestCounter(t *testing.T) {
	n, clock := startAt(t, march)
	n.set(t, logging{write: true})
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	ids := map[string]bool{}
	put := func() {
		t.Helper()
		ids[n.must(t, 201, req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob")).id] = true
		n.Settle(t)
	}
	for range 3 {
		put()
	}
	before := n.logs(t)
	n.Restart(t)
	put()
	after := n.logs(t)
	if len(after) <= len(before) {
		t.Fatalf("%d logs, after another request %d", len(before), len(after))
	}
	for i, b := range after {
		want(t, "name", b.name, "blob/2011/03/04/0500/00000"+string(rune('0'+i))+".log")
		if i < len(before) {
			want(t, b.name+": content", b.content, before[i].content)
		}
	}
	// Deleting the last one may give its name to another, and loses nothing else.
	last := after[len(after)-1]
	for _, e := range last.entries {
		delete(ids, e.RequestID)
	}
	n.must(t, 202, req(byKey, "DELETE", "/$logs/"+last.name, ""))
	n.Restart(t)
	put()
	clock.move(3 * time.Hour)
	put()
	seen := map[string]int{}
	folders := map[string]bool{}
	for _, b := range n.logs(t) {
		folders[path.Dir(b.name)] = true
		for _, e := range b.entries {
			seen[e.RequestID]++
		}
	}
	for id := range ids {
		want(t, "records of a request", seen[id], 1)
	}
	want(t, "hours with logs", len(folders), 2)
	want(t, "the later hour", folders["blob/2011/03/04/0800"], true)
}

// "A block blob is available to read only after commit": until then a log is
// neither listed nor read; then it is whole.
func TestOnlyCommittedLogsAreVisible(t *testing.T) {
	n := start(t, func(c *server.Config) { c.FlushInterval = time.Minute })
	n.set(t, logging{write: true})
	id := n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", "")).id
	time.Sleep(500 * time.Millisecond)
	want(t, "logs before they are due", len(n.names(t)), 0)
	n.records(t).one(t, "after the commit", id)
}
