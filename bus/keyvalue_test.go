package bus_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"reslog/bus"
)

func TestKeyValue(t *testing.T) {
	dir := t.TempDir()
	b := open(t, bus.Config{Dir: dir})
	kv, err := b.KeyValue(t.Context(), "things")
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"plain", "with space", "/a/b.c*>", "ümlaut=", "line\nbreak", strings.Repeat("k", 1024)}
	for i, k := range keys {
		if err := kv.Put(t.Context(), k, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := kv.Put(t.Context(), "plain", []byte("again")); err != nil {
		t.Fatal(err)
	}
	if err := kv.Delete(t.Context(), "with space"); err != nil {
		t.Fatal(err)
	}
	if err := kv.Delete(t.Context(), "never there"); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	b = open(t, bus.Config{Dir: dir})
	if kv, err = b.KeyValue(t.Context(), "things"); err != nil {
		t.Fatal(err)
	}
	values, err := kv.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(values) != len(keys)-1 || string(values["plain"]) != "again" || string(values["line\nbreak"]) != "4" {
		t.Errorf("listed %q", values)
	}
	names, err := kv.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	if listed := slices.Sorted(maps.Keys(values)); !slices.Equal(names, listed) {
		t.Errorf("keys %q, listed %q", names, listed)
	}
	if v, err := kv.Get(t.Context(), "/a/b.c*>"); err != nil || string(v) != "2" {
		t.Errorf("got %q, %v", v, err)
	}
	for _, k := range []string{"with space", "never there"} {
		if _, err := kv.Get(t.Context(), k); !errors.Is(err, bus.ErrNotFound) {
			t.Errorf("get %q: %v", k, err)
		}
	}
	for _, k := range []string{"", strings.Repeat("k", 1025)} {
		if err := kv.Put(t.Context(), k, nil); err == nil {
			t.Errorf("a key of %d bytes was taken", len(k))
		}
	}
}

func TestKeyValueWatch(t *testing.T) {
	b := open(t, bus.Config{})
	kv, err := b.KeyValue(t.Context(), "things")
	if err != nil {
		t.Fatal(err)
	}
	if err := kv.Put(t.Context(), "a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan string, 10)
	done := make(chan error, 1)
	go func() {
		done <- kv.Watch(ctx, func(key string, value []byte, deleted bool) {
			seen <- fmt.Sprintf("%s=%s %t", key, value, deleted)
		})
	}()
	want := func(s string) {
		t.Helper()
		if got := <-seen; got != s {
			t.Errorf("saw %q, want %q", got, s)
		}
	}
	want("a=1 false")
	if err := kv.Put(t.Context(), "b c", []byte("2")); err != nil {
		t.Fatal(err)
	}
	want("b c=2 false")
	if err := kv.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	want("a= true")
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("watch ended with %v", err)
	}
}

func TestBoundedKeyValueSaysWhenItIsFull(t *testing.T) {
	b := open(t, bus.Config{})
	kv, err := b.BoundedKeyValue(t.Context(), "small", 4096)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err = kv.Put(t.Context(), fmt.Sprint(i), make([]byte, 512)); err != nil {
			break
		}
	}
	if !errors.Is(err, bus.ErrBucketFull) {
		t.Errorf("put into a full bucket: %v", err)
	}
}
