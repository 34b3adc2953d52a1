package relay

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"reslog/service/redis/event"
)

// noise is n random bytes.
func noise(seed, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}

// write sends b in pieces of random sizes, with a pause every now and then.
func write(w io.Writer, seed int, b []byte) error {
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	for len(b) > 0 {
		n := min(len(b), 1+r.IntN(1<<r.IntN(18)))
		if _, err := w.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
		if r.IntN(8) == 0 {
			time.Sleep(time.Duration(r.IntN(500)) * time.Microsecond)
		}
	}
	return nil
}

// read reads until the end, in pieces of random sizes, with a pause every now and
// then.
func read(src io.Reader, seed int) ([]byte, error) {
	r := rand.New(rand.NewPCG(uint64(seed), 2))
	var all bytes.Buffer
	for {
		_, err := io.CopyN(&all, src, int64(1+r.IntN(1<<r.IntN(18))))
		if errors.Is(err, io.EOF) {
			return all.Bytes(), nil
		}
		if err != nil {
			return all.Bytes(), err
		}
		if r.IntN(8) == 0 {
			time.Sleep(time.Duration(r.IntN(500)) * time.Microsecond)
		}
	}
}

// Megabytes in both directions at once, in pieces of any size, on several connections.
func TestBytesAreUnchanged(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		const connections, size = 8, 2 << 20
		b := newBackend(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			var first [1]byte
			io.ReadFull(c, first[:])
			seed := int(first[0])
			var writing sync.WaitGroup
			writing.Go(func() {
				write(c, seed, noise(seed+100, size))
				c.(*net.TCPConn).CloseWrite()
			})
			got, err := read(c, seed)
			if err != nil || !bytes.Equal(got, noise(seed, size)) {
				t.Errorf("the server got %d bytes, %v", len(got), err)
			}
			writing.Wait()
		})
		n.config.Upstream = b.upstream()
		n.config.Loops = 2
		n.start()
		var clients sync.WaitGroup
		for seed := range connections {
			c := n.dial()
			clients.Go(func() {
				var writing sync.WaitGroup
				writing.Go(func() {
					c.Write([]byte{byte(seed)})
					write(c, seed+200, noise(seed, size))
					c.CloseWrite()
				})
				got, err := read(c, seed+200)
				if err != nil || !bytes.Equal(got, noise(seed+100, size)) {
					t.Errorf("the client got %d bytes, %v", len(got), err)
				}
				writing.Wait()
				c.Close()
			})
		}
		clients.Wait()
		n.stop()
		saw := make(map[[32]byte]bool)
		for _, tap := range n.all() {
			saw[[32]byte(tap.requests.Sum(nil))] = true
			saw[[32]byte(tap.replies.Sum(nil))] = true
		}
		for seed := range connections {
			if !saw[sha256.Sum256(append([]byte{byte(seed)}, noise(seed, size)...))] || !saw[sha256.Sum256(noise(seed+100, size))] {
				t.Errorf("no tap saw the bytes of connection %d", seed)
			}
		}
	})
}

// A client that has sent everything still gets its answer.
func TestClientEndsFirst(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		question, answer := noise(1, 300<<10), noise(2, 3<<20)
		b := newBackend(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, question) {
				t.Errorf("the server got %d bytes, %v", len(got), err)
			}
			c.Write(answer)
		})
		n.config.Upstream = b.upstream()
		n.start()
		c := n.dial()
		c.Write(question)
		c.CloseWrite()
		if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, answer) {
			t.Errorf("the client got %d bytes, %v", len(got), err)
		}
		n.only().want(event.ByClient, question, answer)
	})
}

func TestServerEndsFirst(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		answer, more := noise(1, 2<<20), noise(2, 1<<20)
		b := newBackend(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			c.Write(answer)
			c.(*net.TCPConn).CloseWrite()
			if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, more) {
				t.Errorf("the server got %d bytes, %v", len(got), err)
			}
		})
		n.config.Upstream = b.upstream()
		n.start()
		c := n.dial()
		if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, answer) {
			t.Errorf("the client got %d bytes, %v", len(got), err)
		}
		c.Write(more)
		c.CloseWrite()
		n.only().want(event.ByServer, more, answer)
	})
}

// A server that closed is not told from one that only ended its writing, but by a
// client that does not react.
func TestSilentAfterServerEnded(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		b := newBackend(t, "tcp", "127.0.0.1:0", func(c net.Conn) { io.WriteString(c, "+OK\r\n") })
		n.config.Upstream = b.upstream()
		n.linger = 50 * time.Millisecond
		n.start()
		c := n.dial()
		if got, err := io.ReadAll(c); err != nil || string(got) != "+OK\r\n" {
			t.Errorf("the client got %q, %v", got, err)
		}
		n.only().want(event.ByServer, nil, []byte("+OK\r\n"))
	})
}

// A server that closes with requests unread resets the connection: what it said
// before still arrives.
func TestLastWords(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		const words = "-ERR Protocol error: too big mbulk count string\r\n"
		b := newBackend(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			io.ReadFull(c, make([]byte, 10))
			io.WriteString(c, words)
			c.(*net.TCPConn).SetLinger(0)
			time.Sleep(50 * time.Millisecond) // so that more comes, and stays unread
		})
		n.config.Upstream = b.upstream()
		n.linger = time.Second
		n.start()
		c := n.dial()
		got := make(chan string)
		go func() {
			b := make([]byte, len(words))
			k, _ := io.ReadFull(c, b)
			got <- string(b[:k])
		}()
		for junk := noise(1, 64<<10); ; time.Sleep(time.Millisecond) {
			if _, err := c.Write(junk); err != nil {
				break
			}
		}
		if got := <-got; got != words {
			t.Errorf("the client got %q", got)
		}
		tap := n.only()
		if tap.why != event.ByServer || tap.answered.Load() != int64(len(words)) {
			t.Errorf("closed because %q after %d bytes", tap.why, tap.answered.Load())
		}
	})
}

func TestClientResets(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		gone := make(chan error, 1)
		b := newBackend(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			_, err := io.Copy(c, c)
			gone <- err
		})
		n.config.Upstream = b.upstream()
		n.start()
		c := n.dial()
		if err := ask(c, "PING\r\n"); err != nil {
			t.Fatal(err)
		}
		c.SetLinger(0)
		c.Close()
		n.only().want(event.ByClient, []byte("PING\r\n"), []byte("PING\r\n"))
		<-gone
	})
}

func TestServerRefusesAndComesBack(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		address := b.l.Addr().String()
		n.config.Upstream = b.upstream()
		n.start()
		first := n.dial()
		if err := ask(first, "a"); err != nil {
			t.Fatal(err)
		}
		b.close()
		if got, err := io.ReadAll(first); err != nil || len(got) > 0 {
			t.Errorf("the client got %q, %v, when the server closed", got, err)
		}
		first.Close()
		n.only().want(event.ByServer, []byte("a"), []byte("a"))

		second := n.dial()
		second.Write([]byte("PING\r\n"))
		if got, err := io.ReadAll(second); err != nil || string(got) != unreachable {
			t.Errorf("the client got %q, %v, when there was no server", got, err)
		}
		eventually(t, "the second tap", func() bool { return len(n.all()) == 2 && n.all()[1].closed.Load() })
		if tap := n.all()[1]; tap.why != event.NoServer || tap.connected.Load() != 0 {
			t.Errorf("closed because %q", tap.why)
		}

		newBackend(t, "tcp", address, echo)
		third := n.dial()
		if err := ask(third, "b"); err != nil {
			t.Errorf("when the server was back: %v", err)
		}
	})
}

// Who is to be refused is closed, and the server hears nothing of it.
func TestOpenRefuses(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		n.config.Upstream = b.upstream()
		n.refuse = true
		n.start()
		if got, err := io.ReadAll(n.dial()); err != nil || len(got) > 0 {
			t.Errorf("the client got %q, %v", got, err)
		}
		n.stop()
		if b.total.Load() != 0 {
			t.Error("the server was connected to")
		}
	})
}

func TestTooMany(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		n.config.Upstream = b.upstream()
		n.config.MaxConnections = 2
		n.start()
		one, two := n.dial(), n.dial()
		for _, c := range []net.Conn{one, two} {
			if err := ask(c, "x"); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := io.ReadAll(n.dial()); err != nil || string(got) != tooMany {
			t.Errorf("the third client got %q, %v", got, err)
		}
		eventually(t, "the third tap", func() bool { return len(n.all()) == 3 && n.all()[2].closed.Load() })
		if why := n.all()[2].why; why != event.Refused {
			t.Errorf("the third was closed because %q", why)
		}
		one.Close()
		eventually(t, "one to be closed", func() bool { return n.relay.Open() == 1 })
		if err := ask(n.dial(), "x"); err != nil {
			t.Errorf("after one was closed: %v", err)
		}
	})
}

// A client that never reads: the server is not read either, and memory stays bounded.
func TestClientNeverReads(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		zeros := make([]byte, 1<<20)
		b := newBackend(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			for {
				if _, err := c.Write(zeros); err != nil {
					return
				}
			}
		})
		n.config.Upstream = b.upstream()
		n.start()
		const clients = 20
		before := heap()
		conns := make([]*net.TCPConn, clients)
		for i := range conns {
			conns[i] = n.dial()
		}
		answered := func() (sum int64) {
			for _, tap := range n.all() {
				sum += tap.answered.Load()
			}
			return sum
		}
		for last := int64(-1); last != answered(); time.Sleep(200 * time.Millisecond) {
			last = answered() // until nothing moves: the kernel's buffers are full
		}
		if grown := heap() - before; grown > clients*(4*chunk) {
			t.Errorf("%d clients that do not read hold %d bytes", clients, grown)
		}
		// One that begins to read after all gets what comes.
		if k, err := io.CopyN(io.Discard, conns[0], 64<<20); err != nil {
			t.Errorf("read %d bytes: %v", k, err)
		}
		for _, c := range conns {
			c.Close()
		}
		eventually(t, "the clients to be gone", func() bool { return n.relay.Open() == 0 })
		for _, tap := range n.all() {
			if tap.why != event.ByClient {
				t.Errorf("closed because %q", tap.why)
			}
		}
	})
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A server that never reads holds the client up, not the relay's memory; then the
// client resets.
func TestServerNeverReads(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		stop := make(chan struct{})
		b := newBackend(t, "tcp", "127.0.0.1:0", func(net.Conn) { <-stop })
		defer close(stop)
		n.config.Upstream = b.upstream()
		n.start()
		c := n.dial()
		c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		var sent int
		for zeros := make([]byte, 1<<20); ; {
			k, err := c.Write(zeros)
			if sent += k; err != nil {
				break
			}
		}
		if sent > 64<<20 {
			t.Errorf("%d bytes were taken", sent)
		}
		eventually(t, "the tap to see something", func() bool {
			all := n.all()
			return len(all) > 0 && all[0].asked.Load() > 0
		})
		c.SetLinger(0)
		c.Close()
		if n.name == "event loops" { // a goroutine that writes does not hear of it
			if why := n.only().why; why != event.ByClient {
				t.Errorf("closed because %q", why)
			}
		}
	})
}

func TestUnixServer(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		b := newBackend(t, "unix", filepath.Join(t.TempDir(), "redis.sock"), echo)
		n.config.Upstream = b.upstream()
		n.start()
		c := n.dial()
		all := noise(1, 8<<20)
		var writing sync.WaitGroup
		writing.Go(func() {
			write(c, 1, all)
			c.CloseWrite()
		})
		if got, err := read(c, 1); err != nil || !bytes.Equal(got, all) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		writing.Wait()
		tap := n.only()
		tap.want(event.ByClient, all, all)
		if tap.local.IsValid() {
			t.Errorf("a Unix socket has the address %v", tap.local)
		}
	})
}

func TestUnixServerIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		n.config.Upstream = Upstream{Network: "unix", Address: filepath.Join(t.TempDir(), "none.sock")}
		n.start()
		if got, err := io.ReadAll(n.dial()); err != nil || string(got) != unreachable {
			t.Errorf("got %q, %v", got, err)
		}
		n.only().want(event.NoServer, nil, nil)
	})
}

// What a Tap is told of who is connected is what the sockets say.
func TestPeer(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		from := make(chan net.Addr, 1)
		b := newBackend(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			from <- c.RemoteAddr()
			echo(c)
		})
		n.config.Upstream = b.upstream()
		n.start()
		c := n.dial()
		if err := ask(c, "x"); err != nil {
			t.Fatal(err)
		}
		c.Close()
		tap := n.only()
		want := Peer{Client: netip.MustParseAddrPort(c.LocalAddr().String()), Server: netip.MustParseAddrPort(n.address)}
		if tap.peer != want {
			t.Errorf("the peer is %v, want %v", tap.peer, want)
		}
		if at := (<-from).String(); tap.local.String() != at {
			t.Errorf("connected from %v, the server saw %v", tap.local, at)
		}
	})
}

// Stop closes everything, whatever it is doing.
func TestStopWhileBusy(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		n.config.Upstream = b.upstream()
		n.config.Loops = 2
		n.start()
		var clients sync.WaitGroup
		for i := range 50 {
			c := n.dial()
			clients.Go(func() {
				defer c.Close()
				for ask(c, fmt.Sprintf("line %d\n", i)) == nil {
				}
			})
		}
		eventually(t, "all to be served", func() bool {
			served := 0
			for _, tap := range n.all() {
				if tap.answered.Load() > 1000 {
					served++
				}
			}
			return served == 50
		})
		n.stop()
		clients.Wait()
		for _, tap := range n.all() {
			if tap.why != event.Stopped {
				t.Errorf("closed because %q", tap.why)
			}
		}
	})
}
