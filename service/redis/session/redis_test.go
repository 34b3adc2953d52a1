package session

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A real server is asked who each connection is, after random commands in random
// pieces, and how many logins it refused; the session must say the same.

// stuck is after how long a server that should answer does not.
const stuck = 3 * time.Second

const serverConfig = `port 0
unixsocket %s
save ""
appendonly no
enable-debug-command yes
repl-diskless-sync-delay 0
acllog-max-len 100000
user admin on >adminpw allcommands allkeys allchannels
user alice on >a allcommands allkeys allchannels
user bob on >b allkeys allchannels allcommands -client -monitor -subscribe -multi
user off off >o allcommands
user "we\x00ird" on nopass allcommands allkeys allchannels
user default on %s allcommands allkeys allchannels
`

// startRedis starts a server and returns the path of its socket.
func startRedis(t *testing.T, defaultUser string) string {
	t.Helper()
	program, err := osexec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("redis-server is needed for this test, install it (Debian: apt-get install redis-server): %v", err)
	}
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	config := fmt.Sprintf(serverConfig, socket, defaultUser)
	config = strings.Replace(config, `"we\x00ird"`, "weird", 1)
	if err := os.WriteFile(filepath.Join(dir, "redis.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := osexec.CommandContext(t.Context(), program, filepath.Join(dir, "redis.conf"), "--dir", dir)
	c.Stdout, c.Stderr = &out, &out
	c.WaitDelay = 10 * time.Second
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
			return socket
		}
		if time.Now().After(deadline) {
			t.Fatalf("redis-server does not answer: %v\n%s", err, out.Bytes())
		}
	}
}

// admin asks a server.
type admin struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func newAdmin(t *testing.T, socket string) *admin {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	a := &admin{t: t, conn: conn, r: bufio.NewReader(conn)}
	a.do("AUTH", "admin", "adminpw")
	return a
}

// do returns the reply as text, elements of arrays one a line.
func (a *admin) do(args ...string) string {
	a.t.Helper()
	a.conn.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err := io.WriteString(a.conn, array(args...)); err != nil {
		a.t.Fatalf("%v: %v", args, err)
	}
	var out strings.Builder
	for need := 1; need > 0; need-- {
		line, err := a.r.ReadString('\n')
		if err != nil {
			a.t.Fatalf("%v: %v", args, err)
		}
		line = strings.TrimSuffix(line, "\r\n")
		n, _ := strconv.Atoi(line[1:])
		switch line[0] {
		case '*':
			need += max(n, 0)
		case '$':
			b := make([]byte, max(n, 0)+2)
			if n >= 0 {
				if _, err := io.ReadFull(a.r, b); err != nil {
					a.t.Fatalf("%v: %v", args, err)
				}
			}
			out.Write(b[:max(n, 0)])
			out.WriteByte('\n')
		default:
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

// refusals is how many logins the server refused since the last call.
func (a *admin) refusals() int {
	a.t.Helper()
	lines := strings.Split(a.do("ACL", "LOG", "100000"), "\n")
	n := 0
	for i := 0; i+3 < len(lines); i++ {
		if lines[i] == "count" && lines[i+2] == "reason" && lines[i+3] == "auth" {
			k, err := strconv.Atoi(strings.TrimPrefix(lines[i+1], ":"))
			if err != nil {
				a.t.Fatalf("ACL LOG: %v", err)
			}
			n += k
		}
	}
	a.do("ACL", "LOG", "RESET")
	return n
}

// lastID is the id of the newest connection.
func (a *admin) lastID() int {
	id := 0
	for _, line := range strings.Split(a.do("CLIENT", "LIST"), "\n") {
		var n int
		if _, err := fmt.Sscanf(line, "id=%d ", &n); err == nil {
			id = max(id, n)
		}
	}
	return id
}

// userOf is who a connection is, "" if it is closed.
func (a *admin) userOf(id int) string {
	for _, f := range strings.Fields(a.do("CLIENT", "LIST", "ID", strconv.Itoa(id))) {
		if u, ok := strings.CutPrefix(f, "user="); ok {
			return u
		}
	}
	return ""
}

// generator makes commands.
type generator struct {
	*rand.Rand
	// silence allows commands that silence replies, which may make a session blind.
	silence bool
	// said are the commands since it was set to nil.
	said []string
}

func (g *generator) pick(s ...string) string { return s[g.IntN(len(s))] }

func (g *generator) credentials() string {
	return g.pick("alice a", "alice a", "bob b", "alice x", "bob x", "off o", "nobody x", "default d", "default x", "weird w")
}

func (g *generator) command() string {
	switch g.IntN(16) {
	case 0, 1:
		return "AUTH " + g.credentials()
	case 2:
		return g.pick("AUTH d", "AUTH x", "AUTH", "AUTH a b c", "AUTH "+g.credentials())
	case 3:
		return "HELLO " + g.pick("2", "3") + " AUTH " + g.credentials() + g.pick("", " SETNAME n", " BOGUS", " SETNAME", " AUTH", " AUTH "+g.credentials(), " SETNAME n\x01m")
	case 4:
		return g.pick("HELLO", "HELLO 2", "HELLO 3", "HELLO 4 AUTH alice a", "HELLO x", "HELLO 3 SETNAME n", "HELLO 3 BOGUS AUTH alice a", "RESET", "RESET")
	case 5, 6:
		return g.pick("MULTI", "MULTI", "EXEC", "EXEC", "EXEC", "DISCARD", "WATCH a", "UNWATCH")
	case 7:
		return g.pick("SUBSCRIBE a b", "PSUBSCRIBE a* b*", "SSUBSCRIBE s", "UNSUBSCRIBE", "UNSUBSCRIBE a x", "PUNSUBSCRIBE", "SUNSUBSCRIBE",
			"SUBSCRIBE", "PUBLISH a hi", "SPUBLISH s hi", "UNSUBSCRIBE", "PUNSUBSCRIBE")
	case 8:
		return g.pick("DEBUG PROTOCOL attrib", "DEBUG PROTOCOL push", "DEBUG PROTOCOL map", "DEBUG PROTOCOL set", "DEBUG PROTOCOL bignum",
			"DEBUG PROTOCOL double", "DEBUG PROTOCOL verbatim", "DEBUG PROTOCOL null", "DEBUG PROTOCOL true", "DEBUG PROTOCOL integer", "CLIENT TRACKING ON", "HGETALL h")
	case 9:
		if g.silence {
			return g.pick("CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "CLIENT REPLY OFF", "CLIENT REPLY ON", "CLIENT REPLY x", "CLIENT REPLY OFF x", "REPLCONF ACK 1", "REPLCONF capa eof")
		}
		return g.pick("CLIENT REPLY ON", "CLIENT ID", "CLIENT REPLY x", "REPLCONF capa eof", "CLIENT SETNAME n")
	case 10:
		if g.IntN(6) == 0 {
			return g.pick("MONITOR", "QUIT")
		}
		return g.pick("BLPOP none 0.01", "XREAD BLOCK 10 STREAMS none $", "WAIT 0 10", "PING", "PING x")
	default:
		return g.pick("GET a", "SET a b", "GET", "FOO", "LRANGE l 0 -1", "LPOP a", "INCR a", "ECHO +OK", "SET a -WRONGPASS",
			"EVAL return{1,{redis.error_reply('x'),'y'}} 0", "EVAL return{ok='QUEUED'} 0", "EVAL return{ok='OK'} 0", "CLIENT LIST", "COMMAND COUNT")
	}
}

// transaction is one that mostly comes to its end.
func (g *generator) transaction() string {
	text := g.encode("MULTI")
	for range g.IntN(5) {
		text += g.encode(g.pick("AUTH "+g.credentials(), "AUTH d", "HELLO 3", "HELLO 2", "HELLO 3 AUTH "+g.credentials(), "GET a", "LRANGE l 0 -1",
			"SET a b", "LPOP a", "UNSUBSCRIBE", "PUBLISH a hi", g.command()))
	}
	return text + g.encode(g.pick("EXEC", "EXEC", "EXEC", "DISCARD"))
}

// encode writes a command in one of the forms that a server reads.
func (g *generator) encode(line string) string {
	g.said = append(g.said, line)
	words := strings.Split(line, " ")
	switch g.IntN(5) {
	case 0:
		return line + g.pick("\r\n", "\n")
	case 1:
		var b strings.Builder
		for _, w := range words {
			switch {
			case w == "" || g.IntN(3) == 0 && !strings.Contains(w, "'"):
				b.WriteString("'" + w + "' ")
			default:
				b.WriteByte('"')
				for i := range len(w) {
					if g.IntN(2) == 0 {
						fmt.Fprintf(&b, "\\x%02x", w[i])
					} else {
						b.WriteByte(w[i])
					}
				}
				b.WriteString("\" ")
			}
		}
		return b.String() + g.pick("\r\n", "\n")
	case 2:
		return g.pick("\r\n", "*0\r\n", "*-1\r\n") + array(words...)
	}
	if g.IntN(3) == 0 {
		words[0] = strings.ToLower(words[0])
	}
	return array(words...)
}

// follow is a connection whose bytes a session sees.
type follow struct {
	*watched
	t    *testing.T
	g    *generator
	conn net.Conn
	log  bytes.Buffer
	seen []byte // the end of the replies
	done bool   // the server closed
}

// send sends text in pieces; replies are read only afterwards.
func (f *follow) send(text string) {
	fmt.Fprintf(&f.log, "> %q\n", text)
	for _, b := range randomly(f.g.Rand)(text) {
		f.Request([]byte(b))
		f.conn.SetDeadline(time.Now().Add(60 * time.Second))
		if _, err := io.WriteString(f.conn, b); err != nil {
			f.done = true
			return
		}
	}
}

// await reads replies until one holds mark, and reports whether one did, or there
// will be none.
func (f *follow) await(mark string, patience time.Duration) bool {
	f.conn.SetReadDeadline(time.Now().Add(patience))
	f.seen = f.seen[:0]
	buf := make([]byte, 64<<10)
	for !bytes.Contains(f.seen, []byte(mark)) {
		n, err := f.conn.Read(buf)
		if n > 0 {
			fmt.Fprintf(&f.log, "< %q\n", buf[:n])
			for _, b := range randomly(f.g.Rand)(string(buf[:n])) {
				f.Reply([]byte(b))
			}
			f.seen = append(f.seen, buf[:n]...)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) && patience < time.Minute {
			return false
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
				f.t.Fatalf("read: %v, waiting for %s, after\n%s", err, mark, f.log.Bytes())
			}
			f.done = true
			return true
		}
	}
	return true
}

// compareRuns follows connections of a server and returns how many there were, how
// many went blind, and how often it was compared and not known.
func compareRuns(t *testing.T, socket string, g *generator, runs int) (blind, compared, unknowns int) {
	t.Helper()
	a := newAdmin(t, socket)
	a.do("RPUSH", "l", "message", "ch", "x")
	a.do("HSET", "h", "f", "v")
	counts := &Counts{}
	mark := 0
	for run := range runs {
		before := a.lastID()
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		f := &follow{watched: watchNew(counts), t: t, g: g, conn: conn}
		id := before
		for deadline := time.Now().Add(2 * time.Minute); id <= before; id = a.lastID() {
			if time.Now().After(deadline) {
				t.Fatal("the server does not take the connection")
			}
		}
		if run == 0 { // so that the sessions know the version
			f.send(cmd("HELLO 3 AUTH alice a") + cmd("RESET"))
		}
		a.refusals()
		untold := counts.Untold.Load()
		g.said = nil
		refused := 0
		for round := 0; round < 12 && !f.done && !f.Blind(); round++ {
			f.clock = f.clock.Add(time.Second)
			f.events = f.events[:0]
			var text strings.Builder
			for range 1 + g.IntN(8) {
				if g.IntN(5) == 0 {
					text.WriteString(g.transaction())
				} else {
					text.WriteString(g.encode(g.command()))
				}
			}
			patience := time.Minute
			if g.silence {
				text.WriteString(cmd(g.pick("CLIENT REPLY ON", "RESET")))
				patience = 100 * time.Millisecond
			}
			// An unknown command is answered whoever asks, and in every mode but silence.
			// RESET ends that whoever asks.
			for {
				mark++
				end := fmt.Sprintf("MARK%d'", mark)
				f.send(text.String() + array("FIRST") + array(end[:len(end)-1]))
				if f.await(end, patience) {
					break
				}
				if patience == stuck { // QUIT in silence does that to Redis 7.0
					f.done = true
					break
				}
				text.Reset()
				text.WriteString(cmd("RESET"))
				patience = stuck
			}
			if f.done || f.Blind() {
				break
			}
			compared++
			want := a.userOf(id)
			switch {
			case f.who == unknown, f.who == nobody && f.rare != nil && f.rare.maybe != nil:
				unknowns++
			case f.who == somebody && f.User() != want, f.who == nobody && want != "default":
				t.Fatalf("run %d: the session says %q (%d), the server %q, told %q, after\n%s", run, f.User(), f.who, want, f.events, f.log.Bytes())
			}
			for _, e := range f.events {
				if strings.HasPrefix(e, "0 ") {
					refused++
				}
			}
			if !g.silence {
				refused += int(counts.Untold.Load() - untold)
				untold = counts.Untold.Load()
				if got := a.refusals(); got != refused {
					t.Fatalf("run %d: the session says %d logins failed, the server %d, after\n%s", run, refused, got, f.log.Bytes())
				}
				refused = 0
			}
		}
		if f.Blind() {
			blind++
			// These are the two ambiguities without silence.
			if said := strings.Join(g.said, "\n"); !g.silence && !strings.Contains(said, "SUBSCRIBE") && strings.Count(said, "MONITOR") < 2 {
				t.Fatalf("run %d: blind after\n%s", run, f.log.Bytes())
			}
		}
		conn.Close()
	}
	return blind, compared, unknowns
}

func TestAgainstRedis(t *testing.T) {
	for name, user := range map[string]string{"closed": ">d", "open": "nopass"} {
		t.Run(name, func(t *testing.T) {
			socket := startRedis(t, user)
			g := &generator{Rand: rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))}
			_, compared, unknowns := compareRuns(t, socket, g, 200)
			if compared < 600 || unknowns > compared/4 {
				t.Errorf("compared %d times, %d of them not known", compared, unknowns)
			}
			g.silence = true
			blind, compared, unknowns := compareRuns(t, socket, g, 80)
			if compared < 150 || unknowns > compared/4 || blind > 40 {
				t.Errorf("compared %d times, %d of them not known, %d of 80 blind", compared, unknowns, blind)
			}
			t.Logf("with silence: compared %d times, %d of them not known, %d of 80 blind", compared, unknowns, blind)
		})
	}
}
