package interop

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"reslog/bus"
	"reslog/catalog"
	"reslog/deliver"
	"reslog/deliver/eventhub"
	"reslog/record"
)

// kcatPatience bounds one run of kcat.
const kcatPatience = patience

// kcatMessage is a message as librdkafka, the C client that kcat is made of, sees it.
type kcatMessage struct {
	hub, key, headers string
	partition         int
	value             []byte
}

// kcatFormat prints a line about a message and then its bytes, of which the line
// says how many there are.
const kcatFormat = `%t|%p|%K|%h|%S\n%s\n`

// readKcat reads what kcat prints.
func readKcat(t *testing.T, r io.Reader) []kcatMessage {
	t.Helper()
	var got []kcatMessage
	for in := bufio.NewReader(r); ; {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			return got
		}
		check(t, err)
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) != 5 {
			t.Fatalf("kcat printed %q", line)
		}
		m := kcatMessage{hub: f[0], key: f[2], headers: f[3]}
		var size int
		_, err = fmt.Sscan(f[1]+" "+f[4], &m.partition, &size)
		check(t, err)
		value := make([]byte, size+1)
		_, err = io.ReadFull(in, value)
		check(t, err)
		m.value = value[:size]
		got = append(got, m)
	}
}

// hubBatch is a batch of records with content that an encoder would change.
func hubBatch() []deliver.Item {
	lines := []string{
		`{"time":"2026-03-01T09:59:59.1234567Z","properties":{"a" : 1.0, "b":1e400}}`,
		`{"text":"\u0000\u2028 \"; <&> \/ ` + "\u2029\u00a0😀" + `"}`,
		`{ }`,
		`{"same":1,"same":2}`,
		`{"deep":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`,
		`{"big":"` + strings.Repeat(`ab\n`, 200<<10) + `"}`,
	}
	var batch []deliver.Item
	for i := range 60 {
		batch = append(batch, deliver.Item{
			Position: bus.Position{Epoch: 0xfeed, Seq: uint64(1 + i/20), Index: uint32(i % 20)},
			Record: record.Record{
				Category: []record.Category{"StorageRead", "StorageWrite", "AllMetrics"}[i%3],
				ID:       fmt.Sprint(i), Line: []byte(lines[i%len(lines)]),
			},
		})
	}
	return batch
}

// checkHubs compares messages with the records of a batch: each hub has its own,
// byte for byte, in messages that are no larger than allowed, with ids and
// without keys. Between partitions there is no order, so messages are compared
// by id.
func checkHubs(t *testing.T, got []kcatMessage, batch []deliver.Item) {
	t.Helper()
	id := regexp.MustCompile(`^reslog-id=000000000000feed-[0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f]{8}$`)
	slices.SortStableFunc(got, func(a, b kcatMessage) int { return strings.Compare(a.headers, b.headers) })
	have := make(map[string][]byte)
	for _, m := range got {
		if m.key != "-1" || !id.MatchString(m.headers) {
			t.Errorf("message of %s with key %q and headers %q", m.hub, m.key, m.headers)
		}
		if len(m.value) > eventhub.DefaultMaxMessage {
			t.Errorf("message %s has %d bytes", m.headers, len(m.value))
		}
		body, ok := bytes.CutPrefix(m.value, []byte(`{"records":[`))
		body, ok2 := bytes.CutSuffix(body, []byte(`]}`))
		if !ok || !ok2 {
			t.Fatalf("message %s begins %.40q", m.headers, m.value)
		}
		have[m.hub] = append(append(have[m.hub], body...), ',')
	}
	want := make(map[string][]byte)
	for _, it := range batch {
		hub := catalog.SinkName(it.Record.Category)
		want[hub] = append(append(want[hub], it.Record.Line...), ',')
	}
	for hub := range want {
		if !bytes.Equal(have[hub], want[hub]) {
			t.Errorf("hub %s has %d bytes of records, want %d, or others", hub, len(have[hub]), len(want[hub]))
		}
	}
	if len(have) != len(want) {
		t.Errorf("%d hubs, want %d", len(have), len(want))
	}
}

func mustHaveKcat(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("kcat"); err != nil {
		t.Fatalf("messages are read back with kcat (package kcat of Debian and Ubuntu): %v", err)
	}
}

// TestEventHub reads back with kcat, which checks the checksums too.
func TestEventHub(t *testing.T) {
	mustHaveKcat(t)
	for _, gzip := range []bool{false, true} {
		c, err := kfake.NewCluster(kfake.NumBrokers(1))
		check(t, err)
		defer c.Close()
		batch := hubBatch()
		d, err := eventhub.New(eventhub.Config{Brokers: c.ListenAddrs(), Gzip: gzip})
		check(t, err)
		defer d.Close(context.Background())
		p, err := d.Deliver(t.Context(), batch)
		check(t, err)
		if want := batch[len(batch)-1].Position; p != want {
			t.Fatalf("settled through %v, want %v", p, want)
		}
		var got []kcatMessage
		for _, hub := range []string{"insights-logs-storageread", "insights-logs-storagewrite", "insights-metrics-pt1m"} {
			got = append(got, runKcat(t, c.ListenAddrs()[0], hub)...)
		}
		checkHubs(t, got, batch)
	}
}

// runKcat reads all that is in a hub.
func runKcat(t *testing.T, addr, hub string) []kcatMessage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), kcatPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kcat", "-C", "-q", "-e", "-o", "beginning", "-X", "check.crcs=true",
		"-b", addr, "-t", hub, "-f", kcatFormat)
	var out, report bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &report
	if err := cmd.Run(); err != nil {
		t.Fatalf("kcat: %v\n%s", err, report.Bytes())
	}
	return readKcat(t, &out)
}
