//go:build cgo

package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reslog/bus"
	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
)

// TestKillWorkspace kills nodes that deliver to a workspace while clients work and,
// in every other round, while it is queried. In the end what is on the bus, which
// is what `$logs` has, is in the table once, and the ledger says so. What a query
// has shown is there after the kill, and never does one show a row twice.
func TestKillWorkspace(t *testing.T) {
	for _, d := range []bus.Durability{bus.Buffered, bus.Audit} {
		t.Run(string(d), func(t *testing.T) { killWorkspace(t, d) })
	}
}

func killWorkspace(t *testing.T, d bus.Durability) {
	withMode := servertest.WithConfig(func(c *server.Config) { c.Durability = d })
	data := prepare(t, withMode)
	var b bootstrap
	b.workspace(workspaceName)
	file := b.write(t)

	var l ledger
	var shown, answers atomic.Int64
	rounds := 10 * soak()
	for round := range rounds {
		l.round = round
		v := start(t, data, d, withFile(file), withQueries(queryMemory))
		c := connect(t, v.url)
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		before, asked := l.count(), answers.Load()
		for w := range workers {
			wg.Go(func() { l.work(ctx, c, fmt.Sprintf("%d/%d", round, w)) })
		}
		if round%2 == 1 {
			api := admin(t, data)
			for range 2 {
				wg.Go(func() { watch(ctx, t, api, &shown, &answers) })
			}
		}
		// A third of the kills come while the node has hardly begun.
		if round%3 > 0 {
			waitFor(t, "some answers", func() bool {
				return l.count()-before >= 3*workers && (round%2 == 0 || answers.Load() > asked)
			})
		}
		time.Sleep(time.Duration(50+rand.IntN([]int{100, 500, 1000}[round%3])) * time.Millisecond)
		v.kill(t)
		stop()
		wg.Wait()
	}

	last := servertest.Start(t, servertest.WithData(data), withMode, readingFile(t, file))
	last.Settle(t)
	api := last.Admin(t)
	times, e := tableOf(t, api, workspaceName), delivery(t, api, workspaceName)
	if n := uint64(len(times)); e.Delivered != n || e.Accepted != n || e.DeadLettered+e.Dropped+e.BacklogRecords != 0 {
		t.Errorf("the table has %d rows, the ledger says %+v", n, e)
	}
	want := map[string]bool{}
	for _, e := range last.Logs(t) {
		// Not how it is read, nor how logging was switched on before there was a setting.
		if !strings.Contains(e.URL, "$logs") && e.Operation != "SetBlobServiceProperties" {
			want[e.RequestID] = true
		}
	}
	lost, duplicated := compare(t, "the workspace", want, times)
	t.Logf("%d kills of a node that delivers to a workspace: %s; %d answers of queries, which had shown %d", rounds, sum(len(want), lost, duplicated), answers.Load(), shown.Load())
	if len(want) < rounds*workers || answers.Load() == 0 {
		t.Errorf("%d records and %d answers: the test shows little", len(want), answers.Load())
	}
}

// watch queries until ctx ends or the node is gone, and counts the answers. shown is the
// most rows that any has seen: another has seen as many.
func watch(ctx context.Context, t *testing.T, api *client.Node, shown, answers *atomic.Int64) {
	for ctx.Err() == nil {
		least := shown.Load()
		rows, err := ask(ctx, api, workspaceName, blobTable+" | summarize n = count() by CorrelationId | summarize rows = sum(n), most = max(n)")
		if err != nil {
			return
		}
		answers.Add(1)
		var n, most int64
		if _, err := fmt.Sscan(fmt.Sprintln(rows[0]...), &n, &most); err != nil {
			continue // null: there are none yet
		}
		if most > 1 || n < least {
			t.Errorf("a query shows %d rows, a request %d times, after one that showed %d", n, most, least)
		}
		for was := shown.Load(); n > was && !shown.CompareAndSwap(was, n); was = shown.Load() {
		}
	}
}
