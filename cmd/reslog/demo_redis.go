package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"reslog/client"
)

// What the demo's Redis wants, and where its records are from.
const (
	demoPassword = "open-sesame"
	demoDatabase = "Microsoft.Cache/redisEnterprise/redis/databases/default"
)

// redis connects to the Redis address and shows what is recorded of it.
func (d *demo) redis(ctx context.Context) error {
	d.say("Clients of Redis connect to %s, and the node to the server behind it.", d.node.RedisAddr())
	if err := d.routeTo(ctx, demoDatabase); err != nil {
		return err
	}
	var c *demoClient
	return d.steps(ctx, []demoStep{
		{"connect", 1, func() (err error) { c, err = dialRedis(ctx, d.node.RedisAddr()); return err }},
		{"log in with a wrong password", 1, func() error { return c.refused("WRONGPASS", "AUTH", "default", "sesame") }},
		{"log in", 1, func() error { return c.ask("OK", "AUTH", "default", demoPassword) }},
		{"set a key and get it: commands are not recorded", 0, func() error {
			return errors.Join(c.ask("OK", "SET", "cat", "resized"), c.ask("resized", "GET", "cat"))
		}},
		{"close the connection", 1, func() error { return c.Close() }},
		{"connect and log in as nobody who is there, in the words of RESP3", 3, func() error {
			other, err := dialRedis(ctx, d.node.RedisAddr())
			if err != nil {
				return err
			}
			return errors.Join(other.refused("WRONGPASS", "HELLO", "3", "AUTH", "mallory", "guess"), other.Close())
		}},
	})
}

// routeTo sends the logs of a resource to the archive and to the workspace.
func (d *demo) routeTo(ctx context.Context, of string) error {
	n, err := d.connect()
	if err != nil {
		return err
	}
	to, err := d.sinks(n)
	if err != nil {
		return err
	}
	id, err := completeID(n, "", of)
	if err != nil {
		return err
	}
	_, err = n.PutSetting(ctx, id, "demo", to)
	return err
}

// sinks are the properties of a setting that sends all logs to the archive and, if
// there is one, to the workspace.
func (d *demo) sinks(n *client.Node) (client.SettingProperties, error) {
	to := client.SettingProperties{Logs: []client.SettingLog{{CategoryGroup: "allLogs", Enabled: true}}}
	var err error
	if to.StorageAccountID, err = completeID(n, "", "Microsoft.Storage/storageAccounts/"+demoArchive); err != nil {
		return to, err
	}
	if !d.none {
		to.WorkspaceID = workspacePath(n, "", demoWorkspace)
	}
	return to, nil
}

// demoClient speaks as much of the Redis protocol as the demo needs.
type demoClient struct {
	net.Conn
	replies *bufio.Reader
}

func dialRedis(ctx context.Context, addr string) (*demoClient, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(demoWait)) // fails only for a closed one
	return &demoClient{conn, bufio.NewReader(conn)}, nil
}

// send sends a command and returns the answer: a simple string, an error with its
// sign, or a bulk string.
func (c *demoClient) send(command ...string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := c.Write([]byte(b.String())); err != nil {
		return "", err
	}
	line, err := c.replies.ReadString('\n')
	if err == nil && strings.HasPrefix(line, "$") {
		line, err = c.replies.ReadString('\n')
		return strings.TrimSpace(line), err
	}
	line = strings.TrimSpace(line)
	return strings.TrimPrefix(line, "+"), err
}

// ask sends a command and wants an answer.
func (c *demoClient) ask(want string, command ...string) error {
	got, err := c.send(command...)
	if err == nil && got != want {
		err = fmt.Errorf("the server answered %q to %s", got, command[0])
	}
	return err
}

// refused sends a command and wants an error.
func (c *demoClient) refused(code string, command ...string) error {
	got, err := c.send(command...)
	if err == nil && !strings.HasPrefix(got, "-"+code) {
		err = fmt.Errorf("the server answered %q to %s, and %s was expected", got, command[0], code)
	}
	return err
}
