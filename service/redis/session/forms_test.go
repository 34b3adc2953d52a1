package session

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// pieces of requests, good and bad, in the hands of an unauthenticated client.
func pieces(g *generator) string {
	var b strings.Builder
	for range 1 + g.IntN(8) {
		switch g.IntN(6) {
		case 0, 1:
			b.WriteString(cmd(g.pick("AUTH alice x", "PING", "HELLO", "FOO bar baz", "CLIENT REPLY SKIP", "RESET", "SUBSCRIBE a b")))
		case 2:
			b.WriteString(g.pick("\r\n", "\n", " \t\r\n", "*0\r\n", "*-1\r\n", "*-7\r\n", "*0\rx", "\r\r\n", "\v\f \n"))
		case 3:
			n := g.IntN(4)
			fmt.Fprintf(&b, "%s%d\r%s", g.pick("*", "*", "*0", "*+"), n, g.pick("\n", "\n", "x"))
			for range n {
				w := g.pick("PING", "x", "", "a\r\nb", "auth")
				fmt.Fprintf(&b, "%s%d\r\n%s%s", g.pick("$", "$", "$", "$", "$0", "+"), len(w), w, g.pick("\r\n", "\r\n", "..", "\n\n"))
			}
		default:
			for range g.IntN(8) {
				b.WriteString(g.pick("PING", "AUTH", "x", " ", " ", "\t", "\v", "\r", "'", "'", "\"", "\"", "\\", "\\x", "\\x4", "\\x41", "\\n", "\\'", "\\\"", "a", "\xff", "*1", "$"))
			}
			b.WriteString(g.pick("\r\n", "\n"))
		}
	}
	return b.String()
}

// What the server takes for commands the session must take for commands, and where
// the server stops to read, so must the session.
func TestFormsAgainstRedis(t *testing.T) {
	socket := startRedis(t, ">d")
	seed := uint64(time.Now().UnixNano())
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 2))}
	whole, stopped := 0, 0
	for i := range 3000 {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		f := &follow{watched: watchNew(&Counts{}), t: t, g: g, conn: conn}
		f.send(pieces(g))
		end := fmt.Sprintf("MARK%d'", i)
		f.send("\r\n" + array("FIRST") + array(end[:len(end)-1]))
		answered := f.await(end, stuck)
		switch {
		case !answered: // an argument is open: the mark is in it
			if f.in.state == qStart || f.lead != 0 || f.q != nil {
				t.Errorf("seed %d: the server waits, the session is in state %d, %d wait, after\n%s", seed, f.in.state, f.lead, f.log.Bytes())
			}
		case f.done:
			stopped++
			if f.in.state != qDead || f.Blind() || f.lead != 0 || f.q != nil {
				t.Errorf("seed %d: the server stopped, the session is in state %d, %d wait, blind %v, after\n%s", seed, f.in.state, f.lead, f.Blind(), f.log.Bytes())
			}
		default:
			whole++
			if f.in.state != qStart || f.Blind() || f.lead != 0 || f.q != nil {
				t.Errorf("seed %d: the session is in state %d, %d wait, blind %v, after\n%s", seed, f.in.state, f.lead, f.Blind(), f.log.Bytes())
			}
		}
		conn.Close()
		if t.Failed() {
			return
		}
	}
	if whole < 300 || stopped < 300 {
		t.Errorf("%d were read to the end and %d were not: too few of one", whole, stopped)
	}
}

// What makes the rest of a connection no replies, on a real server.
func TestReplicationAgainstRedis(t *testing.T) {
	socket := startRedis(t, "nopass")
	for _, command := range []string{"SYNC", "PSYNC ? -1"} {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		f := &follow{watched: watchNew(&Counts{}), t: t, g: &generator{Rand: rand.New(rand.NewPCG(1, 1))}, conn: conn}
		f.send(cmd("AUTH alice a") + cmd("AUTH bob x"))
		f.await("WRONGPASS", time.Minute)
		f.send(cmd(command))           // alone: it is refused while replies wait
		f.await("REDIS0", time.Minute) // the head of the snapshot
		if !f.Blind() || !slices.Equal(f.events, []string{"8 alice", "0 bob"}) {
			t.Errorf("%s: blind %v, told %q", command, f.Blind(), f.events)
		}
		conn.Close()
	}
}

// A server that is full answers nothing but that.
func TestFullRedis(t *testing.T) {
	socket := startRedis(t, ">d")
	a := newAdmin(t, socket)
	a.do("CONFIG", "SET", "maxclients", "1")
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	f := &follow{watched: watchNew(&Counts{}), t: t, g: &generator{Rand: rand.New(rand.NewPCG(1, 1))}, conn: conn}
	buf := make([]byte, 1000)
	conn.SetDeadline(time.Now().Add(time.Minute))
	n, err := conn.Read(buf)
	if err != nil && !errors.Is(err, os.ErrClosed) {
		t.Fatal(err)
	}
	f.Request([]byte(cmd("AUTH alice a")))
	f.Reply(buf[:n])
	if f.events != nil || f.Blind() || f.User() != "" || !strings.Contains(string(buf[:n]), "max number of clients") {
		t.Errorf("the server says %q, told %q, blind %v", buf[:n], f.events, f.Blind())
	}
}
