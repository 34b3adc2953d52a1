package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/server"
	"reslog/server/servertest"
)

// TestArchiveOutage has a node archive in an account of another node, with all
// kinds of trouble in between, and the other node stopped for a while. In the end
// every record is there once; and another destination of the same setting got its
// records as fast as before.
func TestArchiveOutage(t *testing.T) {
	there := servertest.Start(t)
	p := newProxy(t, there.BlobURL())
	otlp := newReceiver(t)
	var b bootstrap
	b.resource(accountPath+otherAccount, map[string]any{"connectionString": devConnection(p.url())})
	b.resource(otlpPath, map[string]any{"endpoint": otlp.http.URL})
	b.setting("both", map[string]any{"storageAccountId": accountPath + otherAccount, "marketplacePartnerId": otlpPath})
	file := b.write(t)
	n := servertest.Start(t, readingFile(t, file), servertest.WithConfig(func(c *server.Config) {
		c.Logger = nil // there is much to warn of
	}))
	c := connect(t, n.BlobURL())
	created, err := c.Create(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}

	var l ledger
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() { l.steady(ctx, c, w) })
	}
	time.Sleep(1500 * time.Millisecond)
	troubled := time.Now()
	met := map[trouble]int64{}
	order := []trouble{forged, gone, lost, page, cut, torn, error404, noise, late, error503, busy, lost}
	for i := range len(order) * soak() {
		mode := order[i%len(order)]
		if i >= len(order) {
			mode = trouble(1 + rand.IntN(int(troubles)-1))
		}
		enough := int64(2 + rand.IntN(5))
		p.make(mode)
		waitFor(t, "the node to meet trouble: "+mode.String(), func() bool { return p.hits.Load() >= enough })
		met[mode] += p.hits.Load()
		if i%6 == 5 { // what the proxy says may be true, too
			p.make(gone)
			there.Restart(t)
			p.moveTo(there.BlobURL())
		}
		p.make(calm)
		waitFor(t, "an append after trouble: "+mode.String(), func() bool { return p.passed.Load() >= 1 })
	}
	over := time.Now()
	stop()
	wg.Wait()
	p.make(calm)
	n.Settle(t)

	want := map[string]bool{*created.RequestID: true}
	var before, during []time.Duration
	for _, a := range l.attempts {
		if a.status != a.want {
			t.Errorf("%s %s: answered %d", a.operation, a.blob, a.status)
		}
		want[a.requestID] = true
		took := otlp.arrived(a.requestID).Sub(a.answered)
		switch {
		case a.answered.Before(troubled):
			before = append(before, took)
		case a.answered.Before(over):
			during = append(during, took)
		}
	}
	a := archiveAt(t, there.BlobURL(), server.DevAccount)
	lost, duplicated := compare(t, "archive", want, a.times)
	t.Logf("%d troubles %v, %s", len(order)*soak(), met, sum(len(want), lost, duplicated))
	lost, duplicated = compare(t, "OTLP receiver", want, otlp.times())
	calmMedian, troubledMedian := median(before), median(during)
	t.Logf("OTLP: %s; median latency %v before and %v during the trouble", sum(len(want), lost, duplicated), calmMedian, troubledMedian)
	// Records that wait for the archive wait for its next try, a second or several.
	if troubledMedian > 3*calmMedian+time.Second {
		t.Errorf("records took %v to another destination of the setting, before the trouble %v", troubledMedian, calmMedian)
	}
}

// steady makes a request every few milliseconds until ctx ends.
func (l *ledger) steady(ctx context.Context, c *container.Client, worker int) {
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("steady/%d/%d", worker, i)
		switch i % 3 {
		case 0:
			l.try(context.WithoutCancel(ctx), "PutBlob", http.StatusCreated, name, func(ctx context.Context) error {
				_, err := c.NewBlockBlobClient(name).Upload(ctx, streaming.NopCloser(strings.NewReader(name)), nil)
				return err
			})
		default:
			l.try(context.WithoutCancel(ctx), "GetBlobProperties", http.StatusNotFound, name, func(ctx context.Context) error {
				_, err := c.NewBlobClient(name).GetProperties(ctx, nil)
				return err
			})
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[len(d)/2].Round(10 * time.Microsecond)
}
