package redis

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/internal/freeport"
	"reslog/metric"
	"reslog/record"
	"reslog/resource"
	"reslog/service/redis/relay"
)

// sink is an Emitter and a Stream: records are in memory until Sync, as on the bus,
// and then in a file, if it has one.
type sink struct {
	path string
	emit func(record.Record) error // nil keeps

	mu      sync.Mutex
	records []record.Record
	synced  int
	off     bool
}

func (s *sink) Enabled(resource.ID, record.Category) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.off
}

func (*sink) Begin(context.Context, record.Record) error    { return nil }
func (*sink) Withdraw(context.Context, record.Record) error { return nil }

func (s *sink) Emit(_ context.Context, r record.Record) error {
	if s.emit != nil {
		if err := s.emit(r); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = append(s.records, r)
	return nil
}

// Sync returns how many records there are as the mark.
func (s *sink) Sync(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path != "" {
		var b []byte
		for _, r := range s.records[s.synced:] {
			b = append(b, r.ID+" "+string(r.Category)+" "+string(r.Line)+"\n"...)
		}
		f, err := os.OpenFile(s.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if _, err := f.Write(b); err != nil {
			return nil, err
		}
	}
	s.synced = len(s.records)
	return strconv.AppendInt(nil, int64(s.synced), 10), nil
}

// Passed lets go of nothing.
func (s *sink) Passed(context.Context, []byte) error { return nil }

func (s *sink) Since(_ context.Context, mark []byte, _ resource.ID, fn func(string)) error {
	n, _ := strconv.Atoi(string(mark)) // nil is the beginning
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.records[n:s.synced] {
		fn(r.ID)
	}
	return nil
}

// reopenSink is the sink of a process that died, without what it had not synced.
func reopenSink(t *testing.T, path string) *sink {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	s := &sink{path: path}
	for line := range bytes.Lines(b) {
		id, rest, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
		c, text, _ := bytes.Cut(rest, []byte(" "))
		s.records = append(s.records, record.Record{ID: string(id), Category: record.Category(c), Line: bytes.Clone(text)})
	}
	s.synced = len(s.records)
	return s
}

// told is an event as its record tells it, with details.
type told struct {
	Time       string
	Properties struct {
		ID          int64
		ClientIP    string
		EventType   string
		EventStatus *int
		Username    *string
		ClientPort  int
		ServerPort  int
		Database    string
		Reason      string
	}
}

func (e told) String() string {
	p := e.Properties
	s := p.EventType
	if p.EventStatus != nil {
		s += " " + strconv.Itoa(*p.EventStatus)
	}
	if p.Username != nil {
		s += " " + *p.Username
	}
	if p.Reason != "" {
		s += " " + p.Reason
	}
	return s
}

// events are those in the records, in their order.
func (s *sink) events(t *testing.T) []told {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []told
	for _, r := range s.records {
		if r.Category != category {
			continue
		}
		var e told
		if err := json.Unmarshal(r.Line, &e); err != nil {
			t.Fatalf("%s: %v", r.Line, err)
		}
		all = append(all, e)
	}
	return all
}

// stories are what happened to each connection, by ID: "new_conn, auth 8 alice, …".
func (s *sink) stories(t *testing.T) map[int64]string {
	t.Helper()
	all := map[int64]string{}
	for _, e := range s.events(t) {
		id := e.Properties.ID
		if all[id] != "" {
			all[id] += ", "
		}
		all[id] += e.String()
	}
	return all
}

// ended waits until so many connections have ended, and returns all stories, in the
// order of their IDs.
func (s *sink) ended(t *testing.T, n int) []string {
	t.Helper()
	var list []string
	eventually(t, fmt.Sprintf("%d connections have not ended", n), func() bool {
		stories := s.stories(t)
		ids := make([]int64, 0, len(stories))
		closed := 0
		for id, story := range stories {
			ids = append(ids, id)
			if strings.Contains(story, "close_conn") {
				closed++
			}
		}
		slices.Sort(ids)
		list = list[:0]
		for _, id := range ids {
			list = append(list, stories[id])
		}
		return closed >= n
	})
	return list
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

// proxy is a Server that is served, on one address.
type proxy struct {
	*Server
	addr     string
	sink     *sink
	recorder *metric.Recorder
	stop     func() error // once
}

// startProxy serves an upstream on a free address until the test ends, or before.
func startProxy(t *testing.T, upstream relay.Upstream, s *sink, change func(*Config)) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), sink: s, recorder: metric.New(metric.Config{Emitter: s})}
	c := Config{
		Endpoints: []Endpoint{{l, upstream}}, Database: sampleDatabase, Location: "local", Dir: t.TempDir(),
		Emitter: s, Stream: s, Recorder: p.recorder, Details: true, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	if change != nil {
		change(&c)
	}
	if p.Server, err = New(c); err != nil {
		_ = l.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx) }()
	p.stop = sync.OnceValue(func() error {
		cancel()
		return <-served
	})
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return p
}

// redisServer is a redis-server of Debian.
type redisServer struct {
	relay.Upstream
	args []string
	cmd  *exec.Cmd
}

func startRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("the Redis front end is tested with redis-server, a package of Debian: %v", err)
	}
	addr, err := freeport.Addr("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(addr)
	dir := t.TempDir()
	s := &redisServer{Upstream: relay.Upstream{Network: "tcp", Address: addr}}
	s.args = append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir, "--unixsocket", filepath.Join(dir, "s")}, args...)
	s.start(t)
	return s
}

func (s *redisServer) start(t *testing.T) {
	t.Helper()
	s.cmd = exec.CommandContext(t.Context(), "redis-server", s.args...)
	s.cmd.Stdout = t.Output()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	eventually(t, "redis-server does not answer", func() bool {
		c, err := net.Dial("tcp", s.Address)
		if err != nil {
			return false
		}
		defer c.Close()
		// Until it has closed the connection it is a client.
		fmt.Fprint(c, "QUIT\r\n")
		_, err = io.ReadAll(c)
		return err == nil
	})
}

func (s *redisServer) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // says that it was killed
}

// client is a connection that speaks RESP.
type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	return &client{t, conn, bufio.NewReader(conn)}
}

// do sends a command and returns the reply: errors with their "-", arrays and maps as
// their elements in brackets.
func (c *client) do(words ...string) string {
	c.t.Helper()
	reply, err := c.try(words...)
	if err != nil {
		c.t.Fatalf("%q: %v", words, err)
	}
	return reply
}

func (c *client) try(words ...string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := io.WriteString(c, b.String()); err != nil {
		return "", err
	}
	return c.read()
}

func (c *client) read() (string, error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	n, _ := strconv.Atoi(line[1:]) // where it is a length
	switch line[0] {
	case '$':
		if n < 0 {
			return "nil", nil
		}
		text := make([]byte, n+2)
		_, err := io.ReadFull(c.r, text)
		return string(text[:n]), err
	case '%':
		n *= 2
		fallthrough
	case '*':
		all := make([]string, n)
		for i := range all {
			if all[i], err = c.read(); err != nil {
				return "", err
			}
		}
		return fmt.Sprint(all), nil
	case '-':
		return line, nil
	}
	return line[1:], nil
}
