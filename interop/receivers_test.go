package interop

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// broker is a Kafka cluster of one broker that can be stopped and started again
// on its port with what it holds.
type broker struct {
	port    int
	dir     string
	options []kfake.Opt
	cluster *kfake.Cluster
}

// newBroker starts a broker.
func newBroker(t *testing.T, options ...kfake.Opt) *broker {
	t.Helper()
	_, text, err := net.SplitHostPort(freeAddr(t, "127.0.0.1"))
	check(t, err)
	port, err := strconv.Atoi(text)
	check(t, err)
	dir := t.TempDir()
	b := &broker{port: port, dir: dir, options: append(options, kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(dir))}
	b.start(t)
	t.Cleanup(b.stop)
	return b
}

// addr is where it listens, whether it does or not.
func (b *broker) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(b.port)) }

func (b *broker) start(t *testing.T, more ...kfake.Opt) {
	t.Helper()
	// Users that it knew are not to come before those that it is told of.
	if err := os.Remove(filepath.Join(b.dir, "sasl.json")); !errors.Is(err, fs.ErrNotExist) {
		check(t, err)
	}
	var err error
	b.cluster, err = kfake.NewCluster(append(b.options, more...)...)
	check(t, err)
}

func (b *broker) stop() {
	if b.cluster != nil {
		b.cluster.Close()
		b.cluster = nil
	}
}

// hubRecords reads a hub with kcat and returns its records by the id of their
// message. A message that comes twice must be the same.
func hubRecords(t *testing.T, b *broker, hub string) map[string][]string {
	t.Helper()
	byID := map[string][]byte{}
	records := map[string][]string{}
	for _, m := range runKcat(t, b.addr(), hub) {
		if before, ok := byID[m.headers]; ok && !bytes.Equal(before, m.value) {
			t.Errorf("message %s came again with another content", m.headers)
		}
		byID[m.headers] = m.value
		var message struct{ Records []json.RawMessage }
		check(t, json.Unmarshal(m.value, &message))
		records[m.headers] = nil
		for _, r := range message.Records {
			records[m.headers] = append(records[m.headers], string(r))
		}
	}
	return records
}

// lines flattens what hubRecords returns.
func lines(records map[string][]string) []string {
	var all []string
	for _, r := range records {
		all = append(all, r...)
	}
	return all
}

// otlpLog is a log record as an OTLP receiver gets it.
type otlpLog struct {
	resource, attributes map[string]any
	body                 any
	time                 uint64
	severity             string
}

// otlpReceiver is an OpenTelemetry receiver of logs: OTLP/HTTP, protobuf.
type otlpReceiver struct {
	*httptest.Server
	mu   sync.Mutex
	logs map[string]otlpLog // by log.record.uid
}

func newOTLPReceiver(t *testing.T) *otlpReceiver {
	o := &otlpReceiver{logs: map[string]otlpLog{}}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m collector.ExportLogsServiceRequest
		if err := proto.Unmarshal(unzipped(t, r), &m); err != nil || r.URL.Path != "/v1/logs" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("OTLP request to %s: %v", r.URL.Path, err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, rl := range m.ResourceLogs {
			for _, sl := range rl.ScopeLogs {
				for _, l := range sl.LogRecords {
					a := plainMap(l.Attributes)
					uid, _ := a["log.record.uid"].(string)
					o.logs[uid] = otlpLog{plainMap(rl.Resource.GetAttributes()), a, plain(l.Body), l.TimeUnixNano, l.SeverityText}
				}
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(o.Close)
	return o
}

// has reports whether a record is there.
func (o *otlpReceiver) has(uid string) bool { _, ok := o.log(uid); return ok }

func (o *otlpReceiver) log(uid string) (otlpLog, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, ok := o.logs[uid]
	return l, ok
}

func (o *otlpReceiver) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.logs)
}

func plainMap(list []*common.KeyValue) map[string]any {
	m := make(map[string]any, len(list))
	for _, kv := range list {
		m[kv.Key] = plain(kv.Value)
	}
	return m
}

func plain(v *common.AnyValue) any {
	switch x := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return x.StringValue
	case *common.AnyValue_IntValue:
		return x.IntValue
	case *common.AnyValue_KvlistValue:
		return plainMap(x.KvlistValue.GetValues())
	case nil:
		return nil
	default:
		return fmt.Sprint(x)
	}
}

// elasticReceiver is what Elasticsearch does with _bulk requests that create.
type elasticReceiver struct {
	*httptest.Server
	mu        sync.Mutex
	documents map[string]map[string]any // by _index and _id
}

func newElasticReceiver(t *testing.T, apiKey string) *elasticReceiver {
	e := &elasticReceiver{documents: map[string]map[string]any{}}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "ApiKey "+apiKey {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		var items []map[string]any
		in := bufio.NewScanner(bytes.NewReader(unzipped(t, r)))
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			var action struct {
				Create struct {
					Index string `json:"_index"`
					ID    string `json:"_id"`
				}
			}
			err := json.Unmarshal(in.Bytes(), &action)
			var document map[string]any
			if !in.Scan() || err != nil || json.Unmarshal(in.Bytes(), &document) != nil || document["@timestamp"] == nil {
				t.Errorf("_bulk: %v, %s", err, in.Bytes())
			}
			status, key := http.StatusCreated, action.Create.Index+"/"+action.Create.ID
			if _, ok := e.documents[key]; ok {
				status = http.StatusConflict
			}
			e.documents[key] = document
			items = append(items, map[string]any{"create": map[string]any{"status": status}})
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"errors": false, "items": items}) // a client that has gone asks again
	}))
	t.Cleanup(e.Close)
	return e
}

// all returns the documents.
func (e *elasticReceiver) all() []map[string]any {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []map[string]any
	for _, d := range e.documents {
		all = append(all, d)
	}
	return all
}

// unzipped reads the body of a request.
func unzipped(t *testing.T, r *http.Request) []byte {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Errorf("the body is not gzip: %v", err)
		return nil
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Errorf("body: %v", err)
	}
	return b
}
