package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"reslog/metric"
	"reslog/record"
	"reslog/service/redis/event"
	"reslog/service/redis/relay"
)

// Each way to come in, and to go.
func TestEvents(t *testing.T) {
	r := startRedis(t, "--requirepass", "pw", "--user", "alice", "on", ">wonder", "~*", "+@all")
	p := startProxy(t, r.Upstream, new(sink), nil)
	for i, c := range []struct {
		name  string
		do    func(c *client)
		story string
	}{
		{"nothing", func(*client) {}, "new_conn, close_conn client"},
		{"no password", func(c *client) { c.do("PING") }, "new_conn, close_conn client"},
		{"AUTH", func(c *client) { c.do("AUTH", "pw") }, "new_conn, auth 8 default, close_conn client"},
		{"AUTH of a user", func(c *client) { c.do("AUTH", "alice", "wonder") }, "new_conn, auth 8 alice, close_conn client"},
		{"a wrong password, then the right one", func(c *client) {
			c.do("AUTH", "alice", "nonsense")
			c.do("AUTH", "alice", "wonder")
			c.do("PING")
		}, "new_conn, auth 0 alice, auth 8 alice, close_conn client"},
		{"HELLO", func(c *client) { c.do("HELLO", "3", "AUTH", "alice", "wonder", "SETNAME", "w") }, "new_conn, auth 8 alice, close_conn client"},
		{"HELLO with a wrong password", func(c *client) { c.do("HELLO", "3", "AUTH", "alice", "x") }, "new_conn, auth 0 alice, close_conn client"},
		{"a name that is no text", func(c *client) { c.do("AUTH", "al\xffice\r\n", "wonder") }, `new_conn, auth 0 al\xffice\x0d\x0a, close_conn client`},
		{"QUIT", func(c *client) {
			c.do("QUIT")
			_, _ = c.read() // the end
		}, "new_conn, close_conn server"},
		{"in a transaction", func(c *client) {
			c.do("AUTH", "pw")
			c.do("MULTI")
			c.do("AUTH", "alice", "wonder")
			c.do("EXEC")
		}, "new_conn, auth 8 default, auth 8 alice, close_conn client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, p.addr)
			c.do(conn)
			local := conn.LocalAddr().(*net.TCPAddr)
			_ = conn.Close()
			if got := p.sink.ended(t, i+1)[i]; got != c.story {
				t.Errorf("it is told as %q, want %q", got, c.story)
			}
			all := p.sink.events(t)
			last := all[len(all)-1].Properties
			if last.ClientIP != "127.0.0.1" || last.ClientPort != local.Port || fmt.Sprintf("127.0.0.1:%d", last.ServerPort) != p.addr {
				t.Errorf("from %s:%d to port %d, want from %s to %s", last.ClientIP, last.ClientPort, last.ServerPort, local, p.addr)
			}
		})
	}
	st := p.Stats()
	if st.Accepted != 10 || st.Open != 0 || st.Refused != 0 || st.Logins[event.OK] != 6 || st.Logins[event.Failed] != 3 || st.Unkept != 0 || st.Blind != 0 || st.Audit != nil {
		t.Errorf("stats %+v", st)
	}
}

func TestNoPasswordNeeded(t *testing.T) {
	p := startProxy(t, startRedis(t).Upstream, new(sink), nil)
	conn := dial(t, p.addr)
	conn.do("SET", "k", "v")
	conn.do("GET", "k")
	_ = conn.Close()
	if got := p.sink.ended(t, 1)[0]; got != "new_conn, auth 2 default, close_conn client" {
		t.Errorf("it is told as %q", got)
	}
}

func TestServerIsKilledAndRestarted(t *testing.T) {
	r := startRedis(t)
	p := startProxy(t, r.Upstream, new(sink), nil)
	conn := dial(t, p.addr)
	conn.do("PING")
	r.kill()
	if got := p.sink.ended(t, 1)[0]; got != "new_conn, auth 2 default, close_conn server" {
		t.Errorf("it is told as %q", got)
	}
	if reply, err := dial(t, p.addr).try("PING"); err == nil && !strings.HasPrefix(reply, "-") {
		t.Errorf("without a server, PING is answered with %q", reply)
	}
	if got := p.sink.ended(t, 2)[1]; got != "new_conn, close_conn noServer" {
		t.Errorf("it is told as %q", got)
	}
	r.start(t)
	eventually(t, "no connection after the restart", func() bool {
		reply, err := dial(t, p.addr).try("PING")
		return err == nil && reply == "PONG"
	})
}

func TestStop(t *testing.T) {
	p := startProxy(t, startRedis(t).Upstream, new(sink), nil)
	for range 20 {
		dial(t, p.addr).do("PING")
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	for _, story := range p.sink.ended(t, 20) {
		if story != "new_conn, auth 2 default, close_conn stopped" {
			t.Errorf("it is told as %q", story)
		}
	}
	if _, err := net.Dial("tcp", p.addr); err == nil {
		t.Error("it still accepts")
	}
	if err := p.Close(); err != nil {
		t.Errorf("a second close: %v", err)
	}
}

// What nobody asked for has no record, but is in the book.
func TestNobodyAsks(t *testing.T) {
	s := &sink{off: true}
	p := startProxy(t, startRedis(t).Upstream, s, nil)
	dial(t, p.addr).do("PING")
	if list, err := p.Clients(t.Context()); err != nil || len(list.Clients) != 1 || len(s.events(t)) != 0 {
		t.Errorf("%+v, error %v, records %v", list, err, s.events(t))
	}
}

func TestClients(t *testing.T) {
	r := startRedis(t, "--user", "alice", "on", ">wonder", "~*", "+@all", "--user", "watcher", "on", ">w", "+client|list", "--user", "blind", "on", ">w", "+ping")
	p := startProxy(t, r.Upstream, new(sink), func(c *Config) { c.User, c.Password = "watcher", "w" })
	one, two, direct := dial(t, p.addr), dial(t, p.addr), dial(t, r.Address)
	one.do("AUTH", "alice", "nonsense")
	one.do("HELLO", "3", "AUTH", "alice", "wonder", "SETNAME", "worker-1")
	one.do("SELECT", "3")
	two.do("PING")
	direct.do("CLIENT", "SETNAME", "past the proxy")
	direct.do("CLIENT", "SETNAME", "past-the-proxy")
	list, err := p.Clients(t.Context())
	if err != nil || len(list.Clients) != 3 || len(list.Servers) != 1 || list.Servers[0].Problem != "" {
		t.Fatalf("%+v, error %v", list, err)
	}
	byAddr := map[netip.AddrPort]Client{}
	for _, c := range list.Clients {
		byAddr[c.Client] = c
	}
	a := byAddr[one.LocalAddr().(*net.TCPAddr).AddrPort()]
	if a.Seen != SeenBoth || a.Name != "worker-1" || a.User != "alice" || a.ServerUser != "alice" || a.Command != "select" || a.ServerDatabase != 3 || a.Failures != 1 || a.ID == 0 || a.ServerID == 0 ||
		a.Authenticated.IsZero() || a.Opened.IsZero() || a.Server.String() != p.addr || a.Source != "proxy" {
		t.Errorf("%+v", a)
	}
	if b := byAddr[two.LocalAddr().(*net.TCPAddr).AddrPort()]; b.Seen != SeenBoth || b.User != "default" || b.Command != "ping" || b.Name != "" {
		t.Errorf("%+v", b)
	}
	if d := byAddr[direct.LocalAddr().(*net.TCPAddr).AddrPort()]; d.Seen != SeenServer || d.Name != "past-the-proxy" || d.ID != 0 {
		t.Errorf("%+v", d)
	}
	if _, err := json.Marshal(list); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct{ user, password, problem string }{
		"may not":        {"blind", "w", "may not run"},
		"wrong password": {"watcher", "x", "WRONGPASS"},
	} {
		t.Run(name, func(t *testing.T) {
			p := startProxy(t, r.Upstream, new(sink), func(cfg *Config) { cfg.User, cfg.Password = c.user, c.password })
			dial(t, p.addr).do("PING")
			list, err := p.Clients(t.Context())
			if err != nil || len(list.Clients) != 1 || list.Clients[0].Seen != "" || !strings.Contains(list.Servers[0].Problem, c.problem) {
				t.Errorf("%+v, error %v", list, err)
			}
		})
	}
	t.Run("a Unix socket", func(t *testing.T) {
		socket := r.args[slices.Index(r.args, "--unixsocket")+1]
		p := startProxy(t, relay.Upstream{Network: "unix", Address: socket}, new(sink), nil)
		dial(t, p.addr).do("PING")
		list, err := p.Clients(t.Context())
		if err != nil || len(list.Clients) != 1 || list.Clients[0].Seen != "" || !strings.Contains(list.Servers[0].Problem, "Unix socket") {
			t.Errorf("%+v, error %v", list, err)
		}
	})
}

func TestAuditStream(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "audit"))
	if err != nil {
		t.Fatal(err)
	}
	s := new(sink)
	p := startProxy(t, startRedis(t).Upstream, s, func(c *Config) { c.AuditListener = l })
	conn, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, `{"ts":1655821384,"new_conn":{"id":2285001002,"srcip":"10.0.0.9","srcp":"39338","trgip":"10.0.0.1","trgp":"12635","hname":"","bdb_name":"DB1","bdb_uid":"5"}}`+
		`{"ts":1655821385,"action":"auth","id":2285001002,"srcip":"10.0.0.9","srcp":"39338","trgip":"10.0.0.1","trgp":"12635","hname":"","bdb_name":"DB1","bdb_uid":"5","status":2,"username":"user_one","identity":"user:1","acl-rules":"~* +@all"}`)
	eventually(t, "no record of the login", func() bool { return len(s.events(t)) == 2 })
	list, err := p.Clients(t.Context())
	if err != nil || len(list.Clients) != 1 {
		t.Fatalf("%+v, error %v", list, err)
	}
	if c := list.Clients[0]; c.Source != "audit" || c.Database != "DB1" || c.User != "user_one" || c.Client.String() != "10.0.0.9:39338" || c.Seen != "" {
		t.Errorf("%+v", c)
	}
	fmt.Fprint(conn, `{"ts":1655821386,"close_conn":{"id":2285001002,"srcip":"10.0.0.9","srcp":"39338","trgip":"10.0.0.1","trgp":"12635","hname":"","bdb_name":"DB1","bdb_uid":"5"}}`)
	if got := s.ended(t, 1); len(got) != 1 || got[0] != "new_conn, auth 2 user_one, close_conn" {
		t.Errorf("it is told as %q", got)
	}
	if e := s.events(t)[1]; e.Properties.ClientIP != "10.0.0.9" || e.Properties.Database != "DB1" {
		t.Errorf("%+v", e)
	}
	if st := p.Stats(); st.Audit == nil || st.Audit.Events != 3 || st.Logins[event.NotRequired] != 1 || st.Accepted != 0 {
		t.Errorf("stats %+v", st)
	}
}

// In audit mode nothing reaches the server before the new_conn is on disk.
func TestAuditModeWaits(t *testing.T) {
	release := make(chan struct{})
	s := &sink{emit: func(r record.Record) error {
		if strings.Contains(string(r.Line), `"new_conn"`) {
			<-release
		}
		return nil
	}}
	r := startRedis(t)
	p := startProxy(t, r.Upstream, s, func(c *Config) { c.Audit = true })
	conn := dial(t, p.addr)
	answered := make(chan string, 1)
	go func() {
		reply, err := conn.try("SET", "k", "v")
		answered <- fmt.Sprint(reply, err)
	}()
	direct := dial(t, r.Address)
	for range 50 {
		if got := direct.do("GET", "k"); got != "nil" {
			t.Fatalf("the server was told %q before there was a record", got)
		}
	}
	close(release)
	if got := <-answered; got != "OK<nil>" {
		t.Errorf("it is answered with %q", got)
	}
	_ = conn.Close()
	if got := s.ended(t, 1)[0]; got != "new_conn, auth 2 default, close_conn client" {
		t.Errorf("it is told as %q", got)
	}
}

func TestAuditModeRefuses(t *testing.T) {
	var full atomic.Bool
	full.Store(true)
	s := &sink{emit: func(record.Record) error {
		if full.Load() {
			return errors.New("the disk is full")
		}
		return nil
	}}
	p := startProxy(t, startRedis(t).Upstream, s, func(c *Config) { c.Audit = true })
	conn := dial(t, p.addr)
	if reply, err := conn.read(); err != nil || !strings.HasPrefix(reply, "-ERR ") {
		t.Errorf("a client without a record is told %q, error %v", reply, err)
	}
	if reply, err := conn.read(); err == nil {
		t.Errorf("a client without a record was let through: %q", reply)
	}
	if st := p.Stats(); st.Refused != 1 || st.Unkept == 0 {
		t.Errorf("stats %+v", st)
	}
	// What it could not record then, it records when there is room.
	full.Store(false)
	if reply := dial(t, p.addr).do("PING"); reply != "PONG" {
		t.Errorf("it is answered with %q", reply)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	want := []string{"new_conn, close_conn refused", "new_conn, auth 2 default, close_conn stopped"}
	if got := s.ended(t, 2); !slices.Equal(got, want) {
		t.Errorf("they are told as %q, want %q", got, want)
	}
}

func TestNewRefuses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := new(sink)
	good := func() Config {
		return Config{Endpoints: []Endpoint{{l, relay.Upstream{Network: "tcp", Address: "127.0.0.1:1"}}}, Database: sampleDatabase, Dir: t.TempDir(), Emitter: s, Stream: s, Recorder: metric.New(metric.Config{Emitter: s})}
	}
	for want, change := range map[string]func(*Config){
		"Config.Dir":            func(c *Config) { c.Dir = "" },
		"Config.Emitter":        func(c *Config) { c.Stream = nil },
		"is no Microsoft.Cache": func(c *Config) { c.Database = sampleDatabase.Parent() },
		"neither":               func(c *Config) { c.Endpoints = nil },
		"no server":             func(c *Config) { c.Endpoints[0].Upstream.Address = "" },
	} {
		c := good()
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	p, err := New(good())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// The metrics of a run add up to what was sent.
func TestMetricsAddUp(t *testing.T) {
	s := new(sink)
	p := startProxy(t, startRedis(t).Upstream, s, nil)
	ctx, cancel := context.WithCancel(t.Context())
	recorded := make(chan error, 1)
	go func() { recorded <- p.recorder.Run(ctx) }()
	c := dial(t, p.addr)
	for i := range 30 {
		c.do("SET", fmt.Sprint(i), "v")
		c.do("GET", fmt.Sprint(i))
		c.do("GET", "none")
	}
	c.do("LPUSH", "1", "x")     // an error: it is a text
	time.Sleep(3 * time.Second) // so that there is a sample of a second
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-recorded; err != nil {
		t.Fatal(err)
	}
	totals, most := map[string]float64{}, map[string]float64{}
	for _, r := range s.records {
		if r.Category != metricCategory {
			continue
		}
		var m struct {
			MetricName, ResourceID string
			Total, Maximum         float64
		}
		if err := json.Unmarshal(r.Line, &m); err != nil {
			t.Fatal(err)
		}
		if m.ResourceID != sampleDatabase.Parent().Upper() {
			t.Errorf("a metric of %s", m.ResourceID)
		}
		totals[m.MetricName] += m.Total
		most[m.MetricName] = max(most[m.MetricName], m.Maximum)
	}
	if totals["totalcommandsprocessed"] != 91 || totals["getcommands"] != 60 || totals["setcommands"] != 30 || totals["errors"] != 1 {
		t.Errorf("totals %v", totals)
	}
	if most["connectedclients"] != 1 || most["operationsPerSecond"] == 0 || most["cacheRead"] == 0 || most["cacheWrite"] == 0 {
		t.Errorf("maxima %v", most)
	}
}

// The true address of a client is in its records.
func TestProxyHeaders(t *testing.T) {
	p := startProxy(t, startRedis(t).Upstream, new(sink), func(c *Config) {
		c.Trusted, c.AllowOpen = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, true
	})
	for i, c := range []struct{ header, ip string }{
		{"PROXY TCP4 203.0.113.7 10.0.0.1 56324 6379\r\n", "203.0.113.7"},
		{"PROXY TCP6 fd40:8913:31:6810:6c31:200:a01:104 fd00::1 56324 6379\r\n", "fd40:8913:31:6810:6c31:200:a01:104"},
	} {
		conn := dial(t, p.addr)
		fmt.Fprint(conn, c.header)
		conn.do("PING")
		_ = conn.Close()
		p.sink.ended(t, i+1)
		for _, e := range p.sink.events(t)[3*i:] {
			if e.Properties.ClientIP != c.ip || e.Properties.ClientPort != 56324 {
				t.Errorf("%s comes from %s:%d, want %s", e, e.Properties.ClientIP, e.Properties.ClientPort, c.ip)
			}
		}
	}
}

// A cluster has an endpoint for each node, and one book.
func TestTwoEndpoints(t *testing.T) {
	one, two := startRedis(t), startRedis(t, "--requirepass", "pw")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := startProxy(t, one.Upstream, new(sink), func(c *Config) {
		c.Endpoints = append(c.Endpoints, Endpoint{l, two.Upstream}, Endpoint{otherListener(t), one.Upstream})
	})
	dial(t, p.addr).do("PING")
	second := dial(t, l.Addr().String())
	second.do("PING")
	second.do("AUTH", "pw")
	list, err := p.Clients(t.Context())
	if err != nil || len(list.Clients) != 2 || len(list.Servers) != 2 || list.Servers[0].Problem != "" || !strings.Contains(list.Servers[1].Problem, "password") {
		t.Fatalf("%+v, error %v", list, err)
	}
	if a, b := list.Clients[0], list.Clients[1]; a.Seen != SeenBoth || b.Seen != "" || a.ID == b.ID || b.User != "default" {
		t.Errorf("%+v, %+v", a, b)
	}
	if st := p.Stats(); st.Open != 2 || st.Commands != 3 || st.Errors != 1 || st.Logins[event.OK] != 1 || st.Logins[event.NotRequired] != 1 {
		t.Errorf("stats %+v", st)
	}
}

func otherListener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
