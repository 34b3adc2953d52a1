package classic

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/bus"
	"reslog/deliver"
	"reslog/diagnostic"
	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/storagelog"
)

// nowhere is an account that takes everything and keeps nothing.
type nowhere struct{}

func (nowhere) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	res := &http.Response{
		StatusCode: http.StatusCreated, Status: "201 Created", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: r,
	}
	if r.Method == http.MethodGet {
		res.StatusCode, res.Status = http.StatusOK, "200 OK"
		res.Header.Set("Content-Type", "application/xml")
		res.Body = io.NopCloser(strings.NewReader(`<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>`))
	}
	return res, nil
}

// benchLine is the Line of a 4 KiB Get Blob, as the front end writes it.
const benchLine = `{"time":"2026-03-04T12:00:00.6047124Z","resourceId":"/subscriptions/0/resourceGroups/reslog/providers/Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default",` +
	`"category":"StorageRead","operationName":"GetBlob","operationVersion":"2021-06-08","schemaVersion":"1.0","statusCode":200,"statusText":"Success","durationMs":9,` +
	`"callerIpAddress":"127.0.0.1:56029","correlationId":"170464ae-101e-004b-6365-90ca%08x",` +
	`"identity":{"type":"AccountKey","tokenHash":"key1(0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF)"},"location":"local",` +
	`"properties":{"accountName":"devstoreaccount1","userAgentHeader":"azsdk-go-azblob/v1.8.3 (go1.26; linux)","clientRequestId":"9a1d7d3c-61b4-4a8e-8a3c-%012x","etag":"\"0x8DA5A9118CDE874\"","serviceType":"blob",` +
	`"objectKey":"/devstoreaccount1/container/blob-%06d","lastModifiedTime":"2026/03/04 11:07:25.0000000",` +
	`"metricResponseType":"Success","serverLatencyMs":8,"requestHeaderSize":511,"responseHeaderSize":394,"responseBodySize":4096},` +
	`"uri":"http://127.0.0.1:10000/devstoreaccount1/container/blob-%06d","protocol":"HTTP","resourceType":"Microsoft.Storage/storageAccounts/blobServices"}`

func benchRecord(id resource.ID, n int) record.Record {
	now := time.Now()
	return record.Record{
		Resource: id, Category: "StorageRead", Time: now, Ended: now.Add(9 * time.Millisecond),
		ID:   fmt.Sprintf("170464ae-101e-004b-6365-90ca%08x", n),
		Line: fmt.Appendf(nil, benchLine, n, n*7919, n%10000, n%10000),
	}
}

// BenchmarkPipeline is what a record costs from Emit to its log, all parts
// together, without the account: at full speed, and at the rate of a busy node,
// where batches are smaller and everybody wakes up more often. The figure that
// counts is cpu-ns/record.
func BenchmarkPipeline(b *testing.B) {
	for _, rate := range []int{0, 20000} {
		name := "full"
		if rate > 0 {
			name = fmt.Sprintf("rate=%d", rate)
		}
		b.Run(name, func(b *testing.B) { benchmarkPipeline(b, rate) })
	}
}

func benchmarkPipeline(b *testing.B, rate int) {
	ctx := context.Background()
	records, err := bus.Open(ctx, bus.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer records.Close()
	kv, err := records.KeyValue(ctx, "settings")
	if err != nil {
		b.Fatal(err)
	}
	settings, err := diagnostic.OpenStore(ctx, kv)
	if err != nil {
		b.Fatal(err)
	}
	account := resource.MustParse("/subscriptions/0/resourceGroups/reslog/providers/Microsoft.Storage/storageAccounts/devstoreaccount1")
	id := account.Child("blobServices", "default")
	client, err := container.NewClientWithNoCredential("http://account/devstoreaccount1/$logs", &container.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: nowhere{}},
	})
	if err != nil {
		b.Fatal(err)
	}
	var log *Log
	router := deliver.NewRouter(deliver.RouterConfig{
		Bus: records, Settings: settings,
		Kinds: map[diagnostic.DestinationKind]deliver.Kind{
			diagnostic.Classic: {Open: func(context.Context, deliver.Opening) (deliver.Destination, error) {
				log, err = New(Config{Service: storagelog.Blob, Container: client, Append: storage.AppendEntries})
				return log, err
			}},
		},
	})
	run, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = router.Run(run)
	}()
	defer func() { stop(); <-done }()
	if err := settings.Put(ctx, diagnostic.Setting{
		Name: diagnostic.ClassicName, Resource: id,
		Logs:         []diagnostic.Log{{Category: "StorageRead", Enabled: true}},
		Destinations: []diagnostic.Destination{{Kind: diagnostic.Classic, Target: account}},
	}); err != nil {
		b.Fatal(err)
	}
	pool := make([]record.Record, 4096)
	for i := range pool {
		pool[i] = benchRecord(id, i)
	}
	emitter := records.Emitter()
	taken := func() uint64 {
		if e := router.Ledger(); len(e) == 1 {
			return e[0].Accepted
		}
		return 0
	}
	b.ReportAllocs()
	before := cpuTime(b)
	b.ResetTimer()
	start := time.Now()
	for n := 0; n < b.N; {
		due := min(b.N, n+64) // without a rate: what the pipeline has room for
		if rate > 0 {
			time.Sleep(2 * time.Millisecond)
			due = min(b.N, int(time.Since(start).Seconds()*float64(rate)))
		} else if n&8191 == 0 {
			for uint64(n) > taken()+32768 {
				time.Sleep(time.Millisecond)
			}
		}
		for ; n < due; n++ {
			if err := emitter.Emit(ctx, pool[n%len(pool)]); err != nil {
				b.Fatal(err)
			}
		}
	}
	for taken() < uint64(b.N) {
		time.Sleep(time.Millisecond)
	}
	b.StopTimer()
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/record")
}

// cpuTime is the processor time of the process so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
