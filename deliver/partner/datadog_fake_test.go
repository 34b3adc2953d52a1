package partner

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/deliver"
	"reslog/deliver/delivertest"
	"reslog/record"
)

// datadogBackend is Datadog's log intake.
type datadogBackend struct {
	held     []map[string]any
	hostless bool // there are records of no resource
}

func (b *datadogBackend) take(t *testing.T, r *http.Request, body []byte) (any, int) {
	if r.URL.Path != "/api/v2/logs" || r.URL.RawQuery != "" {
		t.Errorf("url %s", r.URL)
	}
	if got := r.Header.Get("DD-API-KEY"); got != "api-key-secret" {
		t.Errorf("DD-API-KEY is %q", got)
	}
	if ct := r.Header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("content type %s", ct)
	}
	if len(body) > 5_000_000 {
		t.Errorf("a body of %d bytes", len(body))
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		t.Errorf("body: %v", err)
	}
	if len(raw) == 0 || len(raw) > 1000 {
		t.Errorf("%d logs", len(raw))
	}
	logs := make([]map[string]any, len(raw))
	for i := range raw {
		if len(raw[i]) > 1_000_000 {
			t.Errorf("a log of %d bytes", len(raw[i]))
		}
		if err := json.Unmarshal(raw[i], &logs[i]); err != nil {
			t.Errorf("log: %v", err)
		}
		for _, name := range []string{"ddsource", "ddtags", "service", "hostname"} {
			if s, _ := logs[i][name].(string); s == "" && (name != "hostname" || !b.hostless) {
				t.Errorf("%s is %v", name, logs[i][name])
			}
		}
		if _, ok := logs[i]["message"]; !ok {
			t.Errorf("no message in %s", raw[i])
		}
	}
	return logs, len(logs)
}

func (b *datadogBackend) store(batch any, _ bool) reply {
	b.held = append(b.held, batch.([]map[string]any)...)
	return reply{status: http.StatusAccepted, header: map[string]string{"Content-Type": "application/json"}, body: "{}"}
}

// datadogPlace is the intake as the contract of destinations sees it.
type datadogPlace struct {
	*server
	backend *datadogBackend
}

func newDatadogPlace(t *testing.T) *datadogPlace {
	b := &datadogBackend{}
	return &datadogPlace{server: newServer(t, b), backend: b}
}

func (p *datadogPlace) Open(t *testing.T) deliver.Destination { return p.open(t, nil) }

func (p *datadogPlace) open(t *testing.T, change func(*DatadogConfig)) deliver.Destination {
	t.Helper()
	cfg := DatadogConfig{Connection: p.connection(), APIKey: "api-key-secret"}
	cfg.Connection.Now = func() time.Time { return noon.Add(time.Minute) }
	if change != nil {
		change(&cfg)
	}
	d, err := NewDatadog(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(t.Context()) })
	return d
}

func (p *datadogPlace) logs() []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.backend.held)
}

func (p *datadogPlace) Held(*testing.T) []string {
	var ids []string
	for _, l := range p.logs() {
		id, _ := l["log.record.uid"].(string)
		ids = append(ids, id)
	}
	return ids
}

func TestDatadogContract(t *testing.T) {
	var weird []record.Record
	for i, line := range []string{
		`{}`, ` { } `, `no JSON`, "", "\xff\x00",
		`{"big":"` + strings.Repeat("ab\\n", 220_000) + `"}`, // 1 MB is the most
		`{"text":"\u0000\u2028 \"; <&> ` + "\u2029\u00a0😀\xff" + `"}`,
		`{"deep":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`,
		`{"ddtags":"x","service":1,"hostname":null,"log.record.uid":"other","ddsource":{}}`,
	} {
		r := item(i, line).Record
		weird = append(weird, r)
	}
	delivertest.Run(t, delivertest.Harness{
		New:         func(t *testing.T) delivertest.Place { return newDatadogPlace(t) },
		Weird:       weird,
		AtLeastOnce: true,
	})
}
