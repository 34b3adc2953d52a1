package archive

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"reslog/deliver"
	"reslog/record"
	"reslog/service/storage"
	blobservice "reslog/service/storage/blob"
	"reslog/service/storage/blobstore"
)

// benchLine is the Line of a 4 KiB Get Blob, about as the front end writes it.
const benchLine = `{"time":"2026-03-04T12:00:00.6047124Z","resourceId":"/SUBSCRIPTIONS/5CA1AB1E-0000-4000-8000-000000000000/RESOURCEGROUPS/GROUP/PROVIDERS/MICROSOFT.STORAGE/STORAGEACCOUNTS/DEVSTOREACCOUNT1/BLOBSERVICES/DEFAULT",` +
	`"category":"%s","operationName":"GetBlob","operationVersion":"2021-06-08","schemaVersion":"1.0","statusCode":200,"statusText":"Success","durationMs":9,` +
	`"callerIpAddress":"127.0.0.1:56029","correlationId":"170464ae-101e-004b-6365-90ca%08x","identity":{"type":"AccountKey"},"location":"local",` +
	`"properties":{"accountName":"devstoreaccount1","userAgentHeader":"azsdk-go-azblob/v1.8.3","serviceType":"blob","objectKey":"/devstoreaccount1/container/blob-%06d",` +
	`"serverLatencyMs":8,"requestHeaderSize":511,"responseHeaderSize":394,"responseBodySize":4096}}`

// BenchmarkDeliver is what a record costs from Deliver to a blob that is durable
// in our own blob service, in process, on disk: what counts is records/s. Batches
// are of that many records; a plan is synced for each.
func BenchmarkDeliver(b *testing.B) {
	for _, size := range []int{1000, 5500, 20000} {
		for _, categories := range []int{1, 3} {
			b.Run(fmt.Sprintf("batch=%d/categories=%d", size, categories), func(b *testing.B) { benchmarkDeliver(b, size, categories) })
		}
	}
}

func benchmarkDeliver(b *testing.B, size, categories int) {
	store, err := blobstore.Open(blobstore.Config{Dir: filepath.Join(b.TempDir(), "blob")})
	check(b, err)
	defer store.Close()
	front := storage.NewFront(storage.FrontConfig{
		Service:  blobservice.New(blobservice.Config{Store: store, Accounts: anyAccount{}, Emitter: record.Discard}),
		Accounts: anyAccount{},
	})
	client := serviceClient(b, "http://localhost/bench/", storage.InProcess(front))
	r, err := New(Config{Container: client.NewContainerClient, State: fileState{filepath.Join(b.TempDir(), "plan")}})
	check(b, err)
	batch := make([]deliver.Item, size)
	for i := range batch {
		c := record.Category(fmt.Sprintf("Storage%d", i%categories))
		batch[i].Record = testRecord(i, c, noon)
		batch[i].Record.Line = fmt.Appendf(nil, benchLine, c, i, i)
	}
	b.SetBytes(int64(len(batch[0].Record.Line)))
	b.ReportAllocs()
	before := cpuTime(b)
	b.ResetTimer()
	start := time.Now()
	for n := 0; n < b.N; {
		part := batch[:min(size, b.N-n)]
		for i := range part {
			part[i].Position = at(n + i)
		}
		deliverAll(b, r, part)
		n += len(part)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "records/s")
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/record")
}

// cpuTime is the processor time of the process so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
