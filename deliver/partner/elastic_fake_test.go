package partner

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
	"reslog/deliver/delivertest"
)

// elasticBackend is Elasticsearch with data streams.
type elasticBackend struct {
	documents map[string]elasticDocument // by _id
	// item, if set, answers for a document: 0 stores it.
	item func(d elasticDocument) (status int, typ, reason string)
}

type elasticDocument struct {
	index, id string
	source    string
	fields    map[string]any
}

func (b *elasticBackend) take(t *testing.T, r *http.Request, body []byte) (any, int) {
	if r.URL.Path != "/_bulk" || !strings.HasPrefix(r.URL.RawQuery, "filter_path=errors,items.*.status,items.*.error") {
		t.Errorf("url %s", r.URL)
	}
	if got := r.Header.Get("Authorization"); got != "ApiKey aWQ6YXBpLWtleS1zZWNyZXQ=" {
		t.Errorf("Authorization is %q", got)
	}
	if ct := r.Header.Get("Content-Type"); ct != "application/x-ndjson" {
		t.Errorf("content type %s", ct)
	}
	if !bytes.HasSuffix(body, []byte("\n")) {
		t.Error("the last line has no end")
	}
	lines := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	if len(lines)%2 != 0 {
		t.Errorf("%d lines", len(lines))
		return []elasticDocument(nil), 0
	}
	var documents []elasticDocument
	for i := 0; i < len(lines); i += 2 {
		documents = append(documents, readDocument(t, lines[i], lines[i+1]))
	}
	return documents, len(documents)
}

func readDocument(t *testing.T, action, source []byte) elasticDocument {
	var a struct {
		Create *struct {
			Index string `json:"_index"`
			ID    string `json:"_id"`
		}
	}
	dec := json.NewDecoder(bytes.NewReader(action))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&a); err != nil || a.Create == nil || a.Create.ID == "" || len(a.Create.ID) > 512 {
		t.Errorf("action %s: %v", action, err)
		return elasticDocument{}
	}
	if err := checkIndex(a.Create.Index); err != nil || !strings.HasPrefix(a.Create.Index, "logs-azure.") {
		t.Errorf("index %q: %v", a.Create.Index, err)
	}
	d := elasticDocument{index: a.Create.Index, id: a.Create.ID, source: string(source)}
	if err := json.Unmarshal(source, &d.fields); err != nil {
		t.Errorf("source %.200s: %v", source, err)
	}
	stamp, _ := d.fields["@timestamp"].(string)
	if _, err := time.Parse(time.RFC3339Nano, stamp); err != nil {
		t.Errorf("@timestamp: %v", err)
	}
	return d
}

func (b *elasticBackend) store(batch any, partly bool) reply {
	if b.documents == nil {
		b.documents = make(map[string]elasticDocument)
	}
	failures := false
	var out []string
	for i, d := range batch.([]elasticDocument) {
		status, typ, reason := 0, "", ""
		if b.item != nil {
			status, typ, reason = b.item(d)
		}
		if _, there := b.documents[d.id]; there && status == 0 {
			status, typ, reason = 409, "version_conflict_engine_exception", "document already exists"
		}
		if partly && i%2 == 1 && status == 0 {
			status, typ, reason = 429, "es_rejected_execution_exception", "queue is full"
		}
		if status == 0 {
			b.documents[d.id] = d
			out = append(out, `{"create":{"status":201}}`)
			continue
		}
		failures = true
		quoted, _ := json.Marshal(reason)
		out = append(out, fmt.Sprintf(`{"create":{"status":%d,"error":{"type":%q,"reason":%s}}}`, status, typ, quoted))
	}
	return reply{
		status: http.StatusOK, header: map[string]string{"Content-Type": "application/vnd.elasticsearch+json;compatible-with=8"},
		body: fmt.Sprintf(`{"errors":%v,"items":[%s]}`, failures, strings.Join(out, ",")),
	}
}

// elasticPlace is Elasticsearch as the contract of destinations sees it.
type elasticPlace struct {
	*server
	backend *elasticBackend

	names sync.Mutex
	ids   map[string]string // of records, by position
}

func newElasticPlace(t *testing.T) *elasticPlace {
	b := &elasticBackend{}
	return &elasticPlace{server: newServer(t, b), backend: b, ids: make(map[string]string)}
}

func (p *elasticPlace) Open(t *testing.T) deliver.Destination { return p.open(t, nil) }

func (p *elasticPlace) open(t *testing.T, change func(*ElasticConfig)) deliver.Destination {
	t.Helper()
	cfg := ElasticConfig{Connection: p.connection(), APIKey: "id:api-key-secret"}
	if change != nil {
		change(&cfg)
	}
	d, err := NewElastic(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(t.Context()) })
	return &naming{Destination: d, place: p}
}

// naming notes which record is at which position: documents have no more.
type naming struct {
	deliver.Destination
	place *elasticPlace
}

func (n *naming) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	n.place.names.Lock()
	for _, it := range batch {
		n.place.ids[it.Position.String()] = it.Record.ID
	}
	n.place.names.Unlock()
	return n.Destination.Deliver(ctx, batch)
}

// Held returns records in the order of their _id, which is that of the stream.
func (p *elasticPlace) Held(*testing.T) []string {
	var ids []string
	for _, d := range p.all() {
		p.names.Lock()
		ids = append(ids, p.ids[d.id])
		p.names.Unlock()
	}
	return ids
}

func (p *elasticPlace) all() []elasticDocument {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []elasticDocument
	for _, id := range slices.Sorted(maps.Keys(p.backend.documents)) {
		out = append(out, p.backend.documents[id])
	}
	return out
}

func TestElasticContract(t *testing.T) {
	delivertest.Run(t, delivertest.Harness{
		New: func(t *testing.T) delivertest.Place { return newElasticPlace(t) },
	})
}
