package hub

import (
	"fmt"
	"runtime"
	"testing"

	"reslog/service/signalr/payload"
)

// mute is a Member that does nothing.
type mute struct{ id, user string }

func (m *mute) ID() string                                          { return m.id }
func (m *mute) User() string                                        { return m.user }
func (m *mute) Deliver(p *payload.Payload)                          { p.Frame(payload.JSON) }
func (m *mute) Close(string)                                        {}
func (m *mute) Invoke(_ string, _ *payload.Payload, _ func(Result)) {}

func full(n int) *Hubs {
	h := New(Config{})
	for i := range n {
		h.Join("chat", &mute{fmt.Sprint("connection ", i), fmt.Sprint("user ", i%1000)})
		h.changeGroup(h.room("chat"), &packet{kind: kindJoinGroup, id: fmt.Sprint("connection ", i), group: fmt.Sprint(i % 2)})
	}
	return h
}

func BenchmarkSend(b *testing.B) {
	h := full(5000)
	p := message("m")
	for name, to := range map[string]Target{
		"all 5000":        {},
		"group of 2500":   Group("1"),
		"two groups":      Group("0", "1"),
		"5000 but 10":     {ExceptUsers: []string{"user 7", "user 8"}},
		"one connection":  Connection("connection 77"),
		"a user's 5 of 1": User("user 5"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = h.Send(b.Context(), "chat", to, p)
			}
		})
	}
}

// A broadcast allocates nothing that grows with the members.
func TestSendAllocatesNothing(t *testing.T) {
	h := full(5000)
	p := message("m")
	for _, to := range []Target{{}, Group("0", "1"), {Except: []string{"connection 9"}}} {
		if n := testing.AllocsPerRun(50, func() { _ = h.Send(t.Context(), "chat", to, p) }); n > 8 {
			t.Errorf("%+v: %v allocations", to, n)
		}
	}
}

// What the hub holds of a member, beside the member, is small.
func TestMemoryOfMember(t *testing.T) {
	const n = 20_000
	ms := make([]*mute, n)
	for i := range ms {
		ms[i] = &mute{fmt.Sprint("connection ", i), fmt.Sprint("user ", i)}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	h := New(Config{})
	for _, m := range ms {
		h.Join("chat", m)
		h.changeGroup(h.room("chat"), &packet{kind: kindJoinGroup, id: m.id, group: "g"})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := int64(after.HeapAlloc-before.HeapAlloc) / n
	t.Logf("%d bytes a member", each)
	if each > 600 {
		t.Errorf("%d bytes a member", each)
	}
	runtime.KeepAlive(h)
}
