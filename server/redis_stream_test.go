package server

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"reslog/bus"
	"reslog/record"
	"reslog/resource"
)

// What Since tells is what is on disk behind a mark: of the database and of no other
// resource or category, after a restart too.
func TestRedisStream(t *testing.T) {
	dir := t.TempDir()
	open := func() (*bus.Bus, redisStream) {
		b, err := bus.Open(t.Context(), bus.Config{Dir: dir, TrimInterval: 5 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		s, err := openRedisStream(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		return b, s
	}
	database := resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Cache/redisEnterprise/redis/databases/default")
	other := resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Cache/redisEnterprise/other/databases/default")
	b, s := open()
	emit := func(id resource.ID, c record.Category, name string) {
		t.Helper()
		err := b.Emitter().Emit(t.Context(), record.Record{Resource: id, Category: c, ID: name, Time: time.Now(), Ended: time.Now(), Line: []byte(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
	}
	since := func(mark []byte, want ...string) {
		t.Helper()
		var got []string
		if err := s.Since(t.Context(), mark, database, func(id string) { got = append(got, id) }); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("since a mark of %d bytes are %v, want %v", len(mark), got, want)
		}
	}
	sync := func() []byte {
		t.Helper()
		mark, err := s.Sync(t.Context())
		if err != nil || len(mark) == 0 || len(mark) > 256 {
			t.Fatalf("sync: %d bytes, %v", len(mark), err)
		}
		return mark
	}
	since(nil)
	empty := sync()
	since(empty)
	var all []string
	for i := range 50 {
		name := fmt.Sprint("early-", i)
		all = append(all, name)
		emit(database, connectionEvents, name)
		emit(other, connectionEvents, "other")
		emit(database, "AllMetrics", "metric")
	}
	middle := sync()
	emit(database, connectionEvents, "late")
	sync()
	upper := resource.MustParse(database.Upper())
	emit(upper, connectionEvents, "last")
	sync()
	if err := s.Passed(t.Context(), empty); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		time.Sleep(100 * time.Millisecond) // time enough to remove what nobody needs
		since(nil, append(all, "late", "last")...)
		since(empty, append(all, "late", "last")...)
		since([]byte("of another form"), append(all, "late", "last")...)
		since(middle, "late", "last")
		since(sync())
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		b, s = open()
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}
