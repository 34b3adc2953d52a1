package storagemetrics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"reslog/catalog"
	"reslog/metric"
	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/blobstore"
	"reslog/service/storage/queuestore"
	"reslog/service/storage/tablestore"
)

func TestRetention(t *testing.T) {
	w := newWorld(t)
	keep := func(m storage.Metrics, days int) storage.Metrics {
		m.Retention = storage.RetentionPolicy{Enabled: days > 0, Days: days}
		return m
	}
	w.metrics("acct", storage.Blob, keep(off, 2), keep(off, 1)) // also while they are off
	w.metrics("acct", storage.Queue, whole, whole)              // for ever
	put := func(table, partition string) {
		e := tablestore.Entity{Key: tablestore.Key{Partition: partition, Row: "user;All"}}
		if err := write(t.Context(), w.tables, "acct", table, w.clock.now(), []tablestore.Write{{Kind: tablestore.InsertOrReplace, Entity: e}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{"20250101T0000", "20260302T1100", "20260302T1200", "20260304T1200"} {
		put(hours, p)
		put("$MetricsHourPrimaryTransactionsQueue", p)
	}
	for _, p := range []string{"20260303T1159", "20260303T1200", "20260304T1200"} {
		put(minutes, p)
	}
	for _, p := range []string{"20260301T0000", "20260302T0000", "20260304T0000"} {
		put(capacityTable, p)
	}
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Exactly what was over at 12:00:30 two days, or one, before.
	w.wantKeys(hours, "20260302T1200 user;All", "20260304T1200 user;All")
	w.wantKeys(minutes, "20260303T1200 user;All", "20260304T1200 user;All")
	w.wantKeys(capacityTable, "20260302T0000 user;All", "20260304T0000 user;All")
	w.wantKeys("$MetricsHourPrimaryTransactionsQueue", "20250101T0000 user;All", "20260302T1100 user;All", "20260302T1200 user;All", "20260304T1200 user;All")

	w.tables.setFail(errors.New("the disk is broken"))
	if err := w.Sweep(t.Context()); err == nil || strings.Count(err.Error(), "the disk is broken") != 4 { // hours of tables keep 7 days
		t.Errorf("sweep returned %v", err)
	}
}

func TestCapacityTable(t *testing.T) {
	used := BlobUsage{User: BlobFigures{1000, 2, 3}, Analytics: BlobFigures{50, 1, 7}}
	asked := 0
	w := newWorld(t, func(c *Config) {
		c.Usages.Blob = func(_ context.Context, account string) (BlobUsage, error) {
			asked++
			if account == "broken" {
				return BlobUsage{}, errors.New("no idea")
			}
			return used, nil
		}
	})
	w.setAccounts(newAccount("acct"), newAccount("broken"), newAccount("silent"))
	w.metrics("silent", storage.Blob, off, apis)
	if err := w.Measure(t.Context()); err == nil || !strings.Contains(err.Error(), "no idea") {
		t.Errorf("measuring returned %v", err)
	}
	w.wantKeys(capacityTable, "20260304T0000 analytics", "20260304T0000 data")
	for row, want := range map[string]map[string]float64{
		"data":      {"Capacity": 1000, "ContainerCount": 2, "ObjectCount": 3},
		"analytics": {"Capacity": 50, "ContainerCount": 1, "ObjectCount": 7},
	} {
		if got := w.tables.row("acct", capacityTable, "20260304T0000", row); !maps.Equal(got, want) {
			t.Errorf("row %s is %v, want %v", row, got, want)
		}
	}
	if asked != 2 || len(w.tables.keys("silent", capacityTable)) != 0 {
		t.Errorf("asked %d times", asked)
	}
}

// The figures are those of a real store.
func TestBlobUsageOf(t *testing.T) {
	store, err := blobstore.Open(blobstore.Config{Dir: t.TempDir(), MinFree: -1, CollectEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	ctx := t.Context()
	put := func(container, name string, size int) {
		t.Helper()
		content, err := store.Stage(ctx, bytes.NewReader(make([]byte, size)))
		if err != nil {
			t.Fatal(err)
		}
		err = store.Update(ctx, blobstore.Ref{Account: "acct", Container: container, Name: name}, func(x *blobstore.Txn) error {
			return x.Create(&blobstore.Blob{Type: blobstore.BlockBlob}, content)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"$logs", "one", "two", "none"} {
		if _, err := store.CreateContainer(ctx, "acct", blobstore.Container{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	put("$logs", "blob/2026/03/04/1200/000000.log", 500)
	put("one", "a", 100)
	put("one", "b", 20)
	put("two", "a", 3)
	content, err := store.Stage(ctx, strings.NewReader("not committed"))
	if err != nil {
		t.Fatal(err)
	}
	err = store.Update(ctx, blobstore.Ref{Account: "acct", Container: "two", Name: "uncommitted"}, func(x *blobstore.Txn) error {
		return x.StageBlock("AAAA", content)
	})
	if err != nil {
		t.Fatal(err)
	}
	usage := BlobUsageOf(store)
	got, err := usage(ctx, "acct")
	if err != nil {
		t.Fatal(err)
	}
	if got.Analytics != (BlobFigures{500, 1, 1}) || got.User.Containers != 3 || got.User.Blobs != 4 || got.User.Bytes < 123 {
		t.Errorf("usage %+v", got)
	}
	if got, err := usage(ctx, "nobody"); err != nil || got != (BlobUsage{}) {
		t.Errorf("usage of nobody is %+v, %v", got, err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := usage(ended, "acct"); !errors.Is(err, context.Canceled) {
		t.Errorf("usage with a context that is done: %v", err)
	}
}

func TestCapacityMetrics(t *testing.T) {
	s := new(sink)
	var r *metric.Recorder
	asked := 0
	w := newWorld(t, func(c *Config) {
		r = metric.New(metric.Config{Emitter: s, Now: c.Now})
		c.Recorder = r
		c.Usages = Usages{
			Blob: func(context.Context, string) (BlobUsage, error) {
				asked++
				return BlobUsage{BlobFigures{1000, 2, 3}, BlobFigures{50, 1, 7}}, nil
			},
			Queue: func(context.Context, string) (queuestore.Usage, error) {
				return queuestore.Usage{Queues: 4, Messages: 5, Bytes: 600}, nil
			},
			Table: func(context.Context, string) (tablestore.Usage, error) {
				return tablestore.Usage{Tables: 7, Entities: 8, Bytes: 90}, nil
			},
		}
	})
	w.flush()
	w.clock.set("13:00:05")
	r.Flush(t.Context())
	got := map[string]float64{}
	for _, rec := range s.take() {
		var l struct {
			Average                     float64
			Count                       int
			MetricName, TimeGrain, Time string
		}
		if err := json.Unmarshal(rec.Line, &l); err != nil {
			t.Fatal(err)
		}
		if l.Count != 1 || l.TimeGrain != "PT1H" || l.Time != "2026-03-04T12:00:00.0000000Z" || rec.Category != "Capacity" {
			t.Errorf("record of category %s: %s", rec.Category, rec.Line)
		}
		got[strings.TrimPrefix(rec.Resource.String(), newAccount("acct").ID.String())+" "+l.MetricName] = l.Average
	}
	want := map[string]float64{
		" UsedCapacity":                      1740,
		"/blobServices/default BlobCapacity": 1050, "/blobServices/default BlobCount": 10, "/blobServices/default ContainerCount": 3,
		"/queueServices/default QueueCapacity": 600, "/queueServices/default QueueCount": 4, "/queueServices/default QueueMessageCount": 5,
		"/tableServices/default TableCapacity": 90, "/tableServices/default TableCount": 7, "/tableServices/default TableEntityCount": 8,
	}
	if !maps.Equal(got, want) {
		t.Errorf("metrics %v, want %v", got, want)
	}
	if asked != 1 {
		t.Errorf("the blobs were counted %d times", asked)
	}
}

// The categories are those that settings can ask for.
func TestCategoriesAreInTheCatalogue(t *testing.T) {
	a := newAccount("acct")
	ids := []resource.ID{a.ID}
	for _, k := range kinds {
		ids = append(ids, a.ServiceID(k))
	}
	for _, id := range ids {
		typ, ok := catalog.Find(id.Type())
		if !ok {
			t.Errorf("no type %s", id.Type())
			continue
		}
		for _, c := range []record.Category{categoryTransaction, categoryCapacity} {
			if !slices.Contains(typ.Expand(string(catalog.AllMetrics)), c) {
				t.Errorf("%s has no category %s", id.Type(), c)
			}
		}
	}
}
