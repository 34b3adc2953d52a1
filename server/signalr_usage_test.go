package server

import (
	"strings"
	"testing"

	"reslog/bus"
	"reslog/resource"
	"reslog/service/signalr"
)

// The messages of the day are there when the bus is opened again, of each service apart.
func TestSignalRUsage(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	id := func(name string) resource.ID {
		return resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.SignalRService/SignalR/" + name)
	}
	one, two := id("one"), id(strings.Repeat("two-", 15)+"2")
	open := func() (*bus.Bus, signalRUsage) {
		b, err := bus.Open(ctx, bus.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		u, err := (&Node{bus: b}).openSignalRUsage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return b, u
	}
	is := func(u signalRUsage, id resource.ID, want signalr.Day) {
		t.Helper()
		if got, err := u.Load(ctx, id); err != nil || got != want {
			t.Errorf("of %s: %+v, %v; want %+v", id.Name(), got, err, want)
		}
	}
	b, u := open()
	is(u, one, signalr.Day{})
	for of, d := range map[*resource.ID]signalr.Day{&one: {Number: 20_000, Messages: 7}, &two: {Number: 20_001, Messages: 1 << 40}} {
		if err := u.Save(ctx, *of, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b, u = open()
	defer b.Close()
	is(u, one, signalr.Day{Number: 20_000, Messages: 7})
	is(u, two, signalr.Day{Number: 20_001, Messages: 1 << 40})
	if err := u.Forget(ctx, one); err != nil {
		t.Fatal(err)
	}
	is(u, one, signalr.Day{})
}
