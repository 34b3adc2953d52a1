package partner

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
	"reslog/resource"
)

// storageLine is a record of a 4 KiB Get Blob with all that the blob service
// writes: 1,100 bytes, more than most.
const storageLine = `{"time":"2026-03-04T12:00:00.6047124Z","resourceId":"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/reslog/providers/Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default",` +
	`"category":"StorageRead","operationName":"GetBlob","operationVersion":"2021-06-08","schemaVersion":"1.0","statusCode":200,"statusText":"Success","durationMs":9,` +
	`"callerIpAddress":"127.0.0.1:56029","correlationId":"170464ae-101e-004b-6365-90ca%08x",` +
	`"identity":{"type":"AccountKey","tokenHash":"key1(0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF)"},"location":"local",` +
	`"properties":{"accountName":"devstoreaccount1","userAgentHeader":"azsdk-go-azblob/v1.8.3 (go1.26; linux)","clientRequestId":"9a1d7d3c-61b4-4a8e-8a3c-%012x","etag":"\"0x8DA5A9118CDE874\"","serviceType":"blob",` +
	`"objectKey":"/devstoreaccount1/container/blob-%06d","lastModifiedTime":"2026/03/04 11:07:25.0000000",` +
	`"metricResponseType":"Success","serverLatencyMs":8,"requestHeaderSize":511,"responseHeaderSize":394,"responseBodySize":4096},` +
	`"uri":"http://127.0.0.1:10000/devstoreaccount1/container/blob-%06d","protocol":"HTTP","resourceType":"Microsoft.Storage/storageAccounts/blobServices"}`

// shortLine is a record of 700 bytes: no client request id, no conditions.
const shortLine = `{"time":"2026-03-04T12:00:00.6047124Z","resourceId":"/subscriptions/0/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default",` +
	`"category":"StorageRead","operationName":"GetBlob","operationVersion":"2021-06-08","schemaVersion":"1.0","statusCode":200,"statusText":"Success","durationMs":9,` +
	`"callerIpAddress":"127.0.0.1:56029","correlationId":"170464ae-101e-004b-6365-90ca%08x",` +
	`"identity":{"type":"Anonymous"},"location":"local",` +
	`"properties":{"accountName":"devstoreaccount1","serviceType":"blob","objectKey":"/devstoreaccount1/container/%x-%06d","serverLatencyMs":8,"responseBodySize":4096},` +
	`"uri":"http://127.0.0.1:10000/devstoreaccount1/container/%06d","protocol":"HTTP"}`

func benchItems(line string, n int) []deliver.Item {
	id := resource.MustParse("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/reslog/providers/Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default")
	now := time.Now()
	items := make([]deliver.Item, n)
	for i := range items {
		items[i] = deliver.Item{
			Position: bus.Position{Epoch: 7, Seq: uint64(i/64 + 1), Index: uint32(i % 64)},
			Record: record.Record{
				Resource: id, Category: "StorageRead", Time: now, Ended: now, ID: fmt.Sprintf("170464ae-101e-004b-6365-90ca%08x", i),
				Line: fmt.Appendf(nil, line, i, i*7919, i%10000, i%10000),
			},
		}
	}
	return items
}

// accepting answers every request as the partner does, from memory: what is
// measured is this side.
type accepting func(r *http.Request) (status int, body string)

func (f accepting) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	status, body := f(r)
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(strings.NewReader(body)),
	}, nil
}

// BenchmarkDeliver is what a record costs from the batch to the request. On a
// machine that has other things to do, cpu-ns/record is the figure that counts.
func BenchmarkDeliver(b *testing.B) {
	const batch = 1000
	always := func(status int, body string) *http.Client {
		return &http.Client{Transport: accepting(func(*http.Request) (int, string) { return status, body })}
	}
	items := `{"errors":false,"items":[` + strings.Repeat(`{"create":{"status":201}},`, batch-1) + `{"create":{"status":201}}]}`
	for _, size := range []struct{ name, line string }{{"700B", shortLine}, {"1100B", storageLine}} {
		for _, c := range []struct {
			name string
			make func(noGzip bool) (deliver.Destination, error)
		}{
			{"otlp", func(noGzip bool) (deliver.Destination, error) {
				return NewOTLP(OTLPConfig{Connection: Connection{Endpoint: "http://receiver", NoGzip: noGzip, Client: always(200, `{}`)}})
			}},
			{"datadog", func(noGzip bool) (deliver.Destination, error) {
				return NewDatadog(DatadogConfig{APIKey: "key", Connection: Connection{Endpoint: "http://intake", NoGzip: noGzip, Client: always(202, `{}`)}})
			}},
			{"elastic", func(noGzip bool) (deliver.Destination, error) {
				return NewElastic(ElasticConfig{Connection: Connection{Endpoint: "http://elastic", NoGzip: noGzip, Client: always(200, items)}})
			}},
		} {
			for _, noGzip := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%s/gzip=%v", size.name, c.name, !noGzip), func(b *testing.B) {
					d, err := c.make(noGzip)
					if err != nil {
						b.Fatal(err)
					}
					batch := benchItems(size.line, batch)
					bytes := 0
					for i := range batch {
						bytes += len(batch[i].Record.Line)
					}
					b.SetBytes(int64(bytes))
					b.ReportAllocs()
					before := cpuTime(b)
					b.ResetTimer()
					for b.Loop() {
						if _, err := d.Deliver(b.Context(), batch); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.N*len(batch))/b.Elapsed().Seconds(), "records/s")
					b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N*len(batch)), "cpu-ns/record")
				})
			}
		}
	}
}

// cpuTime is the processor time of the process so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
