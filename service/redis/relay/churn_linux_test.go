package relay

import (
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reslog/service/redis/event"
)

// files is the number of open files of the process.
func files(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// Thousands of connections come and go, each with one Tap that is closed once, and
// leave nothing behind.
func TestChurn(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		before := files(t)
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		n.config.Upstream = b.upstream()
		n.config.Loops = 3
		n.start()
		const clients, each = 20, 100
		var running sync.WaitGroup
		for i := range clients {
			running.Go(func() {
				for k := range each {
					c, err := net.Dial("tcp", n.address)
					if err != nil {
						t.Error(err)
						return
					}
					switch c.SetDeadline(time.Now().Add(patience)); (i + k) % 4 {
					case 0: // says nothing
					case 1:
						c.(*net.TCPConn).SetLinger(0)
						io.WriteString(c, "x")
					default:
						if err := ask(c, "PING\r\n"); err != nil {
							t.Error(err)
						}
					}
					c.Close()
				}
			})
		}
		running.Wait()
		eventually(t, "all to be closed", func() bool { return n.relay.Open() == 0 })
		n.stop()
		if got := len(n.all()); got != clients*each {
			// Those that reset before they were accepted never were.
			t.Errorf("%d taps, want %d", got, clients*each)
		}
		for _, tap := range n.all() {
			if tap.why != event.ByClient {
				t.Errorf("closed because %q", tap.why)
			}
		}
		b.close()
		eventually(t, "the files to be closed", func() bool { return files(t) <= before })
	})
}

// Without files to open clients are told so, and when there are some again all is as
// before.
func TestOutOfFiles(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		before := files(t)
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		n.config.Upstream = b.upstream()
		n.start()
		var limit unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		low := limit
		low.Cur = uint64(files(t)) + 12
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
			t.Fatal(err)
		}
		var conns []net.Conn
		for range 50 {
			c, err := net.Dial("tcp", n.address)
			if err != nil {
				break
			}
			conns = append(conns, c)
			c.SetDeadline(time.Now().Add(200 * time.Millisecond))
			ask(c, "PING\r\n")
		}
		if len(conns) == 50 {
			t.Error("files did not run out")
		}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		for _, c := range conns {
			c.Close()
		}
		if err := ask(n.dial(), "PING\r\n"); err != nil {
			t.Errorf("when there were files again: %v", err)
		}
		n.stop()
		b.close()
		eventually(t, "the files to be closed", func() bool { return files(t) <= before+1 }) // +1: the client just now
	})
}
