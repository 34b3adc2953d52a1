package bus_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/bus"
)

const fabricSecret = "a secret of all nodes"

func openFabric(t *testing.T, c bus.FabricConfig) *bus.Fabric {
	t.Helper()
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if c.Secret == "" {
		c.Secret = fabricSecret
	}
	f, err := bus.OpenFabric(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// threeFabrics are joined by what the first tells: the others know only it.
func threeFabrics(t *testing.T) [3]*bus.Fabric {
	t.Helper()
	a := openFabric(t, bus.FabricConfig{})
	b := openFabric(t, bus.FabricConfig{Peers: []string{a.Addr()}})
	c := openFabric(t, bus.FabricConfig{Peers: []string{a.Addr()}})
	fs := [3]*bus.Fabric{a, b, c}
	for _, f := range fs {
		waitPeers(t, f, 2)
	}
	return fs
}

func waitPeers(t *testing.T, f *bus.Fabric, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d other nodes", n), func() bool { return f.Peers() == n })
}

func eventually(t *testing.T, what string, fn func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !fn(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after %v: %s", patience, what)
		}
	}
}

// listener keeps what a channel got, and answers with its name.
type listener struct {
	mu  sync.Mutex
	got []string
}

func listen(c *bus.Channel, name string) *listener {
	l := &listener{}
	c.Receive(func(b []byte) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.got = append(l.got, string(b))
	}, func(b []byte) []byte {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.got = append(l.got, "?"+string(b))
		return []byte(name)
	})
	return l
}

func (l *listener) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.got...)
}

func askAll(t *testing.T, c *bus.Channel, q string) map[string]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got := map[string]bool{}
	if err := c.Ask(ctx, []byte(q), func(b []byte) { got[string(b)] = true }); err != nil {
		t.Fatalf("ask %q: %v", q, err)
	}
	return got
}

func TestFabricCarriesToAllOthers(t *testing.T) {
	fs := threeFabrics(t)
	var ls [3]*listener
	for i, f := range fs {
		ls[i] = listen(f.Channel("/Red"), string(rune('a'+i)))
	}
	blue := listen(fs[1].Channel("/blue"), "blue")
	for i, f := range fs {
		eventually(t, "both others answer", func() bool { return len(askAll(t, f.Channel("/red"), "hello")) == 2 })
		if got := askAll(t, f.Channel("/red"), "hello"); got[string(rune('a'+i))] {
			t.Errorf("node %d answers itself", i)
		}
	}
	// Questions and messages of one node stay in order.
	var want []string
	for i := range 500 {
		m := fmt.Sprint(i)
		if i%50 == 49 {
			want = append(want, "?"+m)
			askAll(t, fs[0].Channel("/RED"), m)
			continue
		}
		want = append(want, m)
		if err := fs[0].Channel("/red").Publish([]byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range ls[1:] {
		var got []string
		for _, m := range l.all() {
			if m != "?hello" {
				got = append(got, m)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v", got)
		}
	}
	for _, m := range ls[0].all() {
		if m != "?hello" {
			t.Errorf("a node hears itself: %s", m)
		}
	}
	if got := blue.all(); len(got) > 0 {
		t.Errorf("the channel of another resource got %v", got)
	}
	// Only one node has this channel; the other says so at once.
	if got := askAll(t, fs[0].Channel("/blue"), "who"); len(got) != 1 || !got["blue"] {
		t.Errorf("answers are %v", got)
	}
}

func TestFabricNodeIsLostAndComesBack(t *testing.T) {
	fs := threeFabrics(t)
	for i, f := range fs {
		listen(f.Channel("r"), string(rune('a'+i)))
	}
	eventually(t, "both others answer", func() bool { return len(askAll(t, fs[0].Channel("r"), "q")) == 2 })

	addr := fs[1].Addr()
	fs[1].Close()
	waitPeers(t, fs[0], 1)
	if got := askAll(t, fs[0].Channel("r"), "q"); len(got) != 1 || !got["c"] {
		t.Errorf("answers after the loss are %v", got)
	}
	if err := fs[1].Channel("r").Publish(nil); !errors.Is(err, bus.ErrFabricClosed) {
		t.Errorf("publish of a closed one: %v", err)
	}

	again := openFabric(t, bus.FabricConfig{Addr: addr, Peers: []string{addr, fs[0].Addr()}})
	l := listen(again.Channel("r"), "b again")
	for _, f := range []*bus.Fabric{fs[0], fs[2], again} {
		waitPeers(t, f, 2)
	}
	for _, f := range []*bus.Fabric{fs[0], fs[2]} {
		eventually(t, "the node that came back answers", func() bool { return askAll(t, f.Channel("r"), "q")["b again"] })
	}
	if err := fs[2].Channel("r").Publish([]byte("news")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it gets messages", func() bool { return strings.Contains(fmt.Sprint(l.all()), "news") })
}

// Who asks does not wait for a node that is lost meanwhile, and for one that does not
// answer as long as it wants.
func TestFabricAskOfNodeThatDoesNotAnswer(t *testing.T) {
	a := openFabric(t, bus.FabricConfig{})
	b := openFabric(t, bus.FabricConfig{Peers: []string{a.Addr()}})
	waitPeers(t, a, 1)
	asked, release := make(chan bool, 10), make(chan bool)
	b.Channel("r").Receive(func([]byte) {}, func(q []byte) []byte {
		asked <- true
		<-release
		return nil
	})
	defer close(release)
	ch := a.Channel("r")
	eventually(t, "the node listens", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		return errors.Is(ch.Ask(ctx, nil, func([]byte) { t.Error("an answer") }), context.DeadlineExceeded)
	})
	<-asked
	done := make(chan error, 1)
	go func() { done <- ch.Ask(context.Background(), nil, func([]byte) { t.Error("an answer") }) }()
	go b.Close() // it waits for what is being answered
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("ask a node that is lost: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("who asks waits for a node that is lost")
	}
}

func TestFabricKeepsStrangersOut(t *testing.T) {
	a := openFabric(t, bus.FabricConfig{})
	other := openFabric(t, bus.FabricConfig{Peers: []string{a.Addr()}, Secret: "another secret than theirs"})
	friend := openFabric(t, bus.FabricConfig{Peers: []string{a.Addr()}})
	waitPeers(t, friend, 1)
	// A stranger that speaks the protocol, without keys.
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", a.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "CONNECT {\"name\":\"x\",\"cluster\":\"reslog\"}\r\nPING\r\nRS+ $G >\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	said, _ := io.ReadAll(conn)
	if bytes.Contains(said, []byte("PONG")) || bytes.Contains(said, []byte(fabricSecret)) {
		t.Errorf("a stranger was answered: %q", said)
	}
	if a.Peers() != 1 || other.Peers() != 0 {
		t.Errorf("%d and %d others", a.Peers(), other.Peers())
	}
}

// logged keeps what was logged.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) has(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), s)
}

// A receiver that does not take its messages holds so many bytes of them and no more;
// what it gets after that is in order, with a gap.
func TestFabricBoundsWhatWaits(t *testing.T) {
	a := openFabric(t, bus.FabricConfig{})
	var log logged
	b := openFabric(t, bus.FabricConfig{
		Peers: []string{a.Addr()}, MaxPending: 1 << 20,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	waitPeers(t, a, 1)
	release := make(chan bool)
	var mu sync.Mutex
	var got []uint32
	b.Channel("r").Receive(func(m []byte) {
		<-release
		mu.Lock()
		defer mu.Unlock()
		got = append(got, binary.BigEndian.Uint32(m))
	}, func([]byte) []byte { return nil })
	m := make([]byte, 10_000)
	n := uint32(0)
	eventually(t, "messages are lost", func() bool {
		for range 10 {
			binary.BigEndian.PutUint32(m, n)
			n++
			if err := a.Channel("r").Publish(m); err != nil {
				t.Fatal(err)
			}
		}
		return log.has("some are lost")
	})
	close(release)
	last := n
	eventually(t, "messages come again", func() bool {
		binary.BigEndian.PutUint32(m, n)
		n++
		if err := a.Channel("r").Publish(m); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		defer mu.Unlock()
		return len(got) > 0 && got[len(got)-1] >= last
	})
	mu.Lock()
	defer mu.Unlock()
	for i := 1; i < len(got); i++ {
		if got[i] <= got[i-1] {
			t.Fatalf("%d after %d", got[i], got[i-1])
		}
	}
	if !log.has("were lost") {
		t.Error("it is not logged how many were lost")
	}
}

func TestFabricWithoutOthers(t *testing.T) {
	f, err := bus.OpenFabric(t.Context(), bus.FabricConfig{})
	if err != nil || f != nil {
		t.Fatalf("%v, %v", f, err)
	}
	alone := openFabric(t, bus.FabricConfig{})
	for _, f := range []*bus.Fabric{nil, alone} {
		c := f.Channel("r")
		c.Receive(func([]byte) {}, func([]byte) []byte { return nil })
		if !c.Alone() || f.Peers() != 0 {
			t.Error("it is not alone")
		}
		if err := c.Publish([]byte("m")); err != nil {
			t.Error(err)
		}
		if err := c.Ask(t.Context(), []byte("q"), func([]byte) { t.Error("an answer") }); err != nil {
			t.Error(err)
		}
	}
	if f.Addr() != "" || alone.Addr() == "" {
		t.Errorf("addresses %q, %q", f.Addr(), alone.Addr())
	}
	f.Close()
	alone.Close()
	alone.Close()
}

func TestFabricConfig(t *testing.T) {
	taken := openFabric(t, bus.FabricConfig{})
	for _, c := range []struct {
		cfg  bus.FabricConfig
		want string
	}{
		{bus.FabricConfig{Peers: []string{"a:1"}}, "no address of this node"},
		{bus.FabricConfig{Addr: "127.0.0.1:0"}, "the secret has 0 characters"},
		{bus.FabricConfig{Addr: "127.0.0.1:0", Secret: "short"}, "the secret has 5 characters"},
		{bus.FabricConfig{Addr: "127.0.0.1", Secret: fabricSecret}, "write host:port"},
		{bus.FabricConfig{Addr: "127.0.0.1:http", Secret: fabricSecret}, "write host:port"},
		{bus.FabricConfig{Addr: "127.0.0.1:0", Secret: fabricSecret, Peers: []string{"b"}}, "write host:port"},
		{bus.FabricConfig{Addr: "127.0.0.1:0", Secret: fabricSecret, Peers: []string{"b:0"}}, "write host:port"},
		{bus.FabricConfig{Addr: taken.Addr(), Secret: fabricSecret}, "address already in use"},
	} {
		f, err := bus.OpenFabric(t.Context(), c.cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.cfg, err)
		}
		if err == nil {
			f.Close()
		} else if c.cfg.Secret != "" && strings.Contains(err.Error(), c.cfg.Secret) {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
}

func BenchmarkFabric(b *testing.B) {
	open := func(peers ...string) *bus.Fabric {
		f, err := bus.OpenFabric(b.Context(), bus.FabricConfig{Addr: "127.0.0.1:0", Peers: peers, Secret: fabricSecret})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(f.Close)
		return f
	}
	from := open()
	to := open(from.Addr())
	got := make(chan int, 1)
	n := 0
	to.Channel("r").Receive(func([]byte) {
		if n++; n%100 == 0 {
			got <- n
		}
	}, func(q []byte) []byte { return q })
	ch := from.Channel("r")
	for answers := 0; answers == 0; {
		if err := ch.Ask(b.Context(), []byte("q"), func([]byte) { answers++ }); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("ask", func(b *testing.B) {
		for b.Loop() {
			if err := ch.Ask(b.Context(), []byte("q"), func([]byte) {}); err != nil {
				b.Fatal(err)
			}
		}
	})
	m := make([]byte, 1000)
	b.Run("publish 100 of 1000 bytes", func(b *testing.B) {
		b.SetBytes(100 * int64(len(m)))
		for b.Loop() {
			for range 100 {
				if err := ch.Publish(m); err != nil {
					b.Fatal(err)
				}
			}
			<-got
		}
	})
}
