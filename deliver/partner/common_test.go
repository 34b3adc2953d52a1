package partner

import (
	"fmt"
	"strings"
	"testing"

	"reslog/bus"
	"reslog/deliver"
)

// deliverAll hands a batch over and wants it settled.
func deliverAll(t *testing.T, d deliver.Destination, batch []deliver.Item) {
	t.Helper()
	p, err := d.Deliver(t.Context(), batch)
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	if want := batch[len(batch)-1].Position; p != want {
		t.Errorf("settled %s, want %s", p, want)
	}
}

// deliverFails hands a batch over and wants an error that does not condemn it.
func deliverFails(t *testing.T, d deliver.Destination, batch []deliver.Item, says ...string) error {
	t.Helper()
	p, err := d.Deliver(t.Context(), batch)
	if err == nil || !p.IsZero() {
		t.Fatalf("deliver: settled %s, error %v", p, err)
	}
	if deliver.IsPermanent(err) || deliver.Rejected(err) != nil {
		t.Fatalf("deliver condemns what may pass: %v", err)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("deliver says %q, want %q", err, s)
		}
	}
	return err
}

// deliverLike does what a worker does with rejected records: it puts them aside
// and hands over the rest, until that is settled.
func deliverLike(t *testing.T, d deliver.Destination, batch []deliver.Item) (dead map[string]string) {
	t.Helper()
	dead = make(map[string]string)
	for len(batch) > 0 {
		p, err := d.Deliver(t.Context(), batch)
		if err == nil {
			if want := batch[len(batch)-1].Position; p != want {
				t.Errorf("settled %s, want %s", p, want)
			}
			return dead
		}
		positions := deliver.Rejected(err)
		if positions == nil {
			t.Fatalf("deliver: %v", err)
		}
		rejected := make(map[bus.Position]bool)
		for _, p := range positions {
			rejected[p] = true
		}
		var rest []deliver.Item
		for _, it := range batch {
			if rejected[it.Position] {
				dead[it.Record.ID] = err.Error()
			} else {
				rest = append(rest, it)
			}
		}
		batch = rest
	}
	return dead
}

// api is one partner as the tests of what is common see it.
type api struct {
	name string
	open func(t *testing.T, change func(*Connection)) (*server, deliver.Destination, func() []string)
	ok   reply // the answer to one record
	bad  reply // the answer to a request with a record that cannot be taken
}

func apis() []api {
	or := func(change func(*Connection), c *Connection) {
		if change != nil {
			change(c)
		}
	}
	asJSON := map[string]string{"Content-Type": "application/json"}
	return []api{
		{"otlp", func(t *testing.T, change func(*Connection)) (*server, deliver.Destination, func() []string) {
			p := newOTLPPlace(t, false)
			return p.server, p.open(t, func(c *OTLPConfig) { or(change, &c.Connection) }), func() []string { return p.Held(t) }
		}, reply{200, asJSON, `{}`}, reply{400, map[string]string{"Content-Type": "application/x-protobuf"}, "\x12\x07invalid"}},
		{"datadog", func(t *testing.T, change func(*Connection)) (*server, deliver.Destination, func() []string) {
			p := newDatadogPlace(t)
			return p.server, p.open(t, func(c *DatadogConfig) { or(change, &c.Connection) }), func() []string { return p.Held(t) }
		}, reply{202, asJSON, `{}`}, reply{400, asJSON, `{"errors":[{"status":"400","title":"Bad Request","detail":"invalid"}]}`}},
		{"elastic", func(t *testing.T, change func(*Connection)) (*server, deliver.Destination, func() []string) {
			p := newElasticPlace(t)
			return p.server, p.open(t, func(c *ElasticConfig) { or(change, &c.Connection) }), func() []string { return p.Held(t) }
		}, reply{200, asJSON, `{"errors":false,"items":[{"create":{"status":201}}]}`}, reply{400, asJSON, `{"error":{"root_cause":[],"type":"illegal_argument_exception","reason":"invalid"},"status":400}`}},
	}
}

// eachAPI runs a test for each partner.
func eachAPI(t *testing.T, test func(t *testing.T, a api)) {
	for _, a := range apis() {
		t.Run(a.name, func(t *testing.T) { test(t, a) })
	}
}

func sizesOf(s *server) string {
	_, sizes, _ := s.count()
	return fmt.Sprint(sizes)
}
