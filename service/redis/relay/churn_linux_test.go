package relay

import (
	"io"
	"net"
	"net/netip"
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

// Without files to open clients are told so, or wait, and when there are some again
// all is as before.
func TestOutOfFiles(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		before := files(t)
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		n.config.Upstream = b.upstream()
		n.start()
		sockets := make([]int, 8) // made while there are files
		for i := range sockets {
			sockets[i] = socket(t)
		}
		restore := limitFiles(t, files(t)+5)
		told := make(map[string]int)
		for _, fd := range sockets {
			told[askRaw(t, fd, n.address)]++
		}
		restore()
		if told["PING\r\n"] == 0 || told["PING\r\n"] == len(sockets) {
			t.Errorf("files did not run out: %v", told)
		}
		if n.name == "event loops" && told[tooMany] == 0 {
			t.Errorf("no client was told: %v", told)
		}
		for _, fd := range sockets {
			unix.Close(fd)
		}
		c := n.dial()
		if err := ask(c, "PING\r\n"); err != nil {
			t.Errorf("when there were files again: %v", err)
		}
		c.Close()
		n.settle()
		b.close()
		eventually(t, "the files to be closed", func() bool { return files(t) <= before })
	})
}

// limitFiles lets the process have no more than n files, until the function that it
// returns is called.
func limitFiles(t *testing.T, n int) func() {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(n), Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}
}

// socket makes one that does not wait long for an answer.
func socket(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 200_000}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// askRaw connects a socket, asks, and returns what it is told within its time.
func askRaw(t *testing.T, fd int, address string) string {
	t.Helper()
	_, to := sockaddr(netip.MustParseAddrPort(address))
	if err := unix.Connect(fd, to); err != nil {
		t.Fatal(err)
	}
	unix.Write(fd, []byte("PING\r\n"))
	b := make([]byte, 100)
	k, err := unix.Read(fd, b)
	if err != nil {
		return err.Error()
	}
	return string(b[:k])
}
