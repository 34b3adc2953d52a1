package eventhub

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"reslog/catalog"
	"reslog/deliver"
	"reslog/record"
)

func TestHubNames(t *testing.T) {
	for c, want := range map[record.Category]string{
		"StorageRead":      "insights-logs-storageread",
		"ConnectionEvents": "insights-logs-connectionevents",
		"AllLogs":          "insights-logs-alllogs",
		"AllMetrics":       "insights-metrics-pt1m",
		"allmetrics":       "insights-metrics-pt1m",
	} {
		if got := catalog.SinkName(c); got != want {
			t.Errorf("hub of %s is %s, want %s", c, got, want)
		}
	}
	for name, want := range map[string]bool{
		"a": true, "A-b_c.9": true, strings.Repeat("x", 249): true,
		"": false, ".": false, "..": false, "a b": false, "a/b": false, "ä": false, "a;b": false, strings.Repeat("x", 250): false,
	} {
		if got := validHub(name); got != want {
			t.Errorf("name %q: %v, want %v", name, got, want)
		}
	}
}

func TestHubsAreCreated(t *testing.T) {
	for want, cfg := range map[int]Config{4: {}, 7: {Partitions: 7}} {
		c := newCluster(t)
		cfg.Brokers = c.ListenAddrs()
		log := newLogged()
		cfg.Logger = log.Logger
		d := open(t, cfg)
		deliverAll(t, d, append(items(1, 3, "StorageRead"), item(1, 9, "AllMetrics", `{}`)))
		for _, h := range []string{"insights-logs-storageread", "insights-metrics-pt1m"} {
			if n := len(c.PartitionInfos(h)); n != want {
				t.Errorf("hub %s has %d partitions, want %d", h, n, want)
			}
		}
		if n := strings.Count(log.String(), "an event hub was created"); n != 2 {
			t.Errorf("%d hubs were created:\n%s", n, log)
		}
	}
}

// A hub that is there is used as it is, whatever the credential may create.
func TestHubIsThere(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "audit"))
	creates := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	d := open(t, Config{Brokers: c.ListenAddrs(), Hub: "audit"})
	deliverAll(t, d, items(1, 3, "StorageRead"))
	if len(c.PartitionInfos("audit")) != 1 || creates.Hits() != 0 {
		t.Errorf("%d partitions, %d attempts to create it", len(c.PartitionInfos("audit")), creates.Hits())
	}
}

// Somebody else creates the hub in the same moment.
func TestHubAppears(t *testing.T) {
	c := newCluster(t)
	c.ControlKey(int16(kmsg.CreateTopics), func(kmsg.Request) (kmsg.Response, error, bool) {
		if err := c.CreateTopic("audit", 2, nil); err != nil {
			t.Errorf("create: %v", err)
		}
		return nil, nil, false
	})
	d := open(t, Config{Brokers: c.ListenAddrs(), Hub: "audit"})
	deliverAll(t, d, items(1, 3, "StorageRead"))
	if n := len(c.PartitionInfos("audit")); n != 2 {
		t.Errorf("%d partitions, want 2", n)
	}
}

func TestHubCannotBeCreated(t *testing.T) {
	for _, c := range []struct {
		code *kerr.Error
		want string
	}{
		{kerr.TopicAuthorizationFailed, "create it, or use a key with the Manage right"},
		{kerr.ClusterAuthorizationFailed, "create it, or use a key with the Manage right"},
		{kerr.PolicyViolation, "cannot be created: create it"},
	} {
		cluster := newCluster(t)
		fault := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Topic: "insights-logs-storagewrite", Err: c.code, Count: -1})
		d := open(t, Config{Brokers: cluster.ListenAddrs()})
		batch := append(items(1, 3, "StorageRead"), item(1, 9, "StorageWrite", `{}`))
		for range 2 {
			_, err := d.Deliver(t.Context(), batch)
			if err == nil || deliver.IsPermanent(err) || deliver.Rejected(err) != nil {
				t.Fatalf("%s: %v", c.code.Message, err)
			}
			for _, want := range []string{c.want, `hub "insights-logs-storagewrite"`, c.code.Message} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q in it", err, want)
				}
			}
		}
		fault.Remove()
		deliverAll(t, d, batch)
		// The other hub was served meanwhile, once.
		if got := linesIn(t, consume(t, cluster)); len(got) != 4 {
			t.Errorf("%d records, want 4: %v", len(got), got)
		}
	}
}

func TestNotAuthorized(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "audit"))
	for _, key := range []kmsg.Key{kmsg.Metadata, kmsg.Produce} {
		fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Topic: "audit", Err: kerr.TopicAuthorizationFailed, Count: -1})
		d := open(t, Config{Brokers: c.ListenAddrs(), Hub: "audit"})
		_, err := d.Deliver(t.Context(), items(1, 3, "StorageRead"))
		if err == nil || deliver.IsPermanent(err) || deliver.Rejected(err) != nil {
			t.Fatalf("%s: %v", key.Name(), err)
		}
		if !strings.Contains(err.Error(), `may not send to hub "audit": give its rule the Send right`) {
			t.Errorf("%s: %v", key.Name(), err)
		}
		fault.Remove()
		deliverAll(t, d, items(1, 3, "StorageRead"))
	}
}

// A broker with stricter rules for names refuses the records, not the others.
func TestBrokerRefusesName(t *testing.T) {
	c := newCluster(t)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Topic: "insights-logs-storagewrite", Err: kerr.InvalidTopicException, Count: -1})
	d := open(t, Config{Brokers: c.ListenAddrs()})
	batch := append(items(1, 3, "StorageRead"), item(1, 9, "StorageWrite", `{}`))
	_, err := d.Deliver(t.Context(), batch)
	if got := deliver.Rejected(err); len(got) != 1 || got[0] != batch[3].Position {
		t.Fatalf("rejected %v: %v", got, err)
	}
	deliverAll(t, d, batch[:3])
	if got := linesIn(t, consume(t, c)); len(got) != 3 {
		t.Errorf("%d records, want 3", len(got))
	}
}

func TestHubGoes(t *testing.T) {
	c := newCluster(t)
	d := open(t, Config{Brokers: c.ListenAddrs(), Hub: "audit"})
	deliverAll(t, d, items(1, 3, "StorageRead"))
	if err := c.DeleteTopic("audit"); err != nil {
		t.Fatal(err)
	}
	batch := items(2, 3, "StorageRead")
	var err error
	for range 5 {
		if _, err = d.Deliver(t.Context(), batch); err == nil {
			break
		}
		if deliver.IsPermanent(err) || deliver.Rejected(err) != nil {
			t.Fatalf("a hub that is gone is permanent: %v", err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := linesIn(t, consume(t, c)); len(got) != 3 || got[0] != `{"n":"2.0"}` {
		t.Errorf("the new hub has %v", got)
	}
}

// A hub that takes less than MaxMessage gets smaller messages; only a record that
// no message has room for is rejected.
func TestHubTakesLess(t *testing.T) {
	c := newCluster(t)
	if err := c.CreateTopic("small", 1, map[string]string{"max.message.bytes": "20000"}); err != nil {
		t.Fatal(err)
	}
	log := newLogged()
	d := open(t, Config{Brokers: c.ListenAddrs(), Hub: "small", Logger: log.Logger})
	var batch []deliver.Item
	for i := range uint32(300) {
		line := fmt.Sprintf(`{"n":%d,"x":"%s"}`, i, strings.Repeat("x", 300))
		if i == 150 {
			line = fmt.Sprintf(`{"n":%d,"x":"%s"}`, i, strings.Repeat("x", 30000))
		}
		batch = append(batch, item(1, i, "StorageRead", line))
	}
	rejected := 0
	for tries := 0; ; tries++ {
		_, err := d.Deliver(t.Context(), batch)
		if err == nil {
			break
		}
		if tries > 12 {
			t.Fatal(err)
		}
		if got := deliver.Rejected(err); got != nil {
			if len(got) != 1 || got[0].Index != 150 || rejected > 0 {
				t.Fatalf("rejected %v: %v", got, err)
			}
			rejected++
			batch = append(batch[:150:150], batch[151:]...)
		} else if !errors.Is(err, kerr.MessageTooLarge) || !strings.Contains(err.Error(), "MaxMessage") {
			t.Fatal(err)
		}
	}
	got := consume(t, c)
	if lines := linesIn(t, got); len(lines) != 299 || rejected != 1 {
		t.Errorf("%d records, want 299; %d rejected", len(lines), rejected)
	}
	for _, m := range got {
		if len(m.value) > 20000 || len(m.value) < 1000 {
			t.Errorf("a message of %d bytes", len(m.value))
		}
	}
	if !strings.Contains(log.String(), "trying with smaller ones") {
		t.Errorf("nobody is told: %s", log)
	}
}

// The largest message that is allowed is taken by a hub with the limits of Azure
// and of Kafka.
func TestLargestMessage(t *testing.T) {
	c := newCluster(t) // max.message.bytes is 1048588, as in Kafka
	largest := 0
	c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		largest = max(largest, len(req.AppendTo(nil)))
		return nil, nil, false
	})
	d := open(t, Config{Brokers: c.ListenAddrs()})
	line := func(n int) string { return `{"x":"` + strings.Repeat("x", n-8) + `"}` }
	deliverAll(t, d, []deliver.Item{
		item(1, 0, "StorageRead", line(DefaultMaxMessage-wrap)),
		item(1, 1, "StorageRead", line(DefaultMaxMessage-wrap)),
		item(1, 2, "StorageWrite", line(DefaultMaxMessage-wrap)),
		item(1, 3, "StorageRead", line(DefaultMaxMessage/2)),
		item(1, 4, "StorageRead", line(DefaultMaxMessage/2)),
	})
	if got := linesIn(t, consume(t, c)); len(got) != 5 {
		t.Errorf("%d records, want 5", len(got))
	}
	if largest > 1046528 || largest < DefaultMaxMessage {
		t.Errorf("the largest request has %d bytes", largest)
	}
	_, err := d.Deliver(t.Context(), []deliver.Item{item(2, 0, "StorageRead", line(DefaultMaxMessage-wrap+1))})
	if got := deliver.Rejected(err); len(got) != 1 {
		t.Errorf("a record that is a byte too large: %v", err)
	}
}
