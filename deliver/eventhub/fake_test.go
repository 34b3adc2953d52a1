package eventhub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"reslog/bus"
	"reslog/deliver"
	"reslog/internal/freeport"
	"reslog/record"
	"reslog/resource"
)

// patience bounds what a test waits for.
const patience = 2 * time.Minute

// newCluster starts a broker in the process.
func newCluster(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatalf("start a broker: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

// freeAddr is an address where nobody listens.
func freeAddr(t *testing.T) (addr string, port int) {
	t.Helper()
	addr, err := freeport.Addr("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	_, text, err := net.SplitHostPort(addr)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return addr, port
}

// open returns a Destination that is closed with the test.
func open(t testing.TB, cfg Config) *Destination {
	t.Helper()
	d, err := New(cfg)
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	t.Cleanup(func() { d.Close(context.Background()) })
	return d
}

// received is a message as a consumer sees it.
type received struct {
	hub       string
	partition int32
	offset    int64
	key       []byte
	id        string
	value     []byte
	codec     uint8 // of compression
}

// records returns the records of a message, as bytes.
func (m *received) records(t testing.TB) []string {
	t.Helper()
	var body struct {
		Records []json.RawMessage `json:"records"`
	}
	if err := json.Unmarshal(m.value, &body); err != nil {
		t.Fatalf("message %s of %s: %v", m.id, m.hub, err)
	}
	var lines []string
	for _, r := range body.Records {
		lines = append(lines, string(r))
	}
	return lines
}

// consume returns all messages of all hubs, by hub, partition and offset. opts
// are how to connect.
func consume(t testing.TB, c *kfake.Cluster, opts ...kgo.Opt) []received {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	hubs, total := hubsOf(c)
	if total == 0 {
		return nil
	}
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(hubs...), kgo.FetchMaxBytes(64 << 20), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}, opts...)...)
	if err != nil {
		t.Fatalf("consume: %v", err)
	}
	defer cl.Close()
	var got []received
	for int64(len(got)) < total {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("consume, after %d of %d messages: %v", len(got), total, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			m := received{hub: r.Topic, partition: r.Partition, offset: r.Offset, key: r.Key, value: r.Value, codec: r.Attrs.CompressionType()}
			if len(r.Headers) == 1 && r.Headers[0].Key == "reslog-id" {
				m.id = string(r.Headers[0].Value)
			}
			got = append(got, m)
		})
	}
	slices.SortFunc(got, func(a, b received) int {
		return strings.Compare(fmt.Sprintf("%s %08d %016d", a.hub, a.partition, a.offset), fmt.Sprintf("%s %08d %016d", b.hub, b.partition, b.offset))
	})
	return got
}

// hubsOf returns the hubs of a broker and the number of all messages in them.
func hubsOf(c *kfake.Cluster) (hubs []string, messages int64) {
	for _, h := range everyHub {
		for _, p := range c.PartitionInfos(h) {
			messages += p.HighWatermark
		}
		if c.TopicInfo(h) != nil {
			hubs = append(hubs, h)
		}
	}
	return hubs, messages
}

// everyHub are the hubs that tests send to.
var everyHub = []string{
	"insights-logs-storageread", "insights-logs-storagewrite", "insights-logs-storagedelete",
	"insights-metrics-pt1m", "audit", "small",
}

// linesIn returns the lines of all records in messages.
func linesIn(t testing.TB, got []received) []string {
	t.Helper()
	var lines []string
	for i := range got {
		lines = append(lines, got[i].records(t)...)
	}
	return lines
}

var source = resource.MustParse("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default")

// item returns a record at a place of the stream.
func item(seq uint64, index uint32, c record.Category, line string) deliver.Item {
	return deliver.Item{
		Position: bus.Position{Epoch: 0x5eed, Seq: seq, Index: index},
		Record:   record.Record{Resource: source, Category: c, ID: fmt.Sprintf("%d.%d", seq, index), Line: []byte(line)},
	}
}

// items returns n records of one message of the stream.
func items(seq uint64, n int, c record.Category) []deliver.Item {
	list := make([]deliver.Item, 0, n)
	for i := range n {
		list = append(list, item(seq, uint32(i), c, fmt.Sprintf(`{"n":"%d.%d"}`, seq, i)))
	}
	return list
}

// deliverAll delivers a batch, which must succeed at once.
func deliverAll(t testing.TB, d *Destination, batch []deliver.Item) {
	t.Helper()
	p, err := d.Deliver(t.Context(), batch)
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	if want := batch[len(batch)-1].Position; p != want {
		t.Fatalf("settled through %v, want %v", p, want)
	}
}

// logged is a logger and what it was told.
type logged struct {
	*slog.Logger
	mu  sync.Mutex
	buf bytes.Buffer
}

func newLogged() *logged {
	l := &logged{}
	l.Logger = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return l
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
