package interop

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// client is a client of a node that has one connection, says each thing once, and
// tells nothing of itself that it was not told to.
func (n *redisNode) client(t *testing.T, protocol int, user, password string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{
		Addr: n.addr, Protocol: protocol, Username: user, Password: password, PoolSize: 1, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true,
		DialTimeout: patience, ReadTimeout: patience,
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// printable is how a record names a user whose name is chosen to forge one.
var printable = strings.NewReplacer("\r", `\x0d`, "\n", `\x0a`)

// TestRedisUsers logs in as everybody, with RESP2 and RESP3, and compares what was
// logged with what the client saw and what the server says of it.
func TestRedisUsers(t *testing.T) {
	s := startRedis(t, "--requirepass", redisPassword)
	s.people(t)
	n := before(t, s)
	expected := map[string]int{}
	add := func(events ...string) {
		expected["new, "+strings.Join(append(events, "close client"), ", ")]++
	}
	for _, protocol := range []int{2, 3} {
		for _, who := range []struct {
			user, password, refused string
		}{
			{"", redisPassword, ""},
			{"default", redisPassword, ""},
			{"alice", "wonder", ""},
			{"reader", "books", ""},
			{"open", "whatever", ""},
			{"", "wrong", "WRONGPASS"},
			{"alice", "wrong", "WRONGPASS"},
			{"carol", "left", "WRONGPASS"},
			{"nobody", "x", "WRONGPASS"},
			{"bob\r\n\"}{", "x", "WRONGPASS"},
			{"", "", "NOAUTH"},
		} {
			c := n.client(t, protocol, who.user, who.password)
			err := c.Ping(t.Context()).Err()
			name := who.user
			if name == "" {
				name = "default"
			}
			switch {
			case who.refused == "" && err != nil:
				t.Errorf("%s, RESP%d: %v", name, protocol, err)
			case who.refused != "" && (err == nil || !strings.Contains(err.Error(), who.refused)):
				t.Errorf("%s, RESP%d: %v, want %s", name, protocol, err, who.refused)
			}
			check(t, c.Close())
			switch who.refused {
			case "":
				add(fmt.Sprintf("auth %d %s", authOK, name))
			case "NOAUTH":
				add()
			default: // HELLO, then AUTH
				failed := fmt.Sprintf("auth %d %s", authFailed, printable.Replace(name))
				add(failed, failed)
			}
		}
	}
	got := n.closed(t, 22)
	wantStories(t, got, expected)
	// Those that were refused are those of the server's own list.
	failures := map[string]int{}
	for name, times := range s.refusals(t) {
		failures[printable.Replace(name)] = times
	}
	logged := map[string]int{}
	for _, c := range n.events(t) {
		for _, l := range c {
			if l.Properties.EventStatus != nil && *l.Properties.EventStatus == authFailed {
				logged[l.Properties.Username]++
			}
		}
	}
	wantStories(t, logged, failures)
	// The table tells them apart as the queries of the documentation do.
	want(t, "failed logins of the table", n.asks(`REDConnectionEvents | where EventType == "auth" and EventStatus !in (2, 8, 7) | summarize count() by ClientIp`), "127.0.0.1|20")
	want(t, "successful logins of the table", n.asks(`REDConnectionEvents | where EventType == "auth" and (EventStatus == 2 or EventStatus == 8 or EventStatus == 7) | summarize count() by ClientIp`), "127.0.0.1|10")
}

// TestRedisOpen connects to a server that lets in everybody: nobody has to log in,
// and who does so all the same is told that it is not needed.
func TestRedisOpen(t *testing.T) {
	n := before(t, startRedis(t))
	c := n.client(t, 3, "", "")
	check(t, c.Set(t.Context(), "k", "v", 0).Err())
	check(t, c.Close())
	c = n.client(t, 3, "default", "anything")
	check(t, c.Ping(t.Context()).Err())
	check(t, c.Close())
	raw := n.dial(t)
	raw.ask("AUTH something\r\n", "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n")
	raw.close()
	got := n.closed(t, 3)
	wantStories(t, got, map[string]int{
		fmt.Sprintf("new, auth %d default, close client", authOK):          1,
		fmt.Sprintf("new, auth %d default, close client", authNotRequired): 2,
	})
}

// TestRedisCommands has clients use all kinds of commands: what they get is what the
// server has, whatever the size.
func TestRedisCommands(t *testing.T) {
	s := startRedis(t, "--requirepass", redisPassword)
	n := before(t, s)
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprint("RESP", protocol), func(t *testing.T) {
			c := n.client(t, protocol, "", redisPassword)
			t.Run("pipelines", func(t *testing.T) { redisPipelines(t, s, c) })
			t.Run("values", func(t *testing.T) { redisValues(t, c) })
			t.Run("transactions", func(t *testing.T) { redisTransactions(t, c) })
			t.Run("scripts", func(t *testing.T) { redisScripts(t, c) })
			check(t, c.Close())
		})
	}
	t.Run("blocking", func(t *testing.T) { redisBlocking(t, n) })
	t.Run("publishing", func(t *testing.T) { redisPublishing(t, n) })
	connections := n.connections(t)
	wantStories(t, n.closed(t, connections), map[string]int{fmt.Sprintf("new, auth %d default, close client", authOK): connections})
}

// redisPipelines sends thousands of commands before it reads an answer.
func redisPipelines(t *testing.T, s *redisServer, c *redis.Client) {
	const commands = 10_000
	ctx := t.Context()
	check(t, c.Del(ctx, "n").Err())
	cmds, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range commands {
			p.Incr(ctx, "n")
			p.Set(ctx, fmt.Sprint("key", i), strings.Repeat("v", i%300), 0)
		}
		return nil
	})
	check(t, err)
	for i := range commands {
		if got := cmds[2*i].(*redis.IntCmd).Val(); got != int64(i+1) {
			t.Fatalf("answer %d is %d", i, got)
		}
	}
	n, err := s.Get(ctx, "n").Int()
	check(t, err)
	want(t, "counted by the server", n, commands)
}

// redisValues writes and reads values of any bytes, up to 32 MiB.
func redisValues(t *testing.T, c *redis.Client) {
	ctx := t.Context()
	for _, size := range []int{0, 1, 16 << 10, 1<<16 + 1, 1 << 20, 32 << 20} {
		value := string(noise(size))
		check(t, c.Set(ctx, "value\r\n", value, 0).Err())
		got, err := c.Get(ctx, "value\r\n").Result()
		check(t, err)
		if got != value {
			t.Errorf("a value of %d bytes is not what was set", size)
		}
	}
	var members []any
	for i := range 20_000 {
		members = append(members, fmt.Sprint("m", i))
	}
	check(t, c.Del(ctx, "set").Err())
	check(t, c.SAdd(ctx, "set", members...).Err())
	got, err := c.SMembers(ctx, "set").Result()
	check(t, err)
	want(t, "members", len(got), len(members))
	check(t, c.HSet(ctx, "hash", "a", "1", "b", "*2\r\n$4\r\nAUTH\r\n").Err())
	hash, err := c.HGetAll(ctx, "hash").Result()
	check(t, err)
	want(t, "a field that looks like a command", hash["b"], "*2\r\n$4\r\nAUTH\r\n")
}

// redisTransactions runs and discards transactions, also such that fail.
func redisTransactions(t *testing.T, c *redis.Client) {
	ctx := t.Context()
	check(t, c.Set(ctx, "balance", 10, 0).Err())
	for range 100 {
		_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Incr(ctx, "balance")
			p.Get(ctx, "balance")
			return nil
		})
		check(t, err)
	}
	n, err := c.Get(ctx, "balance").Int()
	check(t, err)
	want(t, "balance", n, 110)
	err = c.Watch(ctx, func(tx *redis.Tx) error {
		check(t, tx.Set(ctx, "balance", 1, 0).Err())
		_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Set(ctx, "balance", 2, 0)
			return nil
		})
		return err
	}, "balance")
	want(t, "a transaction that was overtaken", err, error(redis.TxFailedErr))
}

func redisScripts(t *testing.T, c *redis.Client) {
	ctx := t.Context()
	got, err := c.Eval(ctx, `redis.call("SET", KEYS[1], ARGV[1]); return {1, "two", {3, false}, redis.call("GET", KEYS[1])}`, []string{"script"}, "x").Slice()
	check(t, err)
	want(t, "a script", fmt.Sprint(got), "[1 two [3 <nil>] x]")
	check(t, c.XAdd(ctx, &redis.XAddArgs{Stream: "stream", Values: []any{"a", "b"}}).Err())
	messages, err := c.XRange(ctx, "stream", "-", "+").Result()
	check(t, err)
	if len(messages) == 0 || messages[0].Values["a"] != "b" {
		t.Errorf("a stream of %v", messages)
	}
}

// redisBlocking waits for what another client pushes.
func redisBlocking(t *testing.T, n *redisNode) {
	for _, protocol := range []int{2, 3} {
		waits, pushes := n.client(t, protocol, "", redisPassword), n.client(t, protocol, "", redisPassword)
		_, err := waits.BLPop(t.Context(), time.Second, "nothing").Result()
		want(t, "what nobody pushed", err, error(redis.Nil))
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range 50 {
				got, err := waits.BLPop(t.Context(), patience, "queue").Result()
				if err != nil || got[1] != fmt.Sprint(i) {
					t.Errorf("popped %v: %v", got, err)
				}
			}
		})
		for i := range 50 {
			check(t, pushes.RPush(t.Context(), "queue", i).Err())
			time.Sleep(time.Duration(i%5) * time.Millisecond)
		}
		wg.Wait()
		check(t, waits.Close())
		check(t, pushes.Close())
	}
}

// redisPublishing subscribes to what another client publishes.
func redisPublishing(t *testing.T, n *redisNode) {
	const messages = 2000
	for _, protocol := range []int{2, 3} {
		subscriber, publisher := n.client(t, protocol, "", redisPassword), n.client(t, protocol, "", redisPassword)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		sub := subscriber.PSubscribe(ctx, "news.*")
		_, err := sub.Receive(ctx)
		check(t, err)
		check(t, sub.Subscribe(ctx, "other"))
		_, err = sub.Receive(ctx)
		check(t, err)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := publisher.Pipelined(ctx, func(p redis.Pipeliner) error {
				for i := range messages {
					p.Publish(ctx, []string{"news.a", "other"}[i%2], i)
				}
				return nil
			})
			if err != nil {
				t.Errorf("publish: %v", err)
			}
		})
		for i := range messages {
			m, err := sub.ReceiveMessage(ctx)
			check(t, err)
			if m.Payload != fmt.Sprint(i) {
				t.Fatalf("message %d is %s", i, m.Payload)
			}
		}
		wg.Wait()
		check(t, sub.Unsubscribe(ctx, "other"))
		check(t, sub.Ping(ctx))
		cancel()
		check(t, sub.Close())
		check(t, subscriber.Close())
		check(t, publisher.Close())
	}
}

// TestRedisAtOnce connects many clients at once, each of which does a little: every
// connection has its own events, and no ID is there twice.
func TestRedisAtOnce(t *testing.T) {
	const clients = 300
	s := startRedis(t, "--requirepass", redisPassword)
	s.people(t)
	n := before(t, s)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			user, password := "alice", "wonder"
			if i%3 == 0 {
				password = "wrong"
			}
			c := n.client(t, 2+i%2, user, password)
			err := c.Set(t.Context(), fmt.Sprint("at once", i), i, 0).Err()
			if (err != nil) != (i%3 == 0) {
				t.Errorf("client %d: %v", i, err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got := n.closed(t, clients)
	wantStories(t, got, map[string]int{
		"new, auth 8 alice, close client":               clients / 3 * 2,
		"new, auth 0 alice, auth 0 alice, close client": clients / 3,
	})
	want(t, "refused by the server", s.refusals(t)["alice"], 2*clients/3)
}

// TestRedisUnixSocket leads to a server on a Unix socket.
func TestRedisUnixSocket(t *testing.T) {
	s := startRedis(t, "--requirepass", redisPassword)
	tcp := s.addr
	s.addr = "unix:" + s.socket
	n := before(t, s)
	c := n.client(t, 3, "", redisPassword)
	check(t, c.Set(t.Context(), "by", "socket", 0).Err())
	clients, err := s.ClientList(t.Context()).Result()
	check(t, err)
	s.asked++ // for that
	if slices.ContainsFunc(strings.Split(clients, "\n"), func(line string) bool { return strings.Contains(line, "laddr="+tcp) }) {
		t.Errorf("somebody connected by TCP:\n%s", clients)
	}
	check(t, c.Close())
	got := n.closed(t, 1)
	wantStories(t, got, map[string]int{"new, auth 8 default, close client": 1})
}

// TestRedisStops stops a node with clients connected, and a server that is not there.
func TestRedisStops(t *testing.T) {
	s := startRedis(t, "--requirepass", redisPassword)
	n := before(t, s)
	var conns []net.Conn
	for range 5 {
		raw := n.dial(t)
		raw.ask("AUTH "+`"`+redisPassword+`"`+"\r\n", "+OK\r\n")
		conns = append(conns, raw.Conn)
	}
	n.Restart(t)
	for _, c := range conns {
		check(t, c.SetReadDeadline(time.Now().Add(patience)))
		if b, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("read %d bytes of a node that was stopped", b)
		}
	}
	n.addr = n.RedisAddrs()[0]
	n.asks = n.asking(t)
	got := n.closed(t, 5)
	wantStories(t, got, map[string]int{"new, auth 8 default, close stopped": 5})
}
