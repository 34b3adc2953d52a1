package eventhub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"reslog/deliver"
	"reslog/record"
)

// When a part of a batch fails, the next attempt of the same instance sends only
// the rest.
func TestPartialFailure(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(2, "insights-logs-storageread", "insights-logs-storagewrite"))
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "insights-logs-storagewrite", Err: kerr.UnknownServerError, Count: -1})
	d := open(t, Config{Brokers: c.ListenAddrs(), MaxMessage: 1024})
	var batch []deliver.Item
	for i := range uint32(200) {
		batch = append(batch, item(4, i, []record.Category{"StorageRead", "StorageWrite"}[i%2], fmt.Sprintf(`{"n":%d,"x":"0123456789"}`, i)))
	}
	for range 3 {
		p, err := d.Deliver(t.Context(), batch)
		if err == nil || !p.IsZero() || deliver.IsPermanent(err) || deliver.Rejected(err) != nil {
			t.Fatalf("settled %v, error %v", p, err)
		}
		if !errors.Is(err, kerr.UnknownServerError) || !strings.Contains(err.Error(), `hub "insights-logs-storagewrite"`) {
			t.Fatalf("error %v", err)
		}
	}
	fault.Remove()
	deliverAll(t, d, batch)
	deliverAll(t, d, items(5, 3, "StorageRead"))
	if len(d.acked) != 0 {
		t.Errorf("%d records are remembered for nothing", len(d.acked))
	}
	count := make(map[string]int)
	for _, l := range linesIn(t, consume(t, c)) {
		count[l]++
	}
	for l, n := range count {
		if n != 1 {
			t.Errorf("%s is there %d times", l, n)
		}
	}
	if len(count) != 203 {
		t.Errorf("%d records, want 203", len(count))
	}
}

// A batch that is given up by the worker, because all became dead letters, does
// not stay in memory.
func TestForgetsWhatIsDone(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "insights-logs-storageread", "insights-logs-storagewrite"))
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "insights-logs-storagewrite", Err: kerr.UnknownServerError, Count: -1})
	d := open(t, Config{Brokers: c.ListenAddrs()})
	for seq := range uint64(5) {
		batch := append(items(seq+1, 10, "StorageRead"), item(seq+1, 10, "StorageWrite", `{}`))
		if _, err := d.Deliver(t.Context(), batch); err == nil {
			t.Fatal("a hub that fails took records")
		}
		if len(d.acked) != 10 {
			t.Fatalf("%d records are remembered, want 10", len(d.acked))
		}
	}
}

func TestBrokerDownAndUp(t *testing.T) {
	addr, port := freeAddr(t)
	dir := t.TempDir()
	start := func() *kfake.Cluster {
		return newCluster(t, kfake.Ports(port), kfake.DataDir(dir))
	}

	d := open(t, Config{Brokers: []string{addr}, Timeout: 2 * time.Second})
	first := items(1, 10, "StorageRead")
	begun := time.Now()
	_, err := d.Deliver(t.Context(), first)
	if err == nil || !strings.Contains(err.Error(), "refused") || !strings.Contains(err.Error(), addr) {
		t.Fatalf("without a broker: %v", err)
	}
	if took := time.Since(begun); took > patience {
		t.Errorf("it took %s to find out", took)
	}
	c := start()
	deliverAll(t, d, first)

	c.Close()
	second := items(2, 10, "StorageRead")
	_, err = d.Deliver(t.Context(), second)
	if err == nil || deliver.IsPermanent(err) || deliver.MustReopen(err) {
		t.Fatalf("after the broker went: %v", err)
	}
	if !strings.Contains(err.Error(), "not acknowledged within 2s") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("after the broker went: %v", err)
	}
	c = start()
	deliverAll(t, d, second)
	if lines := linesIn(t, consume(t, c)); len(lines) != 20 {
		t.Errorf("%d records, want 20", len(lines))
	}
}

// A broker that takes its time is waited for.
func TestSlowBroker(t *testing.T) {
	c := newCluster(t)
	var slow atomic.Int32
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		slow.Add(1)
		c.SleepControl(func() { time.Sleep(300 * time.Millisecond) })
		return nil, nil, false
	})
	d := open(t, Config{Brokers: c.ListenAddrs()})
	for seq := range uint64(3) {
		deliverAll(t, d, items(seq+1, 10, "StorageRead"))
	}
	if got := consume(t, c); len(got) != 3 || slow.Load() < 3 {
		t.Errorf("%d messages of %d slow requests", len(got), slow.Load())
	}
}

// A broker that never answers is given up after Timeout, or when the caller's
// time is over; what it did is done again.
func TestHangingBroker(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "audit"))
	var hang atomic.Bool
	hang.Store(true)
	release := make(chan struct{})
	free := sync.OnceFunc(func() { hang.Store(false); close(release) })
	t.Cleanup(free)
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if hang.Load() {
			c.SleepControl(func() { <-release })
		}
		return nil, nil, false
	})
	d := open(t, Config{Brokers: c.ListenAddrs(), Hub: "audit", Timeout: time.Second})
	batch := items(1, 10, "StorageRead")
	_, err := d.Deliver(t.Context(), batch)
	if err == nil || !strings.Contains(err.Error(), "1 of 1 messages were not acknowledged within 1s") {
		t.Fatalf("error %v", err)
	}
	if d.client != nil {
		t.Error("the client that has messages on their way is still there")
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errors.New("the node stops"))
	defer cancel()
	if _, err = d.Deliver(ctx, batch); err == nil || !strings.Contains(err.Error(), "the node stops") {
		t.Fatalf("error %v", err)
	}
	free()
	deliverAll(t, d, batch)
	lines := linesIn(t, consume(t, c))
	slices.Sort(lines)
	if lines = slices.Compact(lines); len(lines) != 10 {
		t.Errorf("%d records, want 10", len(lines))
	}
}

// A batch is written with a producer id, so that the broker recognises what the
// client repeats.
func TestLostAnswer(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "audit"))
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RequestTimedOut, Count: 2})
	d := open(t, Config{Brokers: c.ListenAddrs(), Hub: "audit"})
	deliverAll(t, d, items(1, 10, "StorageRead"))
	if got := consume(t, c); len(got) != 1 {
		t.Errorf("%d messages, want 1: the broker did not recognise a repetition", len(got))
	}
}

func TestWithoutProducerID(t *testing.T) {
	older := kversion.Stable()
	older.SetMaxKeyVersion(int16(kmsg.InitProducerID), -1)
	for name, c := range map[string]struct {
		opts   []kfake.Opt
		refuse *kerr.Error
		warned bool
	}{
		"unknown to the broker": {[]kfake.Opt{kfake.MaxVersions(older)}, nil, false},
		"refused":               {nil, kerr.ClusterAuthorizationFailed, true},
		"not supported":         {nil, kerr.UnsupportedVersion, true},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, c.opts...)
			if c.refuse != nil {
				cluster.ControlKey(int16(kmsg.InitProducerID), func(req kmsg.Request) (kmsg.Response, error, bool) {
					cluster.KeepControl()
					resp := req.ResponseKind().(*kmsg.InitProducerIDResponse)
					resp.ErrorCode = c.refuse.Code
					return resp, nil, true
				})
			}
			log := newLogged()
			d := open(t, Config{Brokers: cluster.ListenAddrs(), Logger: log.Logger})
			deliverAll(t, d, items(1, 10, "StorageRead"))
			deliverAll(t, d, items(2, 10, "StorageRead"))
			if lines := linesIn(t, consume(t, cluster)); len(lines) != 20 {
				t.Errorf("%d records, want 20", len(lines))
			}
			if n := strings.Count(log.String(), "refuses a producer id"); (n == 1) != c.warned || n > 1 {
				t.Errorf("warned %d times:\n%s", n, log)
			}
		})
	}
}

// A broker that is starting is no broker that refuses.
func TestProducerIDLater(t *testing.T) {
	c := newCluster(t)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, TopLevel: true, Err: kerr.CoordinatorLoadInProgress, Count: -1})
	d := open(t, Config{Brokers: c.ListenAddrs(), Timeout: time.Second})
	if _, err := d.Deliver(t.Context(), items(1, 1, "StorageRead")); err == nil || d.plain {
		t.Errorf("error %v, without a producer id %v", err, d.plain)
	}
}
