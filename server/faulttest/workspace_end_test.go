//go:build cgo

package faulttest

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
)

// endless is a query that works for longer than anybody waits, in the engine and
// in functions of Go.
const endless = "range a from 1 to 1000000000000 step 1 | extend s = strcat(strrep('a', 100), tostring(a)) | where s matches regex '(b|c)+x$' or hash(a) == 7 | count"

// TestClientsThatGoAway has more clients ask than may at once, and go away. Their
// queries end with them: the next one is answered at once.
func TestClientsThatGoAway(t *testing.T) {
	var b bootstrap
	b.workspace(workspaceName)
	n := servertest.Start(t, readingFile(t, b.write(t)))
	api := n.Admin(t)
	count(t, api, workspaceName)
	for round := range 3 {
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				if _, err := api.Query(ctx, client.QueryRequest{Workspace: workspaceName, Query: endless, Wait: 10 * time.Minute}); ctx.Err() == nil {
					t.Errorf("a query without end has ended: %v", err)
				}
			})
		}
		time.Sleep(700 * time.Millisecond)
		leave()
		wg.Wait()
		began := time.Now()
		count(t, api, workspaceName)
		t.Logf("round %d: answered %v after twelve clients had gone", round, time.Since(began).Round(time.Millisecond))
		if took := time.Since(began); took > lateness {
			t.Errorf("a query waited %v for those whose clients had gone", took)
		}
	}
}

// TestStopWithQueries stops a node while queries run and wait. It does not wait
// for them, and what was delivered is there after the next start.
func TestStopWithQueries(t *testing.T) {
	var b bootstrap
	b.workspace(workspaceName)
	n := servertest.Start(t, readingFile(t, b.write(t)), servertest.WithConfig(func(c *server.Config) { c.StopTimeout = time.Minute }))
	c := connect(t, n.BlobURL())
	var l ledger
	l.create(t, c)
	l.looks(t, c, "before", 50)
	api := n.Admin(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if r, err := api.Query(t.Context(), client.QueryRequest{Workspace: workspaceName, Query: endless, Wait: 10 * time.Minute}); err == nil && r.Error == nil {
				t.Error("a query without end has an answer")
			}
		})
	}
	time.Sleep(time.Second)
	began := time.Now()
	if err := n.Stop(t.Context()); err != nil {
		t.Errorf("stop with queries: %v", err)
	}
	took := time.Since(began)
	t.Logf("stopped in %v with eight queries", took.Round(time.Millisecond))
	if took > n.Config.StopTimeout {
		t.Errorf("the stop took %v", took)
	}
	wg.Wait()
	n.Restart(t)
	n.Settle(t)
	compare(t, "the workspace", l.ids(), tableOf(t, n.Admin(t), workspaceName))
}

// TestAWorkspaceIsDeleted deletes a workspace, and makes it again, while records
// are delivered to it and queries run. What it held is gone, on disk too, the
// other workspace is as ever, and the one that is made again gets every record
// that follows, once.
func TestAWorkspaceIsDeleted(t *testing.T) {
	var b bootstrap
	b.workspace(workspaceName)
	b.workspace(otherName)
	n := servertest.Start(t, readingFile(t, b.write(t)))
	c := connect(t, n.BlobURL())
	api := n.Admin(t)
	var l ledger
	l.create(t, c)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() { l.steady(ctx, c, w) })
		wg.Go(func() {
			for ctx.Err() == nil {
				_, err := ask(ctx, api, workspaceName, blobTable+" | summarize n = count() by CorrelationId | where n > 1 | count")
				if err != nil && ctx.Err() == nil && !isGone(err) {
					t.Errorf("a query of a workspace that comes and goes: %v", err)
				}
				time.Sleep(700 * time.Millisecond) // see waitFor
			}
		})
	}
	made := workspaceNamed(t, api, workspaceName)
	var again time.Time
	for range 4 {
		time.Sleep(400 * time.Millisecond)
		if err := api.DeleteResource(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(n.Config.Data, "workspaces", made.CustomerID)
		waitFor(t, "the folder of a deleted workspace to go", func() bool {
			_, err := os.Stat(folder)
			return errors.Is(err, fs.ErrNotExist)
		})
		if _, err := ask(t.Context(), api, made.ID, blobTable+" | count"); err == nil || !isGone(err) {
			t.Errorf("a deleted workspace answers: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
		if _, err := api.PutResource(t.Context(), made.ID, client.Resource{Location: made.Location}); err != nil {
			t.Fatal(err)
		}
		again = time.Now()
		was := made.CustomerID
		if made = workspaceNamed(t, api, workspaceName); made.CustomerID == was {
			t.Error("a workspace that is made again has the customer id of the old one")
		}
		waitFor(t, "rows in the workspace that was made again", func() bool { return count(t, api, workspaceName) > 0 })
		if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder of a deleted workspace is there again: %v", err)
		}
	}
	stop()
	wg.Wait()
	n.Settle(t)
	compare(t, "the other workspace", l.ids(), tableOf(t, api, otherName))
	times, missing := tableOf(t, api, workspaceName), 0
	for _, a := range l.attempts {
		if a.sent.After(again) && times[a.requestID] == 0 {
			missing++
		}
		if times[a.requestID] > 1 {
			t.Errorf("%d rows of one request", times[a.requestID])
		}
		delete(times, a.requestID)
	}
	if missing > 0 || len(times) > 0 {
		t.Errorf("the workspace that was made again lacks %d of its records, and has %d of nobody", missing, len(times))
	}
	if d := delivery(t, api, workspaceName); d.Dropped+d.DeadLettered+d.BacklogRecords != 0 || d.Delivered != uint64(len(l.attempts)) {
		t.Errorf("of %d records the ledger says %+v", len(l.attempts), d)
	}
}

// isGone reports whether a query was refused because its workspace is not there.
func isGone(err error) bool {
	var refused *client.NodeError
	return errors.As(err, &refused) && refused.Status == http.StatusNotFound || strings.Contains(err.Error(), "could not be found")
}
