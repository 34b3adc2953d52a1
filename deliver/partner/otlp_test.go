package partner

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
)

// convert encodes one record and decodes it with OTLP's own code.
func convert(t *testing.T, it deliver.Item) (resource map[string]any, l *logs.LogRecord) {
	t.Helper()
	var q request
	q.begin()
	q.add(&it)
	var m collector.ExportLogsServiceRequest
	if err := proto.Unmarshal(q.encode(), &m); err != nil {
		t.Fatalf("decode: %v", err)
	}
	n := 0
	if err := eachLog(&m, func(rl *logs.ResourceLogs, r *logs.LogRecord) {
		resource, l = attributes(rl.Resource.Attributes), r
		n++
	}); err != nil {
		t.Fatal(err)
	}
	if n != 1 {
		t.Fatalf("%d logs", n)
	}
	return resource, l
}

// The record of a Get Blob as the blob service writes it.
func TestOTLPStorageRecord(t *testing.T) {
	it := item(0, fmt.Sprintf(storageLine, 1, 2, 3, 4))
	it.Record.Resource = benchItems(storageLine, 1)[0].Record.Resource
	resource, l := convert(t, it)
	if d := cmp.Diff(map[string]any{
		"cloud.provider": "azure", "cloudevents.event_source": "azure.resource.log",
		"cloud.resource_id": it.Record.Resource.String(), "cloud.account.id": "00000000-0000-0000-0000-000000000000",
		"cloud.region": "local",
	}, resource); d != "" {
		t.Errorf("resource (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]any{
		"log.record.uid": "id-0", "azure.category": "StorageRead",
		"azure.operation.name": "GetBlob", "azure.operation.version": "2021-06-08", "azure.operation.duration": int64(9),
		"azure.correlation_id": "170464ae-101e-004b-6365-90ca00000001", "azure.schemaVersion": "1.0",
		"azure.identity":            map[string]any{"type": "AccountKey", "tokenHash": "key1(" + strings.Repeat("0123456789ABCDEF", 4) + ")"},
		"azure.resourceType":        "Microsoft.Storage/storageAccounts/blobServices",
		"http.response.status_code": int64(200), "http.response.status_text": "Success",
		"network.peer.address": "127.0.0.1", "network.peer.port": int64(56029), "network.protocol.name": "http",
		"url.full":    "http://127.0.0.1:10000/devstoreaccount1/container/blob-000004",
		"accountName": "devstoreaccount1", "userAgentHeader": "azsdk-go-azblob/v1.8.3 (go1.26; linux)",
		"clientRequestId": "9a1d7d3c-61b4-4a8e-8a3c-000000000002", "etag": `"0x8DA5A9118CDE874"`, "serviceType": "blob",
		"objectKey": "/devstoreaccount1/container/blob-000003", "lastModifiedTime": "2026/03/04 11:07:25.0000000",
		"metricResponseType": "Success", "serverLatencyMs": int64(8), "requestHeaderSize": int64(511),
		"responseHeaderSize": int64(394), "responseBodySize": int64(4096),
	}, attributes(l.Attributes)); d != "" {
		t.Errorf("attributes (-want +got):\n%s", d)
	}
	if l.Body != nil || l.SeverityNumber != 0 {
		t.Errorf("body %v, severity %v", l.Body, l.SeverityNumber)
	}
	if got := time.Unix(0, int64(l.TimeUnixNano)).UTC(); !got.Equal(noon) {
		t.Errorf("time %s", got)
	}
	if got := time.Unix(0, int64(l.ObservedTimeUnixNano)).UTC(); !got.Equal(noon.Add(9 * time.Millisecond)) {
		t.Errorf("observed at %s", got)
	}
}

// A record of metrics goes the same way.
func TestOTLPMetricRecord(t *testing.T) {
	it := item(0, `{"count":4,"total":10,"minimum":1,"maximum":4,"average":2.5,"resourceId":"`+account.Upper()+
		`","time":"2026-03-04T12:01:00.0000000Z","metricName":"Transactions","timeGrain":"PT1M"}`)
	it.Record.Category = "AllMetrics"
	_, l := convert(t, it)
	if d := cmp.Diff(map[string]any{
		"log.record.uid": "id-0", "azure.category": "AllMetrics", "azure.count": int64(4), "azure.total": int64(10),
		"azure.minimum": int64(1), "azure.maximum": int64(4), "azure.average": 2.5, "azure.metricName": "Transactions",
		"azure.timeGrain": "PT1M",
	}, attributes(l.Attributes)); d != "" {
		t.Errorf("attributes (-want +got):\n%s", d)
	}
	if got := time.Unix(0, int64(l.TimeUnixNano)).UTC(); !got.Equal(time.Date(2026, 3, 4, 12, 1, 0, 0, time.UTC)) {
		t.Errorf("time %s", got)
	}
}

// What is in a line, and what becomes of it besides uid and category.
func TestOTLPMapping(t *testing.T) {
	deep := strings.Repeat(`{"k":`, 40) + `[1]` + strings.Repeat(`}`, 40)
	var nested any = deep[5*maxNesting : len(deep)-maxNesting]
	for range maxNesting {
		nested = map[string]any{"k": nested}
	}
	type all = map[string]any
	for name, c := range map[string]struct {
		line string
		want all
		body any
	}{
		"no JSON":              {line: "plain \xff text", want: all{}, body: "plain \ufffd text"},
		"an array":             {line: `[1]`, want: all{}, body: `[1]`},
		"nothing":              {line: ``, want: all{}, body: ``},
		"empty":                {line: `{}`, want: all{}},
		"results":              {line: `{"resultType":"Failed","resultSignature":403,"resultDescription":"no"}`, want: all{"azure.result.type": "Failed", "azure.result.signature": int64(403), "azure.result.description": "no"}},
		"empty members":        {line: `{"resultType":"","identity":null,"properties":{},"location":""}`, want: all{}},
		"a category":           {line: `{"category":"Other"}`, want: all{"azure.category": "Other"}},
		"no category":          {line: `{"category":5}`, want: all{"azure.field.category": int64(5)}},
		"a duration as text":   {line: `{"durationMs":"16"}`, want: all{"azure.operation.duration": int64(16)}},
		"no duration":          {line: `{"durationMs":"long"}`, want: all{"azure.operation.duration": "long"}},
		"a fraction":           {line: `{"durationMs":1.5}`, want: all{"azure.operation.duration": 1.5}},
		"an address":           {line: `{"callerIpAddress":"10.0.0.1"}`, want: all{"network.peer.address": "10.0.0.1"}},
		"IPv6 with port":       {line: `{"callerIpAddress":"[2001:db8::1]:443"}`, want: all{"network.peer.address": "2001:db8::1", "network.peer.port": int64(443)}},
		"a masked address":     {line: `{"callerIpAddress":"10.0.0.XXX:1"}`, want: all{"network.peer.address": "10.0.0.XXX:1"}},
		"an unknown status":    {line: `{"statusCode":"Unknown"}`, want: all{"azure.statusCode": "Unknown"}},
		"another resource":     {line: `{"resourceId":"/other"}`, want: all{"azure.resourceId": "/other"}},
		"the resource":         {line: `{"resourceId":"` + strings.ToUpper(account.String()) + `"}`, want: all{}},
		"no time":              {line: `{"time":"noon","timestamp":5}`, want: all{"azure.time": "noon", "azure.timestamp": int64(5)}},
		"two times":            {line: `{"timestamp":"2026-01-01T00:00:00Z","time":"2026-01-02T00:00:00Z"}`, want: all{"azure.timestamp": "2026-01-01T00:00:00Z"}},
		"a type":               {line: `{"type":"AppRequests"}`, want: all{"azure.type": "AppRequests"}},
		"names with dots":      {line: `{"operation.name":1,"properties.azure.x":2,"correlation_id":3,"":4,"properties":{"azure.x":5,"":6,"url.full":7,"a.b":8}}`, want: all{"azure.field.operation.name": int64(1), "azure.field.properties.azure.x": int64(2), "azure.field.correlation_id": int64(3), "azure.field.": int64(4), "azure.properties.azure.x": int64(5), "azure.properties.": int64(6), "azure.properties.url.full": int64(7), "a.b": int64(8)}},
		"a message":            {line: `{"properties":{"Message":"hello","a":true}}`, want: all{"a": true}, body: "hello"},
		"two messages":         {line: `{"properties":{"Message":"A","message":"b"}}`, want: all{"Message": "A"}, body: "b"},
		"a message of its own": {line: `{"properties":{"message":{"text":[1,"x",null]}}}`, want: all{}, body: all{"text": []any{int64(1), "x", nil}}},
		"names of the mapping": {line: `{"properties":{"correlationId":"c","duration":3}}`, want: all{"azure.correlation_id": "c", "azure.operation.duration": int64(3)}},
		"names taken":          {line: `{"correlationId":"top","durationMs":1,"properties":{"correlationId":"c","duration":3}}`, want: all{"azure.correlation_id": "top", "azure.operation.duration": int64(1), "correlationId": "c", "duration": int64(3)}},
		"properties as text":   {line: `{"properties":"{\"a\":\"\\u00e9\"}"}`, want: all{"a": "é"}},
		"properties, unparsed": {line: `{"properties":"{'a':1}"}`, want: all{"azure.properties": "{'a':1}"}},
		"properties, a list":   {line: `{"properties":[1,2]}`, want: all{"azure.properties": "[1,2]"}},
		"twice":                {line: `{"a":1,"b":2,"\u0061":3,"properties":{"x":1,"x":{"y":1,"y":2}}}`, want: all{"azure.b": int64(2), "azure.a": int64(3), "x": all{"y": int64(2)}}},
		"numbers":              {line: `{"properties":{"a":-1,"b":9223372036854775807,"c":9223372036854775808,"d":1e2,"e":1e999,"f":-0.5}}`, want: all{"a": int64(-1), "b": int64(math.MaxInt64), "c": float64(1 << 63), "d": 100.0, "e": "1e999", "f": -0.5}},
		"text":                 {line: `{"properties":{"a":"\u0000\ud83d\ude00\ud83d","b":"` + "\xff" + `"}}`, want: all{"a": "\x00😀\ufffd", "b": "\ufffd"}},
		"nesting":              {line: `{"properties":{"a":` + deep + `}}`, want: all{"a": nested}},
		"long text":            {line: `{"properties":{"a":"` + strings.Repeat("\\n", 20000) + `"}}`, want: all{"a": strings.Repeat("\n", 20000)}},
		"a protocol":           {line: `{"protocol":"HTTPS"}`, want: all{"network.protocol.name": "https"}},
		"two levels":           {line: `{"Level":"Error","level":"Warning"}`, want: all{"azure.Level": "Error"}},
		"no level":             {line: `{"level":{"a":1}}`, want: all{"azure.level": all{"a": int64(1)}}},
	} {
		_, l := convert(t, item(0, c.line))
		got := attributes(l.Attributes)
		c.want["log.record.uid"] = "id-0"
		if c.want["azure.category"] == nil {
			c.want["azure.category"] = "StorageRead"
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if d := cmp.Diff(c.body, plain(l.Body)); d != "" {
			t.Errorf("%s: body (-want +got):\n%s", name, d)
		}
	}
}

func TestOTLPSeverity(t *testing.T) {
	for level, want := range map[string]logs.SeverityNumber{
		`"Informational"`: 9, `"Information"`: 9, `"info"`: 9, `4`: 9, `"4"`: 9, `"Warning"`: 13, `3`: 13, `"Error"`: 17, `2`: 17,
		`"Critical"`: 21, `1`: 21, `"Verbose"`: 5, `5`: 5, `"Trace"`: 1, `"odd"`: 0, `0`: 0, `17`: 0,
	} {
		_, l := convert(t, item(0, `{"level":`+level+`}`))
		if l.SeverityNumber != want || l.SeverityText != strings.Trim(level, `"`) {
			t.Errorf("%s: severity %d, %q", level, l.SeverityNumber, l.SeverityText)
		}
	}
}

// Records lie by resource, region and tenant, in their order.
func TestOTLPGroups(t *testing.T) {
	var q request
	for range 2 { // memory is used again
		q.begin()
		want := map[string][]string{}
		for i := range 60 {
			it := item(i, fmt.Sprintf(`{"location":"l%d","tenantId":"t%d"}`, i%3, i%2))
			if i%5 == 0 {
				it.Record.Resource = account.Parent()
			}
			size := q.add(&it)
			if i%7 == 3 {
				q.undo()
				continue
			}
			if n := len(q.encode()); n > size {
				t.Fatalf("%d bytes, announced were %d", n, size)
			}
			key := fmt.Sprint(it.Record.Resource, " l", i%3, " t", i%2)
			want[key] = append(want[key], it.Record.ID)
		}
		var m collector.ExportLogsServiceRequest
		if err := proto.Unmarshal(q.encode(), &m); err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		if err := eachLog(&m, func(rl *logs.ResourceLogs, l *logs.LogRecord) {
			r := attributes(rl.Resource.Attributes)
			key := fmt.Sprint(r["cloud.resource_id"], " ", r["cloud.region"], " ", r["azure.tenant.id"])
			got[key] = append(got[key], attributes(l.Attributes)["log.record.uid"].(string))
		}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("groups (-want +got):\n%s", d)
		}
		if len(m.ResourceLogs) != len(want) {
			t.Errorf("%d groups, want %d", len(m.ResourceLogs), len(want))
		}
	}
}

// Both encodings say the same.
func TestOTLPJSON(t *testing.T) {
	p := otlp{cfg: OTLPConfig{JSON: true}}
	p.begin()
	it := item(0, fmt.Sprintf(storageLine, 1, 2, 3, 4))
	if _, err := p.add(&it); err != nil {
		t.Fatal(err)
	}
	body, err := p.encode()
	if err != nil {
		t.Fatal(err)
	}
	var fromJSON, fromProto collector.ExportLogsServiceRequest
	if err := protojson.Unmarshal(body, &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(p.request.encode(), &fromProto); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(&fromJSON, &fromProto) {
		t.Errorf("JSON %s\nprotobuf %v", body, &fromProto)
	}
	for _, want := range []string{`"timeUnixNano":`, `"intValue":`, `"kvlistValue":`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
}

func FuzzOTLPRecord(f *testing.F) {
	for _, s := range jsonSeeds {
		f.Add([]byte(s), "id", int64(0))
	}
	f.Add(fmt.Appendf(nil, storageLine, 1, 2, 3, 4), "id", int64(1<<60))
	f.Add([]byte(`{"properties":{"azure.x":1,"":2,"message":"m","Message":"M","duration":1},"level":4,"callerIpAddress":"[::1%eth0]:1"}`), "\xff", int64(-1))
	f.Fuzz(func(t *testing.T, line []byte, id string, sec int64) {
		it := deliver.Item{
			Position: bus.Position{Epoch: 1, Seq: 1},
			Record:   record.Record{Resource: account, Category: "\xffCategory", ID: id, Line: line, Time: time.Unix(sec, 0)},
		}
		_, l := convert(t, it)
		if got := attributes(l.Attributes)["log.record.uid"]; got == "" {
			t.Error("no uid")
		}
		if _, ok := parseObject(nil, line); !ok && plain(l.Body) != strings.ToValidUTF8(valid(string(line)), "") {
			t.Errorf("body %q of %q", plain(l.Body), line)
		}
	})
}
