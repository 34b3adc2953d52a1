package partner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/deliver"
	"reslog/resource"
)

// What is in a log besides the record.
func TestDatadogLog(t *testing.T) {
	p := newDatadogPlace(t)
	d := p.open(t, func(c *DatadogConfig) { c.Tags, c.Service = []string{"env:test", "team:x"}, "audit" })
	storage := item(1, fmt.Sprintf(storageLine, 1, 2, 3, 4))
	collisions := item(2, `{"ddtags":"mine","service":{"a":1},"h\u00f6he":1,"message":"own","timestamp":"2026-01-01T00:00:00Z","log.record.uid":"own"}`)
	words := item(3, "not \"JSON\"\n\xff")
	words.Record.Resource, words.Record.Category, words.Record.ID = resource.ID{}, "", ""
	old := item(4, `{"operationName":"x","properties":"{\"message\":\"said\"}"}`)
	old.Record.Time = noon.Add(-20 * time.Hour)
	metric := item(5, `{"metricName":"Transactions","total":5}`)
	metric.Record.Category = "AllMetrics"
	result := item(6, `{"operationName":"Put","resultType":"Failed","statusText":"no","resultDescription":"it is full"}`)
	p.backend.hostless = true
	deliverAll(t, d, []deliver.Item{storage, collisions, words, old, metric, result})
	logs := p.logs()

	got := logs[0]
	if got["correlationId"] != "170464ae-101e-004b-6365-90ca00000001" || got["properties"].(map[string]any)["serverLatencyMs"] != 8.0 {
		t.Errorf("the record is not whole: %v", got)
	}
	ours := func(l map[string]any) map[string]any {
		out := map[string]any{}
		for _, name := range []string{"ddsource", "ddtags", "hostname", "service", "message", "timestamp", "log.record.uid"} {
			if v, ok := l[name]; ok {
				out[name] = v
			}
		}
		return out
	}
	tags := "subscription_id:5a1b2c3d-0000-4000-8000-000000000001,resource_group:group_1,resource_type:microsoft.storage/storageaccounts/blobservices,category:"
	millis := float64(noon.UnixMilli())
	for i, want := range []map[string]any{
		{"ddsource": "azure.storage", "ddtags": tags + "storageread,env:test,team:x", "hostname": "devstoreaccount1", "service": "audit", "message": "GetBlob Success", "timestamp": millis, "log.record.uid": "id-1"},
		{"ddsource": "azure.storage", "ddtags": tags + "storageread,env:test,team:x", "hostname": "devstoreaccount1", "service": "audit", "message": "own", "timestamp": "2026-01-01T00:00:00Z", "log.record.uid": "id-2"},
		{"ddsource": "azure", "ddtags": "env:test,team:x", "service": "audit", "message": "not \"JSON\"\n\ufffd", "timestamp": millis, "log.record.uid": "0000000000000007-0000000000000002-00000000"},
		{"ddsource": "azure.storage", "ddtags": tags + "storageread,env:test,team:x", "hostname": "devstoreaccount1", "service": "audit", "message": "said", "log.record.uid": "id-4"},
		{"ddsource": "azure.storage", "ddtags": tags + "allmetrics,env:test,team:x", "hostname": "devstoreaccount1", "service": "audit", "message": "Transactions", "timestamp": millis, "log.record.uid": "id-5"},
		{"ddsource": "azure.storage", "ddtags": tags + "storageread,env:test,team:x", "hostname": "devstoreaccount1", "service": "audit", "message": "Put Failed it is full", "timestamp": millis, "log.record.uid": "id-6"},
	} {
		if diff := cmp.Diff(want, ours(logs[i])); diff != "" {
			t.Errorf("log %d (-want +got):\n%s", i, diff)
		}
	}
	for name, want := range map[string]any{"azure.ddtags": "mine", "azure.service": map[string]any{"a": 1.0}, "azure.log.record.uid": "own", "höhe": 1.0} {
		if diff := cmp.Diff(want, logs[1][name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A log that Datadog would cut off is rejected, unsent.
func TestDatadogTooLong(t *testing.T) {
	p := newDatadogPlace(t)
	d := p.open(t, nil)
	batch := items(3)
	batch[1].Record.Line = []byte(`{"big":"` + strings.Repeat("x", 1_000_000) + `"}`)
	dead := deliverLike(t, d, batch)
	if len(dead) != 1 || !strings.Contains(dead["id-1"], "cuts off") {
		t.Errorf("dead letters %v", dead)
	}
	if got := strings.Join(p.Held(t), " "); got != "id-0 id-2" {
		t.Errorf("held %s", got)
	}
	// Alone, too, there is nothing to send.
	if dead := deliverLike(t, d, batch[1:2]); len(dead) != 1 {
		t.Errorf("dead letters %v", dead)
	}
	if n, _, _ := p.count(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// No request has over 1000 logs or 5 MB, whatever is configured.
func TestDatadogLimits(t *testing.T) {
	p := newDatadogPlace(t)
	d := p.open(t, func(c *DatadogConfig) { c.Connection.MaxRecords, c.Connection.MaxBytes = 100_000, 1<<30 })
	deliverAll(t, d, items(2500))
	if got := sizesOf(p.server); got != "[1000 1000 500]" {
		t.Errorf("requests of %s", got)
	}
	var batch []deliver.Item
	for i := range 6 {
		batch = append(batch, item(3000+i, `{"big":"`+strings.Repeat("x", 900_000)+`"}`))
	}
	deliverAll(t, d, batch)
	if got := sizesOf(p.server); got != "[1000 1000 500 5 1]" {
		t.Errorf("requests of %s", got)
	}
}

func TestDatadogSource(t *testing.T) {
	for typ, want := range map[string]string{
		"Microsoft.Storage/storageAccounts/blobServices": "azure.storage", "Microsoft.SignalRService/SignalR": "azure.signalrservice",
		"Datadog.Observability/monitors": "datadog.observability", "": "azure",
	} {
		if got := source(typ); got != want {
			t.Errorf("%q is %q, want %q", typ, got, want)
		}
	}
}
