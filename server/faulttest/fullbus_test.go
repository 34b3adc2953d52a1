package faulttest

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/bus"
)

// TestFullDiskOfTheBus takes all room there is from a node whose bus is written to.
// In audit mode nothing succeeds that has no record; in buffered mode what could not
// be kept is counted. When there is room everything goes on, and the archive is
// whole: no broken line, no record twice.
func TestFullDiskOfTheBus(t *testing.T) {
	if err := namespaces(); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	for _, d := range []bus.Durability{bus.Buffered, bus.Audit} {
		t.Run(string(d), func(t *testing.T) { fillBus(t, d) })
	}
}

func fillBus(t *testing.T, d bus.Durability) {
	var b bootstrap
	b.own(ownAccount)
	b.setting("own", map[string]any{"storageAccountId": accountPath + ownAccount})
	v := start(t, t.TempDir(), d, onSmallDisk(diskSize), withFile(b.write(t)))
	defer v.stop(t)
	c := connect(t, v.url)
	var l ledger
	l.create(t, c)
	l.looks(t, c, "before", 50)
	v.disk(t, makeFull)
	refused := 0
	for i := 0; ; i++ {
		for _, a := range l.looks(t, c, fmt.Sprint("full", i), 50) {
			if a.status != a.want {
				refused++
			}
		}
		if metric(t, v.admin, "reslog_bus_publish_failures_total") > 0 && (d == bus.Buffered || refused > 0) {
			break
		}
		if i == 100 {
			t.Fatal("the bus does not say that nothing can be written")
		}
	}
	t.Logf("on a full disk: %d requests, %d of them refused; bus failing: %v; tried again for the archive: %v", len(l.attempts)-51, refused,
		metric(t, v.admin, "reslog_bus_failing"), metric(t, v.admin, "reslog_delivery_retried_total", `kind="archive"`))
	v.disk(t, makeRoom)
	waitFor(t, "requests to be answered as before", func() bool {
		a := l.looks(t, c, "again", 1)[0]
		return a.status == a.want && metric(t, v.admin, "reslog_bus_failing") == 0
	})
	l.looks(t, c, "after", 50)
	dropped := int(metric(t, v.admin, "reslog_records_dropped_total"))
	l.whole(t, v, d, dropped)
	v.restart(t)
	c = connect(t, v.url)
	l.looks(t, c, "restarted", 20)
	l.whole(t, v, d, dropped)
}

// looks asks for blobs that are not there, which needs no room but for the record,
// and returns the attempts.
func (l *ledger) looks(t *testing.T, c *container.Client, prefix string, n int) []attempt {
	t.Helper()
	for i := range n {
		name := fmt.Sprintf("%s/%d", prefix, i)
		l.try(t.Context(), "GetBlobProperties", http.StatusNotFound, name, func(ctx context.Context) error {
			_, err := c.NewBlobClient(name).GetProperties(ctx, nil)
			return err
		})
	}
	return l.attempts[len(l.attempts)-n:]
}

// whole waits until the archive has every request that was answered as it should
// be, but for those that the node says it dropped; none is there twice.
func (l *ledger) whole(t *testing.T, v *victim, d bus.Durability, dropped int) {
	t.Helper()
	if d == bus.Audit && dropped > 0 {
		t.Errorf("%d records dropped in audit mode", dropped)
	}
	var answered, missing int
	var a *archived
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		a = archiveAt(t, v.url, ownAccount)
		answered, missing = 0, 0
		for _, at := range l.attempts {
			if at.status != at.want {
				continue
			}
			answered++
			if a.times[at.requestID] == 0 {
				missing++
			}
		}
		if missing <= dropped || time.Now().After(deadline) {
			break
		}
	}
	t.Logf("%d requests answered: %d records in the archive, %d missing, %d counted as dropped, %d again", answered, len(a.times), missing, dropped, a.repeated())
	if missing > dropped || a.repeated() > 0 {
		t.Errorf("%d records missing, %d dropped, %d again", missing, dropped, a.repeated())
	}
}
