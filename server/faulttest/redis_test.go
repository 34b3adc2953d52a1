package faulttest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"reslog/internal/freeport"
)

// redisDatabase is the resource whose events the tests route: the one of the node.
const redisDatabase = "Microsoft.Cache/redisEnterprise/redis/databases/default"

// redisServer is a redis-server, a process of its own, that can be killed.
type redisServer struct {
	addr, dir string
	cmd       *exec.Cmd
}

// startRedis starts a server, which ends with the test.
func startRedis(t *testing.T) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("the Redis front end is tested with redis-server (package redis-server of Debian): %v", err)
	}
	addr, err := freeport.Addr("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s := &redisServer{addr: addr, dir: t.TempDir()}
	s.start(t)
	t.Cleanup(func() { s.kill() })
	return s
}

// users are in the server's configuration: the users that the tests are.
const users = "user alice on >wonder ~* &* +@all\n"

// start starts the process and waits until it answers.
func (s *redisServer) start(t *testing.T) {
	t.Helper()
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.dir, "redis.conf")
	if err := os.WriteFile(file, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.CommandContext(t.Context(), "redis-server", file, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir, "--maxclients", "8000", "--tcp-backlog", "1024")
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "redis-server to answer", func() bool {
		c, err := dialFrom(t.Context(), nil, s.addr)
		if err != nil {
			return false
		}
		defer c.Close()
		return c.ask("PING\r\n", "+PONG\r\n") == nil
	})
}

func (s *redisServer) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // says "signal: killed"
}

// redisConn is a connection to a server or to a node.
type redisConn struct {
	net.Conn
	in *bufio.Reader
}

// redisPatience bounds an answer.
const redisPatience = 2 * time.Minute

// dialFrom connects, from an address of this machine unless that is nil.
func dialFrom(ctx context.Context, source net.IP, addr string) (*redisConn, error) {
	d := net.Dialer{Timeout: redisPatience}
	if source != nil {
		d.LocalAddr = &net.TCPAddr{IP: source}
	}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &redisConn{c, bufio.NewReader(c)}, c.SetDeadline(time.Now().Add(redisPatience))
}

// ask says something, and fails if the answer is another.
func (c *redisConn) ask(words, answer string) error {
	if _, err := io.WriteString(c, words); err != nil {
		return err
	}
	b := make([]byte, len(answer))
	if _, err := io.ReadFull(c.in, b); err != nil {
		return err
	}
	if string(b) != answer {
		return fmt.Errorf("%q is answered by %q", words, b)
	}
	return nil
}

// withRedis lets a node stand before a server.
func withRedis(s *redisServer) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, redisVariable+"="+s.addr) }
}

// redisBootstrap is a file that has a node archive its ConnectionEvents in an account
// of its own.
func redisBootstrap(t *testing.T) string {
	t.Helper()
	var b bootstrap
	b.own(ownAccount)
	b.Settings = append(b.Settings, map[string]any{"name": "own", "resource": redisDatabase, "properties": map[string]any{
		"storageAccountId": accountPath + ownAccount, "logs": []map[string]any{{"category": "ConnectionEvents", "enabled": true}},
	}})
	return b.write(t)
}

// visit is a connection that a client made, from an address that no other has.
type visit struct {
	connected, answered, loggedIn bool
	round                         int
}

// redisLedger is what the clients know.
type redisLedger struct {
	mu     sync.Mutex
	round  int
	last   uint32
	visits map[string]*visit // by the client's address
}

// source is an address of the loopback that nobody has used.
func (l *redisLedger) source() (net.IP, *visit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	n := l.last + 1<<16 // 127.1.0.1 is the first
	ip := net.IPv4(127, byte(n>>16), byte(n>>8), byte(n))
	if l.visits == nil {
		l.visits = map[string]*visit{}
	}
	v := &visit{round: l.round}
	l.visits[ip.String()] = v
	return ip, v
}

// note notes that something has happened.
func (l *redisLedger) note(what *bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*what = true
}

// visitor connects, says a little, and leaves; many of them are at work at once. ok
// is whether all was answered.
func (l *redisLedger) visitor(ctx context.Context, addr string, n int) (ok bool) {
	ip, v := l.source()
	c, err := dialFrom(ctx, ip, addr)
	if err != nil {
		return false
	}
	defer c.Close()
	l.note(&v.connected)
	if n%4 == 3 { // says nothing
		return true
	}
	if err := c.ask("PING\r\n", "+PONG\r\n"); err != nil {
		return false
	}
	l.note(&v.answered)
	if n%4 == 2 {
		if err := c.ask("AUTH alice wonder\r\n", "+OK\r\n"); err != nil {
			return false
		}
		l.note(&v.loggedIn)
	}
	return true
}

// redisEvents is what the archive says of a connection.
type redisEvents struct {
	id                     int64
	opened, closed, logins int
	failures               int
	reason                 string
	first                  string // the type of the first event
}

// redisEventsOf reads the archive of a node, by the client's address.
func redisEventsOf(t *testing.T, url string) map[string]*redisEvents {
	t.Helper()
	c := accountAt(t, url, ownAccount).NewContainerClient("insights-logs-connectionevents")
	all, ids := map[string]*redisEvents{}, map[int64]string{}
	pager := c.NewListBlobsFlatPager(nil)
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if bloberror.HasCode(err, bloberror.ContainerNotFound) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Segment.BlobItems {
			content := download(t, c, *item.Name)
			if len(content) > 0 && content[len(content)-1] != '\n' {
				t.Errorf("%s ends in the middle of a line", *item.Name)
			}
			for text := range bytes.Lines(content) {
				addRedisEvent(t, text, all, ids)
			}
		}
	}
	return all
}

func addRedisEvent(t *testing.T, text []byte, all map[string]*redisEvents, ids map[int64]string) {
	t.Helper()
	var l struct {
		Category   string
		Properties struct {
			ID                          int64
			ClientIP, EventType, Reason string
			EventStatus                 int
		}
	}
	if err := json.Unmarshal(text, &l); err != nil || l.Category != "ConnectionEvents" {
		t.Errorf("a broken line, %v: %.300q", err, text)
		return
	}
	p := l.Properties
	e := all[p.ClientIP]
	if e == nil {
		e = &redisEvents{id: p.ID, first: p.EventType}
		all[p.ClientIP] = e
	}
	if other, ok := ids[p.ID]; e.id != p.ID || ok && other != p.ClientIP {
		t.Errorf("connection %d of %s is also %d, or of %s", p.ID, p.ClientIP, e.id, other)
	}
	ids[p.ID] = p.ClientIP
	switch {
	case p.EventType == "new_conn":
		e.opened++
	case p.EventType == "close_conn":
		e.closed++
		e.reason = p.Reason
	case p.EventStatus == 8:
		e.logins++
	case p.EventStatus == 0:
		e.failures++
	}
}

// redisSum is what came of all visits.
type redisSum struct {
	visits, connected, recorded, missing, repeated, open, foreign, logins int
	reasons                                                               map[string]int
}

// String is what every test prints.
func (s redisSum) String() string {
	return fmt.Sprintf("%d visits, %d connected, %d with records, %d missing, %d repeated, %d open, %d of nobody, %d logins without just one record; closed by %v",
		s.visits, s.connected, s.recorded, s.missing, s.repeated, s.open, s.foreign, s.logins, s.reasons)
}

// sum holds the archive up against what clients know.
func (l *redisLedger) sum(all map[string]*redisEvents) redisSum {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := redisSum{visits: len(l.visits), recorded: len(all), reasons: map[string]int{}}
	for ip, v := range l.visits {
		e := all[ip]
		if v.connected {
			s.connected++
		}
		if e == nil {
			// Who was not answered may never have been accepted.
			if v.answered {
				s.missing++
			}
			continue
		}
		s.reasons[e.reason]++
		switch {
		case e.opened > 1 || e.closed > 1:
			s.repeated++
		case e.opened == 0 || e.first != "new_conn":
			s.missing++
		case e.closed == 0:
			s.open++
		}
		if v.loggedIn && e.logins != 1 || e.logins > 1 {
			s.logins++
		}
	}
	for ip := range all {
		if l.visits[ip] == nil {
			s.foreign++
		}
	}
	return s
}

// complete waits until all connections of the archive are closed, and reports what is
// not as it should be: up to so many may lack records.
func (l *redisLedger) complete(t *testing.T, url string, atLeast, lost int) redisSum {
	t.Helper()
	var s redisSum
	for deadline := time.Now().Add(patience); ; time.Sleep(500 * time.Millisecond) {
		s = l.sum(redisEventsOf(t, url))
		if s.open+s.missing+s.logins == 0 && s.recorded >= atLeast || time.Now().After(deadline) {
			break
		}
	}
	t.Log(s)
	if s.missing+s.open+s.logins > lost || s.repeated+s.foreign > 0 {
		t.Errorf("%s; %d may lack records", s, lost)
	}
	return s
}

// answered is how many visits were answered.
func (l *redisLedger) answered() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, v := range l.visits {
		if v.answered {
			n++
		}
	}
	return n
}

// crowd is many clients that come and go until ctx ends; the returned function waits
// for the last, and says how many visits failed.
func (l *redisLedger) crowd(ctx context.Context, addr string, size int) func() int64 {
	var wg sync.WaitGroup
	var failed atomic.Int64
	for w := range size {
		wg.Go(func() {
			for i := w; ctx.Err() == nil; i++ {
				if !l.visitor(ctx, addr, i) && ctx.Err() == nil {
					failed.Add(1)
					time.Sleep(50 * time.Millisecond) // nobody may be there
				}
			}
		})
	}
	return func() int64 {
		wg.Wait()
		return failed.Load()
	}
}

// stay opens connections that are left open.
func (l *redisLedger) stay(ctx context.Context, addr string, n int) (conns []*redisConn, err error) {
	for range n {
		ip, v := l.source()
		c, err := dialFrom(ctx, ip, addr)
		if err != nil {
			return conns, err
		}
		conns = append(conns, c)
		l.note(&v.connected)
		if err := c.ask("PING\r\n", "+PONG\r\n"); err != nil {
			return conns, err
		}
		l.note(&v.answered)
	}
	return conns, nil
}

func closeAll(conns []*redisConn) error {
	var errs []error
	for _, c := range conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// rounds is how many there are of what is done again and again: fewer with -short.
func rounds(n int) int {
	if testing.Short() {
		return max(1, n/4)
	}
	return n * soak()
}
