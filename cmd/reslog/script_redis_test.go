package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"reslog/client"
)

// redisConns are the connections of a script, by name; redisConnsKey is where the
// script has them.
type redisConns map[string]*redisScriptConn

type redisConnsKey struct{}

type redisScriptConn struct {
	net.Conn
	in *bufio.Reader
}

// redisCommand is
//
//	redis open NAME                    connects to the node of $RESLOG_DATA
//	redis NAME COMMAND ARG… ANSWER     sends a command; the answer begins so
//	redis close NAME
//
// \x1b in an argument is an escape character.
func redisCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: redis open|close name, redis name command … answer")
	}
	conns := ts.Value(redisConnsKey{}).(redisConns)
	switch args[0] {
	case "open":
		conn, err := openRedis(ts)
		ts.Check(err)
		conns[args[1]] = conn
		ts.Defer(func() { conn.Close() })
	case "close":
		ts.Check(conns[args[1]].Close())
	default:
		want := args[len(args)-1]
		got, err := conns[args[0]].ask(args[1 : len(args)-1])
		ts.Check(err)
		if !strings.HasPrefix(got, want) {
			ts.Fatalf("%s is answered %q", args[1], got)
		}
	}
}

// deliveredCommand waits for a number of records, where it is known how many there
// will be.
func deliveredCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: delivered number")
	}
	n, err := client.FindNode(client.NodeConfig{Data: ts.Getenv("RESLOG_DATA")})
	ts.Check(err)
	eventually(ts, "wait for the records", func() error {
		deliveries, err := n.Deliveries(context.Background())
		if err != nil {
			return err
		}
		var delivered uint64
		for _, d := range deliveries {
			delivered += d.Delivered
		}
		if got := strconv.FormatUint(delivered, 10); got != args[0] {
			return fmt.Errorf("%s records are delivered", got)
		}
		return nil
	})
}

func openRedis(ts *testscript.TestScript) (*redisScriptConn, error) {
	raw, err := os.ReadFile(filepath.Join(ts.Getenv("RESLOG_DATA"), "endpoints.json"))
	if err != nil {
		return nil, err
	}
	var endpoints struct{ Redis string }
	if err := json.Unmarshal(raw, &endpoints); err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", endpoints.Redis)
	if err != nil {
		return nil, err
	}
	return &redisScriptConn{conn, bufio.NewReader(conn)}, conn.SetDeadline(time.Now().Add(scriptLimit))
}

func (c *redisScriptConn) ask(command []string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(command))
	for _, word := range command {
		word = strings.ReplaceAll(word, `\x1b`, "\x1b")
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(c, b.String()); err != nil {
		return "", err
	}
	return c.in.ReadString('\n')
}
