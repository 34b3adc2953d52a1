package partner

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"reslog/deliver"
	"reslog/deliver/delivertest"
)

// otlpBackend is an OTLP receiver.
type otlpBackend struct {
	json bool
	held []string // log.record.uid
}

func (b *otlpBackend) take(t *testing.T, r *http.Request, body []byte) (any, int) {
	if r.URL.Path != "/v1/logs" {
		t.Errorf("path %s", r.URL.Path)
	}
	var m collector.ExportLogsServiceRequest
	var err error
	switch ct := r.Header.Get("Content-Type"); {
	case !b.json && ct == "application/x-protobuf":
		err = proto.Unmarshal(body, &m)
	case b.json && ct == "application/json":
		err = protojson.Unmarshal(body, &m)
	default:
		t.Errorf("content type %s", ct)
	}
	if err != nil {
		t.Errorf("body: %v", err)
	}
	var ids []string
	if err := eachLog(&m, func(_ *logs.ResourceLogs, l *logs.LogRecord) {
		uid, _ := attributes(l.Attributes)["log.record.uid"].(string)
		ids = append(ids, uid)
	}); err != nil {
		t.Errorf("request: %v", err)
	}
	return ids, len(ids)
}

func (b *otlpBackend) store(batch any, _ bool) reply {
	b.held = append(b.held, batch.([]string)...)
	out := reply{status: http.StatusOK, header: map[string]string{"Content-Type": "application/x-protobuf"}}
	if b.json {
		out.header, out.body = map[string]string{"Content-Type": "application/json"}, `{"partialSuccess":{}}`
	}
	return out
}

// eachLog calls fn for each log of a request, and says what is not as OTLP and the
// semantic conventions want it.
func eachLog(m *collector.ExportLogsServiceRequest, fn func(*logs.ResourceLogs, *logs.LogRecord)) error {
	if len(m.ProtoReflect().GetUnknown()) > 0 {
		return fmt.Errorf("unknown fields in the request")
	}
	for _, rl := range m.ResourceLogs {
		if err := checkAttributes(rl.Resource.GetAttributes()); err != nil {
			return fmt.Errorf("resource: %w", err)
		}
		if got := attributes(rl.Resource.GetAttributes())["cloud.provider"]; got != "azure" {
			return fmt.Errorf("cloud.provider is %v", got)
		}
		for _, sl := range rl.ScopeLogs {
			if sl.Scope.GetName() != "reslog" {
				return fmt.Errorf("scope %v", sl.Scope)
			}
			for _, l := range sl.LogRecords {
				if len(l.ProtoReflect().GetUnknown()) > 0 {
					return fmt.Errorf("unknown fields in a log")
				}
				if err := checkAttributes(l.Attributes); err != nil {
					return fmt.Errorf("log: %w", err)
				}
				fn(rl, l)
			}
		}
	}
	return nil
}

// checkAttributes checks that keys are there and unique, on every level.
func checkAttributes(list []*common.KeyValue) error {
	seen := make(map[string]bool, len(list))
	for _, kv := range list {
		if kv.Key == "" {
			return fmt.Errorf("an attribute without a key")
		}
		if seen[kv.Key] {
			return fmt.Errorf("attribute %q is there twice", kv.Key)
		}
		seen[kv.Key] = true
		if err := checkNested(kv.Value, 1); err != nil {
			return fmt.Errorf("%s: %w", kv.Key, err)
		}
	}
	return nil
}

func checkNested(v *common.AnyValue, depth int) error {
	if depth > 2*maxNesting {
		return fmt.Errorf("nested %d deep", depth)
	}
	for _, e := range v.GetArrayValue().GetValues() {
		if err := checkNested(e, depth+1); err != nil {
			return err
		}
	}
	seen := make(map[string]bool)
	for _, kv := range v.GetKvlistValue().GetValues() {
		if seen[kv.Key] {
			return fmt.Errorf("key %q is there twice", kv.Key)
		}
		seen[kv.Key] = true
		if err := checkNested(kv.Value, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// attributes returns attributes in a form to compare.
func attributes(list []*common.KeyValue) map[string]any {
	out := make(map[string]any, len(list))
	for _, kv := range list {
		out[kv.Key] = plain(kv.Value)
	}
	return out
}

func plain(v *common.AnyValue) any {
	switch x := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return x.StringValue
	case *common.AnyValue_BoolValue:
		return x.BoolValue
	case *common.AnyValue_IntValue:
		return x.IntValue
	case *common.AnyValue_DoubleValue:
		return x.DoubleValue
	case *common.AnyValue_ArrayValue:
		out := make([]any, 0, len(x.ArrayValue.GetValues()))
		for _, e := range x.ArrayValue.GetValues() {
			out = append(out, plain(e))
		}
		return out
	case *common.AnyValue_KvlistValue:
		return attributes(x.KvlistValue.GetValues())
	}
	return nil
}

// otlpPlace is an OTLP receiver as the contract of destinations sees it.
type otlpPlace struct {
	*server
	backend *otlpBackend
}

func newOTLPPlace(t *testing.T, json bool) *otlpPlace {
	b := &otlpBackend{json: json}
	return &otlpPlace{server: newServer(t, b), backend: b}
}

func (p *otlpPlace) Open(t *testing.T) deliver.Destination { return p.open(t, nil) }

func (p *otlpPlace) open(t *testing.T, change func(*OTLPConfig)) deliver.Destination {
	t.Helper()
	cfg := OTLPConfig{Connection: p.connection(), JSON: p.backend.json}
	if change != nil {
		change(&cfg)
	}
	d, err := NewOTLP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(t.Context()) })
	return d
}

func (p *otlpPlace) Held(*testing.T) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.backend.held)
}

func TestOTLPContract(t *testing.T) {
	for _, encoding := range []string{"protobuf", "json"} {
		t.Run(encoding, func(t *testing.T) {
			delivertest.Run(t, delivertest.Harness{
				New:         func(t *testing.T) delivertest.Place { return newOTLPPlace(t, encoding == "json") },
				AtLeastOnce: true,
				Sparse:      encoding == "json",
			})
		})
	}
}

func TestOTLPEndpointOfTheLogsItself(t *testing.T) {
	p := newOTLPPlace(t, false)
	d := p.open(t, func(c *OTLPConfig) { c.Connection.Endpoint += "/v1/logs/" })
	deliverAll(t, d, items(3))
	if got := strings.Join(p.Held(t), " "); got != "id-0 id-1 id-2" {
		t.Errorf("held: %s", got)
	}
}
