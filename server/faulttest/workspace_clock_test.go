//go:build cgo

package faulttest

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"reslog/client"
)

// TestRetentionOfWorkspaces has a workspace with a retention of its own and one
// with a table that has one: rows go when the days of theirs are over, and so does
// what they take on disk; the others stay.
func TestRetentionOfWorkspaces(t *testing.T) {
	var b bootstrap
	b.workspace(workspaceName)
	b.workspace(otherName)
	var c clock
	n, _, l := twoDays(t, &c, b.write(t))
	api := n.Admin(t)
	table, other := workspaceNamed(t, api, workspaceName), workspaceNamed(t, api, otherName)
	if err := api.SetTableRetention(t.Context(), table.ID, blobTable, 4); err != nil {
		t.Fatal(err)
	}
	if _, err := api.PutResource(t.Context(), other.ID, client.Resource{Location: other.Location, Properties: []byte(`{"retentionInDays":6}`)}); err != nil {
		t.Fatal(err)
	}
	first := int64(len(l.attempts) - 20) // rows of the first day; 20 of the second
	state := func(w client.Workspace) (rows int64, bytes int64) {
		for _, f := range dayFiles(t, n.Config.Data, w) {
			if info, err := os.Stat(f); err == nil {
				bytes += info.Size()
			}
		}
		return count(t, api, w.Name), bytes
	}
	expect := func(when string, w client.Workspace, rows int64, files int) {
		t.Helper()
		waitFor(t, when+": "+w.Name+" to have what it keeps", func() bool {
			got, _ := state(w)
			return got == rows && len(dayFiles(t, n.Config.Data, w)) == files
		})
	}
	expect("at first", table, first+20, 1)
	expect("at first", other, first+20, 1)
	c.jump(24 * time.Hour)
	expect("both closed", table, first+20, 2)
	expect("both closed", other, first+20, 2)
	_, before := state(table)
	// Two days after the first: it is there for four, whole.
	c.jump(3 * 24 * time.Hour)
	expect("the first is over", table, 20, 1)
	expect("the first is over", other, first+20, 2)
	if _, after := state(table); after >= before {
		t.Errorf("the files of the workspace have %d bytes, before the retention %d", after, before)
	}
	c.jump(24 * time.Hour)
	expect("both are over", table, 0, 0)
	expect("both are over", other, first+20, 2)
	c.jump(2 * 24 * time.Hour)
	expect("all is over", other, 0, 0)
	// What the rows took in the database is given back, or used again.
	n.Restart(t)
	api = n.Admin(t)
	l.looks(t, connectAt(t, n.BlobURL(), c.now), "later", 10)
	n.Settle(t)
	expect("after a restart", table, 10, 0)
	expect("after a restart", other, 10, 0)
	if entries, err := os.ReadDir(filepath.Join(n.Config.Data, "workspaces", table.CustomerID, "days")); err != nil || len(entries) != 0 {
		t.Errorf("the folder of days has %v, %v", entries, err)
	}
}

// TestClockJumps moves the clock of a node forwards and backwards while clients
// work and days are closed: every record is in the workspace once.
func TestClockJumps(t *testing.T) {
	var b bootstrap
	b.workspace(workspaceName)
	var c clock
	c.jump(-20 * 24 * time.Hour)
	n, log := clocked(t, &c, b.write(t))
	blobs := connectAt(t, n.BlobURL(), c.now)
	var l ledger
	l.create(t, blobs)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				l.try(t.Context(), "PutBlob", http.StatusCreated, "jump", func(ctx context.Context) error {
					_, err := blobs.NewBlockBlobClient("jump").Upload(ctx, streaming.NopCloser(strings.NewReader("jump")), nil)
					return err
				})
				time.Sleep(time.Duration(2+w) * time.Millisecond)
			}
		})
	}
	jumps := []time.Duration{3 * time.Hour, -time.Hour, 3 * 24 * time.Hour, -2 * 24 * time.Hour, 36 * time.Hour, -time.Minute, 24 * time.Hour}
	for _, by := range jumps {
		time.Sleep(700 * time.Millisecond)
		c.jump(by)
	}
	time.Sleep(700 * time.Millisecond)
	stop()
	wg.Wait()
	n.Settle(t)
	api := n.Admin(t)
	want := map[string]bool{}
	for _, a := range l.attempts {
		// One that is signed before a jump and comes after it is refused, and an
		// unknown caller's has no record.
		if a.status == a.want {
			want[a.requestID] = true
		}
	}
	if refused := len(l.attempts) - len(want); refused > 2*len(jumps) { // one of each client at each jump
		t.Errorf("%d of %d requests were refused", refused, len(l.attempts))
	}
	lost, duplicated := compare(t, "the workspace", want, tableOf(t, api, workspaceName))
	d := delivery(t, api, workspaceName)
	t.Logf("seven jumps: %s; ledger: %d delivered, %d dropped", sum(len(want), lost, duplicated), d.Delivered, d.Dropped)
	if d.Delivered != uint64(len(want)) || d.Dropped+d.DeadLettered != 0 {
		t.Errorf("the ledger says %+v", d)
	}
	if text := log.String(); strings.Contains(text, "level=ERROR") {
		t.Errorf("the log has errors: %s", text)
	}
}
