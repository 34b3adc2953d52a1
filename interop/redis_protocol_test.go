package interop

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// rawRedis is a client that says what no library says.
type rawRedis struct {
	net.Conn
	t *testing.T
}

// dial connects to a node.
func (n *redisNode) dial(t *testing.T) *rawRedis {
	t.Helper()
	return dialRaw(t, n.addr)
}

func dialRaw(t *testing.T, addr string) *rawRedis {
	t.Helper()
	c, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", addr)
	check(t, err)
	check(t, c.SetDeadline(time.Now().Add(patience)))
	t.Cleanup(func() { _ = c.Close() })
	return &rawRedis{c, t}
}

func (r *rawRedis) say(words string) {
	r.t.Helper()
	_, err := io.WriteString(r, words)
	check(r.t, err)
}

// hears reads what must come next.
func (r *rawRedis) hears(words string) {
	r.t.Helper()
	b := make([]byte, len(words))
	n, err := io.ReadFull(r, b)
	if err != nil || string(b) != words {
		r.t.Fatalf("heard %q, want %q: %v", b[:n], words, err)
	}
}

// ask says something, and reads what must be the answer.
func (r *rawRedis) ask(words, answer string) {
	r.t.Helper()
	r.say(words)
	r.hears(answer)
}

// ends reads that there is nothing more.
func (r *rawRedis) ends() {
	r.t.Helper()
	if b, err := io.ReadAll(r); len(b) > 0 || err != nil {
		r.t.Errorf("heard %q at the end: %v", b, err)
	}
}

func (r *rawRedis) close() {
	r.t.Helper()
	check(r.t, r.Close())
}

// array is a command as libraries send it.
func array(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}

const (
	wrongPassword = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
	noAuth        = "-NOAUTH Authentication required.\r\n"
)

// TestRedisConversations has what is hard to follow: each is a connection, and every
// byte of its answers is that of the server.
func TestRedisConversations(t *testing.T) {
	alice, wrong := array("AUTH", "alice", "wonder"), array("AUTH", "alice", "wrong")
	for _, c := range []struct {
		name  string
		talk  func(r *rawRedis)
		story string
	}{
		{"nothing", func(*rawRedis) {}, "close client"},
		{"inline", func(r *rawRedis) {
			r.ask("auth \"alice\" \"wonde\\x72\"\n", "+OK\r\n")
			r.ask("PING\r\n", "+PONG\r\n")
		}, "auth 8 alice, close client"},
		{"empty requests", func(r *rawRedis) {
			r.ask("\r\n*0\r\n*-1\r\n"+wrong, wrongPassword)
			r.ask("\r\n\r\n"+alice, "+OK\r\n")
		}, "auth 0 alice, auth 8 alice, close client"},
		{"byte by byte", func(r *rawRedis) {
			for _, b := range []byte(array("GET", "AUTH") + alice) {
				r.say(string(b))
				time.Sleep(time.Millisecond)
			}
			r.hears(noAuth + "+OK\r\n")
		}, "auth 8 alice, close client"},
		{"in one go", func(r *rawRedis) {
			r.ask(array("PING")+wrong+array("PING")+alice+array("PING")+wrong+array("ACL", "WHOAMI"),
				noAuth+wrongPassword+noAuth+"+OK\r\n+PONG\r\n"+wrongPassword+"$5\r\nalice\r\n")
		}, "auth 0 alice, auth 8 alice, auth 0 alice, close client"},
		{"AUTH of a kind", func(r *rawRedis) {
			r.ask(array("AUTH"), "-ERR wrong number of arguments for 'auth' command\r\n")
			r.ask(array("AUTH", "a", "b", "c"), "-ERR syntax error\r\n")
			r.ask(array("HELLO", "4", "AUTH", "alice", "wonder"), "-NOPROTO unsupported protocol version\r\n")
		}, "close client"},
		{"a transaction", func(r *rawRedis) {
			r.ask(alice, "+OK\r\n")
			r.ask(array("MULTI"), "+OK\r\n")
			r.ask(array("AUTH", "reader", "books")+wrong+array("GET", "nothing"), "+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n")
			r.ask(array("EXEC"), "*3\r\n+OK\r\n"+wrongPassword+"$-1\r\n")
		}, "auth 8 alice, auth 8 reader, auth 0 alice, close client"},
		{"a transaction that is discarded", func(r *rawRedis) {
			r.ask(alice, "+OK\r\n")
			r.ask(array("MULTI")+array("AUTH", "reader", "books")+array("DISCARD")+array("ACL", "WHOAMI"), "+OK\r\n+QUEUED\r\n+OK\r\n$5\r\nalice\r\n")
		}, "auth 8 alice, close client"},
		{"RESET", func(r *rawRedis) {
			r.ask(alice, "+OK\r\n")
			r.ask(array("RESET"), "+RESET\r\n")
			r.ask(array("PING"), noAuth)
			r.ask(alice, "+OK\r\n")
		}, "auth 8 alice, auth 8 alice, close client"},
		{"the same again", func(r *rawRedis) {
			for range 10 {
				r.ask(alice, "+OK\r\n")
			}
			r.ask(array("AUTH", "default", redisPassword), "+OK\r\n")
		}, "auth 8 alice, auth 8 default, close client"},
		{"QUIT", func(r *rawRedis) {
			r.ask(alice+array("QUIT"), "+OK\r\n+OK\r\n")
			r.ends()
		}, "auth 8 alice, close server"},
		{"no answers for a while", func(r *rawRedis) {
			r.ask(alice, "+OK\r\n")
			r.say(array("CLIENT", "REPLY", "OFF") + array("SET", "unanswered", "1") + array("CLIENT", "REPLY", "ON"))
			r.hears("+OK\r\n")
			r.ask(array("CLIENT", "REPLY", "SKIP")+array("SET", "unanswered", "2")+array("GET", "unanswered"), "$1\r\n2\r\n")
			r.ask(wrong, wrongPassword)
		}, "auth 8 alice, auth 0 alice, close client"},
		{"half-close", func(r *rawRedis) {
			r.say(alice + array("SET", "half", strings.Repeat("x", 100_000)) + array("GET", "half") + wrong)
			check(r.t, r.Conn.(*net.TCPConn).CloseWrite())
			r.hears("+OK\r\n+OK\r\n$100000\r\n" + strings.Repeat("x", 100_000) + "\r\n" + wrongPassword)
			r.ends()
		}, "auth 8 alice, auth 0 alice, close client"},
		{"behind what blocks", func(r *rawRedis) {
			r.ask(alice, "+OK\r\n")
			r.ask(array("BLPOP", "never", "0.2")+array("AUTH", "reader", "books"), "*-1\r\n+OK\r\n")
		}, "auth 8 alice, auth 8 reader, close client"},
		{"RESP3", func(r *rawRedis) {
			r.ask(alice, "+OK\r\n")
			r.say(array("HELLO", "3", "AUTH", "reader", "books", "SETNAME", "me"))
			r.hears("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n")
			for !strings.HasSuffix(r.line(), "modules\r\n") {
			}
			r.hears("*0\r\n")
			r.ask(array("GET", "nothing"), "_\r\n")
		}, "auth 8 alice, auth 8 reader, close client"},
		{"a subscriber", func(r *rawRedis) {
			r.ask(alice, "+OK\r\n")
			r.ask(array("SUBSCRIBE", "a", "b"), "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n")
			r.ask(wrong, "-ERR Can't execute 'auth': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n")
			r.ask(array("UNSUBSCRIBE"), "*3\r\n$11\r\nunsubscribe\r\n")
			r.line()
			r.line()
			r.hears(":1\r\n*3\r\n$11\r\nunsubscribe\r\n")
			r.line()
			r.line()
			r.hears(":0\r\n")
			r.ask(wrong, wrongPassword)
		}, "auth 8 alice, auth 0 alice, close client"},
		{"an error that ends it", func(r *rawRedis) {
			r.ask(alice, "+OK\r\n")
			r.ask("*1\r\n!\r\n", "-ERR Protocol error: expected '$', got '!'\r\n")
			r.ends()
		}, "auth 8 alice, close server"},
		{"an HTTP request", func(r *rawRedis) {
			r.say("POST / HTTP/1.1\r\nHost: redis\r\n\r\n")
			r.ends()
		}, "close server"},
		{"a header of the PROXY protocol, from who must not send one", func(r *rawRedis) {
			r.say("PROXY TCP4 10.1.2.3 10.1.2.4 1000 6379\r\n")
			r.say(array("PING"))
			_, err := io.ReadAll(r)
			if err != nil && !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
				r.t.Errorf("not closed: %v", err)
			}
		}, "close refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := startRedis(t, "--requirepass", redisPassword)
			s.people(t)
			n := before(t, s)
			r := n.dial(t)
			c.talk(r)
			r.close()
			if c.name == "nothing" || strings.HasSuffix(c.story, "refused") { // the server may not learn of it
				wantStories(t, storiesOf(n.conversations(t, 1)), map[string]int{"new, " + c.story: 1})
				return
			}
			wantStories(t, n.closed(t, 1), map[string]int{"new, " + c.story: 1})
		})
	}
}

// line reads a line.
func (r *rawRedis) line() string {
	r.t.Helper()
	var line []byte
	for b := make([]byte, 1); len(line) == 0 || line[len(line)-1] != '\n'; {
		_, err := io.ReadFull(r, b)
		check(r.t, err)
		line = append(line, b[0])
	}
	return string(line)
}

// TestRedisReplica has a replica follow its server through a node: what it is sent is
// no RESP any more.
func TestRedisReplica(t *testing.T) {
	s := startRedis(t, "--requirepass", redisPassword)
	n := before(t, s)
	check(t, s.Set(t.Context(), "before", string(noise(1<<20)), 0).Err())
	host, port, err := net.SplitHostPort(n.addr)
	check(t, err)
	replica := startRedis(t, "--replicaof", host+" "+port, "--masterauth", redisPassword)
	eventually(t, "the replica is not in step", func() bool {
		v, err := replica.Get(t.Context(), "before").Result()
		return err == nil && v == string(noise(1<<20))
	})
	for i := range 1000 {
		check(t, s.Set(t.Context(), "after", i, 0).Err())
	}
	eventually(t, "the replica does not follow", func() bool {
		v, err := replica.Get(t.Context(), "after").Int()
		return err == nil && v == 999
	})
	check(t, replica.ReplicaOf(t.Context(), "NO", "ONE").Err())
	wantStories(t, n.closed(t, 1), map[string]int{"new, auth 8 default, close client": 1})
}

// TestRedisMonitor watches a server through a node.
func TestRedisMonitor(t *testing.T) {
	n := before(t, startRedis(t))
	r := n.dial(t)
	r.ask("MONITOR\r\n", "+OK\r\n")
	check(t, n.server.Set(t.Context(), "watched", "+OK", 0).Err())
	for !strings.Contains(r.line(), `"watched" "+OK"`) {
	}
	r.close()
	wantStories(t, n.closed(t, 1), map[string]int{"new, auth 2 default, close client": 1})
}
