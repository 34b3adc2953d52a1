package server

import (
	"bufio"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stringConn is a connection on which a client has sent all it will.
type stringConn struct {
	net.Conn
	*strings.Reader
}

func (c stringConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }

// requests are what the guard lets through, read as the server reads it.
func requests(t testing.TB, sent string) (list [][]string, err error) {
	t.Helper()
	in := bufio.NewReader(newRequestGuard(stringConn{Reader: strings.NewReader(sent)}))
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return list, err
		}
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(line, "*"), "\r\n"))
		if err != nil || line[0] != '*' || n < 1 || n > maxRequestArgs {
			t.Fatalf("%q begins a request of %q", line, sent)
		}
		var args []string
		for range n {
			if line, err = in.ReadString('\n'); err != nil {
				t.Fatalf("a request of %q ends in the middle: %v", sent, err)
			}
			size, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(line, "$"), "\r\n"))
			if err != nil || line[0] != '$' || size < 0 || size > maxRequestBytes {
				t.Fatalf("%q begins an argument of %q", line, sent)
			}
			arg := make([]byte, size+2)
			if _, err := io.ReadFull(in, arg); err != nil || string(arg[size:]) != "\r\n" {
				t.Fatalf("an argument of %q is %q, %v", sent, arg, err)
			}
			args = append(args, string(arg[:size]))
		}
		list = append(list, args)
	}
}

func TestRequestGuard(t *testing.T) {
	long := strings.Repeat("x", maxInline)
	for _, c := range []struct{ sent, want string }{
		{"*1\r\n$4\r\nPING\r\n", "PING"},
		{"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n", "ECHO,|PING"},
		{"*2\r\n$4\r\nECHO\r\n$6\r\na\r\n$1\x00\r\n", "ECHO,a\r\n$1\x00"},
		{"PING\r\n", "PING"},
		{"ping\n", "ping"},
		{"  set  a \"b \\\"c\\x41\\n\" 'd\\'e' \r\n", "set,a,b \"cA\n,d'e"},
		// What Redis does not answer.
		{"\r\n*0\r\n*-1\r\n\n   \nPING\r\n", "PING"},
		// What it answers and then closes.
		{"PING\r\n\"open\r\nPING\r\n", "PING|!unbalanced quotes in request"},
		{"'a'b\r\n", "!unbalanced quotes in request"},
		{"*x\r\n", "!invalid multibulk length"},
		{"*1048577\r\n", "!invalid multibulk length"},
		{"*99999999999999999999\r\n", "!invalid multibulk length"},
		{"*1\r\nPING\r\n", "!expected '$'"},
		{"*1\r\n$-1\r\n", "!invalid bulk length"},
		{"*1\r\n$1000000000000\r\n", "!invalid bulk length"},
		{"*2\r\n$33554000\r\n" + strings.Repeat("y", 33554000) + "\r\n$33554000\r\n", "!invalid bulk length"},
		{long + "\r\n", "!too big inline request"},
		{"*" + long, "!too big inline request"},
		// What ends early is dropped.
		{"PING\r\n*1\r\n$4\r\nPI", "PING"},
		{"PIN", ""},
	} {
		list, err := requests(t, c.sent)
		var got []string
		for _, args := range list {
			if args[0] == protocolErrorCommand {
				args = []string{"!" + strings.TrimPrefix(args[1], "Protocol error: ")}
			}
			got = append(got, strings.Join(args, ","))
		}
		if text := strings.Join(got, "|"); text != c.want || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%.60q: %.60q, %v; want %q", c.sent, text, err, c.want)
		}
	}
}

func FuzzRequestGuard(f *testing.F) {
	for _, sent := range []string{"PING\r\n", "*1\r\n$4\r\nPING\r\n", "*0\r\nset a 'b'\r\n", "*2\r\n$1\r\na\r\n$-1\r\n", "\"\\x4\"\n"} {
		f.Add(sent)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		list, _ := requests(t, sent)
		if i := slices.IndexFunc(list, func(args []string) bool { return args[0] == protocolErrorCommand }); i >= 0 && i < len(list)-1 {
			t.Errorf("%q: something follows what ends the connection", sent)
		}
	})
}

// redisConn speaks to a server as telnet does.
type redisConn struct {
	net.Conn
	in *bufio.Reader
}

func dialEmbedded(t *testing.T, e *embeddedRedis) *redisConn {
	t.Helper()
	up := e.upstream()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), up.Network, up.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &redisConn{conn, bufio.NewReader(conn)}
}

// says sends text and wants lines back.
func (c *redisConn) says(t *testing.T, text string, want ...string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	for _, w := range want {
		if got, err := c.in.ReadString('\n'); err != nil || strings.TrimSpace(got) != w {
			t.Fatalf("%.40q is answered %q, %v; want %q", text, got, err, w)
		}
	}
}
