package faulttest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/deliver"
	"reslog/diagnostic"
	"reslog/server"
	"reslog/server/servertest"
)

// TestBacklogOfADeadDestination has a destination that takes nothing, and room for
// a few records to wait. The rest is dropped, and counted to the record; another
// destination of the same setting has all, and requests are as fast as before.
func TestBacklogOfADeadDestination(t *testing.T) {
	const bound = 128 << 10
	otlp := newReceiver(t)
	p := newProxy(t, otlp.http.URL)
	var b bootstrap
	b.own(ownAccount)
	b.resource(otlpPath, map[string]any{"endpoint": p.url()})
	b.setting("both", map[string]any{"storageAccountId": accountPath + ownAccount, "marketplacePartnerId": otlpPath})
	file := b.write(t)
	n := servertest.Start(t, readingFile(t, file), servertest.WithConfig(func(c *server.Config) {
		c.BacklogBytes = bound
		c.Logger = nil
	}))
	c := connect(t, n.BlobURL())
	var l ledger
	l.create(t, c)
	requests := 600 * soak()
	healthy := l.series(t, c, "healthy", requests/2)
	n.Settle(t)
	before := ledgerOf(t, n, diagnostic.Partner)
	if before.Delivered != uint64(len(l.attempts)) || before.Dropped != 0 {
		t.Fatalf("with all well: %+v", before)
	}

	p.make(gone)
	dead := l.series(t, c, "dead", requests)
	emitted := uint64(len(l.attempts))
	waitFor(t, "the rest to be dropped", func() bool {
		e := ledgerOf(t, n, diagnostic.Partner)
		return e.Delivered+e.Dropped+e.BacklogRecords == emitted && e.BacklogBytes <= bound
	})
	e := ledgerOf(t, n, diagnostic.Partner)
	if e.Delivered != before.Delivered || e.Shed == 0 || e.Shed != e.Dropped || e.DeadLettered != 0 {
		t.Errorf("of %d: %+v", emitted, e)
	}
	metrics := metricsOf(t, n.AdminURL())
	shed := fmt.Sprintf(`reslog_delivery_shed_total{kind="partner",resource="%s",setting="both"} %d`, e.Resource, e.Shed)
	if !strings.Contains(metrics, shed) {
		t.Errorf("the metrics do not say %s", shed)
	}

	p.make(calm)
	l.series(t, c, "again", 50)
	n.Settle(t)
	emitted = uint64(len(l.attempts))
	e = ledgerOf(t, n, diagnostic.Partner)
	times := otlp.times()
	lost, duplicated := 0, 0
	for _, a := range l.attempts {
		if times[a.requestID] == 0 {
			lost++
		}
		duplicated += max(0, times[a.requestID]-1)
	}
	t.Logf("dead destination: %d emitted, %d delivered, %d dropped, %d duplicated, %d arrived", emitted, e.Delivered, e.Dropped, duplicated, len(times))
	if e.Delivered+e.Dropped != emitted || e.Dropped != uint64(lost) || e.Delivered != uint64(len(times)) || e.BacklogRecords != 0 {
		t.Errorf("%d emitted, %d did not arrive, the ledger says %+v", emitted, lost, e)
	}
	want := l.ids()
	a := archiveAt(t, n.BlobURL(), ownAccount)
	lost, duplicated = compare(t, "archive", want, a.times)
	t.Logf("archive beside it: %s; median latency of requests %v before, %v with the dead destination", sum(len(want), lost, duplicated), healthy, dead)
	// Who waited for the destination would wait for its next try. A little more than before
	// is the machine's other work.
	if dead > 3*healthy+500*time.Millisecond {
		t.Errorf("requests took %v with a dead destination, %v before", dead, healthy)
	}
}

// series makes n requests, one after the other, and returns the median time to an answer.
func (l *ledger) series(t *testing.T, c *container.Client, prefix string, n int) time.Duration {
	t.Helper()
	var took []time.Duration
	for i := range n {
		name := fmt.Sprintf("%s/%d", prefix, i)
		l.try(t.Context(), "PutBlob", http.StatusCreated, name, func(ctx context.Context) error {
			_, err := c.NewBlockBlobClient(name).Upload(ctx, streaming.NopCloser(strings.NewReader(name)), nil)
			return err
		})
		a := l.attempts[len(l.attempts)-1]
		if a.status != a.want {
			t.Fatalf("%s %s: answered %d", a.operation, a.blob, a.status)
		}
		took = append(took, a.answered.Sub(a.sent))
	}
	return median(took)
}

func ledgerOf(t *testing.T, n *servertest.Node, kind diagnostic.DestinationKind) deliver.LedgerEntry {
	t.Helper()
	for _, e := range n.Ledger() {
		if e.Kind == kind {
			return e
		}
	}
	t.Fatalf("no ledger of %s", kind)
	return deliver.LedgerEntry{}
}
