package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"reslog/internal/freeport"
	"reslog/internal/localca"
)

// fakeServer answers commands by their words, joined; "" is what it says before any.
type fakeServer map[string]string

// start serves until the test ends, and returns where.
func (f fakeServer) start(t *testing.T, network, address string, c *tls.Config) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	if c != nil {
		l = tls.NewListener(l, c)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go f.serve(conn)
		}
	}()
	return l.Addr().String()
}

func (f fakeServer) serve(conn net.Conn) {
	defer conn.Close()
	if first, ok := f[""]; ok {
		fmt.Fprint(conn, first)
		return
	}
	r := bufio.NewReader(conn)
	for {
		words, err := readCommand(r)
		if err != nil {
			return
		}
		answer, ok := f[strings.Join(words, " ")]
		if !ok {
			answer = "-ERR unknown command '" + words[0] + "', with args beginning with: '" + strings.Join(words[1:], "' '") + "' \r\n"
		}
		if answer == "close" {
			return
		}
		fmt.Fprint(conn, answer)
	}
}

// readCommand reads an array of texts.
func readCommand(r *bufio.Reader) ([]string, error) {
	head, err := readLine(r)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimPrefix(head, "*"))
	if err != nil {
		return nil, err
	}
	words := make([]string, n)
	for i := range words {
		if words[i], err = readAnswer(r); err != nil {
			return nil, err
		}
	}
	return words, nil
}

func text(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

func ask(t *testing.T, f fakeServer, c Config) *Client {
	t.Helper()
	c.Address = f.start(t, "tcp", "127.0.0.1:0", nil)
	return New(c)
}

func TestOpen(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		open   bool
		fails  string
	}{
		"no password":          {"+PONG\r\n", true, ""},
		"a password":           {"-NOAUTH Authentication required.\r\n", false, ""},
		"it loads":             {"-LOADING Redis is loading the dataset in memory\r\n", true, ""},
		"default may not PING": {"-NOPERM this user has no permissions to run the 'ping' command\r\n", true, ""},
		"too many clients":     {"-ERR max number of clients reached\r\n", false, "max number of clients"},
		"it closes":            {"close", false, "unexpected EOF"},
		"not Redis":            {"HTTP/1.1 400 Bad Request\r\n", false, "not what Redis answers"},
		"an endless line":      {"+" + strings.Repeat("x", 2*maxLine) + "\r\n", false, "line of more than"},
	} {
		t.Run(name, func(t *testing.T) {
			// The password is not used for this question.
			client := ask(t, fakeServer{"PING": c.answer}, Config{Password: "secret"})
			open, err := client.Open(t.Context())
			if open != c.open || (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("open %v, error %v; want %v, %q", open, err, c.open, c.fails)
			}
		})
	}
	t.Run("protected mode", func(t *testing.T) {
		client := ask(t, fakeServer{"": "-DENIED Redis is running in protected mode because\r\n"}, Config{})
		if open, err := client.Open(t.Context()); open || err != nil {
			t.Errorf("open %v, error %v", open, err)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		addr, err := freeport.Addr("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{Address: addr}).Open(t.Context()); err == nil {
			t.Error("it was asked")
		}
	})
}

// A password may be in no error, not even when the server repeats it.
func TestPasswordIsInNoError(t *testing.T) {
	const password = "hunter2"
	for name, f := range map[string]fakeServer{
		"repeated":  {"PING": "+PONG\r\n"}, // AUTH is unknown, and comes back
		"refused":   {"AUTH u hunter2": "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
		"in a text": {"AUTH u hunter2": "+OK\r\n", "INFO": "-ERR you are hunter\x00\x1b[31m\r\n"},
		"closed":    {"AUTH u hunter2": "close"},
	} {
		t.Run(name, func(t *testing.T) {
			client := ask(t, f, Config{User: "u", Password: password})
			for _, err := range []error{second(client.Info(t.Context())), second(client.Clients(t.Context()))} {
				if err == nil || strings.Contains(err.Error(), password) || strings.ContainsAny(err.Error(), "\x00\x1b") {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func TestRefusalsAreErrors(t *testing.T) {
	client := ask(t, fakeServer{
		"INFO":        "-NOAUTH Authentication required.\r\n",
		"CLIENT LIST": "-NOPERM User default has no permissions to run the 'client|list' command\r\n",
	}, Config{})
	for _, c := range []struct {
		err  error
		code string
	}{
		{second(client.Info(t.Context())), "NOAUTH"},
		{second(client.Clients(t.Context())), "NOPERM"},
	} {
		var refusal *Error
		if !errors.As(c.err, &refusal) || refusal.Code != c.code {
			t.Errorf("error %v, want %s", c.err, c.code)
		}
	}
}

func TestInfo(t *testing.T) {
	const info = "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n\r\n# Keyspace\r\ndb0:keys=3,expires=0,avg_ttl=0\r\nexecutable:/a:b\r\nodd\r\n"
	for name, f := range map[string]fakeServer{
		"with a password":  {"AUTH pw": "+OK\r\n", "INFO": text(info)},
		"nobody wants one": {"AUTH pw": "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n", "INFO": text(info)},
		"nor did they":     {"AUTH pw": "-ERR Client sent AUTH, but no password is set\r\n", "INFO": text(info)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ask(t, f, Config{Password: "pw"}).Info(t.Context())
			if err != nil || len(got) != 4 || got["run_id"] != "abc" || got["db0"] != "keys=3,expires=0,avg_ttl=0" || got["executable"] != "/a:b" {
				t.Errorf("%v, error %v", got, err)
			}
		})
	}
}

// A line of redis-server 7.0.15, one of 7.2 over IPv6, one of a Unix socket.
const clientList = "id=3 addr=10.1.2.3:50706 laddr=127.0.0.1:6379 fd=8 name=worker-1 age=12 idle=3 flags=N db=2 sub=0 psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=20448 argv-mem=10 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=0 tot-mem=22298 events=r cmd=client|list user=alice redir=-1 resp=2\n" +
	"id=4 addr=[::1]:1234 laddr=[::1]:6379 fd=9 name= age=1 idle=0 flags=P db=0 cmd=subscribe user=default lib-name=go-redis(,go1.26) lib-ver=9.23.0 resp=3\n" +
	"id=5 addr=/run/redis.sock:0 laddr=/run/redis.sock:0 fd=10 name= age=99999999999999999999 idle=x flags=U db=0 cmd=NULL user=default resp=2\n" +
	"nothing of it\n"

func TestClients(t *testing.T) {
	client := ask(t, fakeServer{"CLIENT LIST": text(clientList)}, Config{})
	got, err := client.Clients(t.Context())
	want := []ClientInfo{
		{ID: 3, Addr: netip.MustParseAddrPort("10.1.2.3:50706"), Name: "worker-1", User: "alice", Command: "client|list", Flags: "N", Database: 2, Age: 12 * time.Second, Idle: 3 * time.Second},
		{ID: 4, Addr: netip.MustParseAddrPort("[::1]:1234"), User: "default", Command: "subscribe", Flags: "P", Library: "go-redis(,go1.26)", LibraryVersion: "9.23.0", Age: time.Second},
		{ID: 5, User: "default", Command: "NULL", Flags: "U"},
	}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v\nerror %v", got, want, err)
	}
	client.remember(&net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 50706})
	if got, err := client.Clients(t.Context()); err != nil || len(got) != 2 || got[0].ID != 4 {
		t.Errorf("without the Client's own: %v, error %v", got, err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	for name, c := range map[string]struct{ answer, fails string }{
		"a length beyond all bounds": {"$2000000000\r\n", "at most"},
		"a length that is none":      {"$x\r\n", "without a length"},
		"null":                       {"$-1\r\n", "without a length"},
		"a length that is too short": {"$1\r\nabc\r\n", "longer than its length"},
		"an array":                   {"*1\r\n", "not what Redis answers"},
		"an empty line":              {"\r\n", "empty line"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, fakeServer{"INFO": c.answer}, Config{}).Info(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("error %v, want %q", err, c.fails)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // never accepts: the connection is made, and silent
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := New(Config{Address: l.Addr().String(), Timeout: 20 * time.Millisecond}).Info(t.Context()); err == nil {
		t.Error("a silent server was not given up")
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := New(Config{Address: l.Addr().String(), Timeout: time.Hour}).Info(ctx); err == nil {
		t.Error("it did not end with its context")
	}
}

func TestUnixSocket(t *testing.T) {
	address := fakeServer{"PING": "+PONG\r\n", "CLIENT LIST": text(clientList)}.start(t, "unix", filepath.Join(t.TempDir(), "s"), nil)
	c := New(Config{Network: "unix", Address: address})
	if open, err := c.Open(t.Context()); !open || err != nil {
		t.Errorf("open %v, error %v", open, err)
	}
	if got, err := c.Clients(t.Context()); len(got) != 3 || err != nil {
		t.Errorf("%v, error %v", got, err)
	}
}

func TestTLS(t *testing.T) {
	ca, err := localca.Open(localca.Config{Dir: t.TempDir(), Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(ca.CertFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	address := fakeServer{"PING": "+PONG\r\n"}.start(t, "tcp", "127.0.0.1:0", &tls.Config{GetCertificate: ca.GetCertificate})
	// The name that the certificate must have is that of the address.
	if open, err := New(Config{Address: address, TLS: &tls.Config{RootCAs: roots}}).Open(t.Context()); !open || err != nil {
		t.Errorf("open %v, error %v", open, err)
	}
	for name, c := range map[string]*tls.Config{"unknown authority": {}, "another name": {RootCAs: roots, ServerName: "elsewhere"}} {
		if _, err := New(Config{Address: address, TLS: c}).Open(t.Context()); err == nil {
			t.Errorf("%s: the server was believed", name)
		}
	}
}
