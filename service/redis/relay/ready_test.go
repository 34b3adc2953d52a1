package relay

import (
	"io"
	"testing"
	"time"

	"reslog/service/redis/event"
)

// While a Tap is not ready nothing is passed on; when it is, all of it.
func TestNotReady(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		n.moody = false
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		n.config.Upstream = b.upstream()
		n.start()
		c := n.dial()
		if err := ask(c, "first\r\n"); err != nil {
			t.Fatal(err)
		}
		tap := n.all()[0]
		for i, size := range []int{7, little, little + 1, 3 * chunk} {
			tap.unready.Add(1)
			sent := noise(i, size)
			before := tap.answered.Load()
			go c.Write(sent)
			c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Fatalf("%d bytes were passed on, %v", n, err)
			}
			if got := tap.answered.Load(); got != before {
				t.Fatalf("the server got %d bytes", got-before)
			}
			c.SetReadDeadline(time.Now().Add(patience))
			tap.brighten()
			got := make([]byte, size)
			if _, err := io.ReadFull(c, got); err != nil || string(got) != string(sent) {
				t.Fatalf("%d bytes are not what was sent, %v", size, err)
			}
		}
		c.Close()
		if tap := n.only(); tap.why != event.ByClient {
			t.Errorf("closed because %q", tap.why)
		}
	})
}

// A Tap that becomes unready by what it sees holds back just that, also when both sides
// end meanwhile.
func TestNotReadyForWhatItSaw(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		n.moody = false
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		n.config.Upstream = b.upstream()
		n.start()
		c := n.dial()
		if err := ask(c, "first\r\n"); err != nil {
			t.Fatal(err)
		}
		tap := n.all()[0]
		tap.sulk.Store(true)
		io.WriteString(c, "second\r\n")
		c.CloseWrite()
		eventually(t, "the reply to be seen", func() bool { return tap.answered.Load() == int64(len("first\r\nsecond\r\n")) })
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if got, err := io.ReadAll(c); len(got) != 0 || err == nil {
			t.Fatalf("%q was passed on, %v", got, err)
		}
		c.SetReadDeadline(time.Now().Add(patience))
		tap.brighten()
		if got, err := io.ReadAll(c); string(got) != "second\r\n" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		c.Close()
		n.only().want(event.ByClient, []byte("first\r\nsecond\r\n"), []byte("first\r\nsecond\r\n"))
	})
}
