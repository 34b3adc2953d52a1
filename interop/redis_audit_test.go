package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"reslog/server"
	"reslog/server/servertest"
)

// auditRecords are those of "Audit connection events", Redis Software: as the
// document shows them for 6.2.18 to 8.0, and for 8.2.
const (
	auditNew   = `{"ts":%[1]d,"new_conn":{"id":%[2]d,"srcip":"%[3]s","srcp":"39338","trgip":"10.0.0.1","trgp":"12635","hname":"","bdb_name":"DB1","bdb_uid":"5"}}`
	auditLogin = `{"ts":%[1]d,"action":"auth","id":%[2]d,"srcip":"%[3]s","srcp":"39338","trgip":"10.0.0.1","trgp":"12635","hname":"","bdb_name":"DB1","bdb_uid":"5","status":%[4]d,"username":"user_one","identity":"user:1","acl-rules":"~* +@all"}`
	auditClose = `{"ts":%[1]d,"close_conn":{"id":%[2]d,"srcip":"%[3]s","srcp":"39338","trgip":"10.0.0.1","trgp":"12635","hname":"","bdb_name":"DB1","bdb_uid":"5"}}`

	auditNewer = `{"ts":1779874366,"new_conn":{"id":13001000,"srcip":"127.0.0.1","srcp":"46252","trgip":"127.0.0.1","trgp":"12000","bdb_name":"D1","bdb_uid":"1"},"audit_worker_id":0,"audit_seq":0}
{"ts":1779874366,"action":"auth","id":13001000,"srcip":"127.0.0.1","srcp":"46252","trgip":"127.0.0.1","trgp":"12000","bdb_name":"D1","bdb_uid":"1","status":2,"username":"default","identity":"user:default","acl-rules":"allkeys +@all allchannels","audit_worker_id":0,"audit_seq":1}
{"ts":1779874374,"action":"command","id":13001000,"srcip":"127.0.0.1","srcp":"46252","trgip":"127.0.0.1","trgp":"12000","bdb_name":"D1","bdb_uid":"1","status":9,"command":"get","keys":["myKey"],"full_key_size_bytes":3,"captured_key_size_bytes":3,"total_keys_count":1,"key_truncated":false,"affected_count":null,"audit_worker_id":0,"audit_seq":2}
{"ts":1779874380,"close_conn":{"id":13001000,"srcip":"127.0.0.1","srcp":"46252","trgip":"127.0.0.1","trgp":"12000","bdb_name":"D1","bdb_uid":"1"},"audit_worker_id":0,"audit_seq":3}
`
)

// TestRedisAuditStream sends what a cluster of Redis Software does, in both
// generations, over TCP and a Unix socket, compact and printed in full.
func TestRedisAuditStream(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for _, pretty := range []bool{false, true} {
			t.Run(fmt.Sprint(network, " ", pretty), func(t *testing.T) {
				addr := "127.0.0.1:0"
				if network == "unix" {
					addr = "unix:" + filepath.Join(t.TempDir(), "audit")
				}
				n := &redisNode{Node: servertest.Start(t, estate("", "", nil), servertest.WithConfig(func(c *server.Config) {
					c.RedisAddr, c.RedisAuditAddr, c.RedisDetails = server.Off, addr, true
				}))}
				n.collect(t)
				auditStream(t, n, network, pretty)
			})
		}
	}
}

func auditStream(t *testing.T, n *redisNode, network string, pretty bool) {
	t.Helper()
	var stream strings.Builder
	say := func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if pretty {
			var b bytes.Buffer
			check(t, json.Indent(&b, []byte(text), "", "    "))
			text = b.String() + "\n"
		}
		stream.WriteString(text)
	}
	const old, private = 1655821384, "fd40:8913:31:6810:6c31:200:a01:104"
	for i, status := range []int{8, 0, 2, 7, 3} {
		id, client := 6185063009000+i, fmt.Sprint("20.228.16.", i)
		if i == 4 {
			client = private
		}
		say(auditNew, old, id, client)
		say(auditLogin, old, id, client, status)
		if status == 3 {
			say(auditLogin, old, id, client, 8)
		}
		if i%2 == 0 {
			say(auditClose, old+10, id, client)
		}
	}
	send := func(text string) {
		c, err := (&net.Dialer{}).DialContext(t.Context(), network, strings.TrimPrefix(n.RedisAuditAddr(), "unix:"))
		check(t, err)
		for len(text) > 0 { // as a network may cut it
			piece := min(len(text), 700)
			_, err = c.Write([]byte(text[:piece]))
			check(t, err)
			text = text[piece:]
		}
		check(t, c.Close())
	}
	// Two workers of a cluster's proxies send on connections of their own, and come back.
	send(stream.String())
	send(auditNewer)
	var got map[int64]conversation
	eventually(t, "the events are not all there", func() bool {
		n.Settle(t)
		got = n.events(t)
		lines := 0
		for _, c := range got {
			lines += len(c)
		}
		return lines >= 14+3
	})
	told := map[string]int{}
	for id, c := range got {
		told[fmt.Sprintf("%d %s %s", id, c[0].Properties.ClientIP, c)]++
	}
	wantStories(t, told, map[string]int{
		"6185063009000 20.228.16.0 new, auth 8 user_one, close ":                      1,
		"6185063009001 20.228.16.1 new, auth 0 user_one":                              1,
		"6185063009002 20.228.16.2 new, auth 2 user_one, close ":                      1,
		"6185063009003 20.228.16.3 new, auth 7 user_one":                              1,
		"6185063009004 " + private + " new, auth 3 user_one, auth 8 user_one, close ": 1,
		"13001000 127.0.0.1 new, auth 2 default, close ":                              1,
	})
	n.compareRedisRows(t, got)
	want(t, "a private link in the table", n.asks(`REDConnectionEvents | where ConnectionId == 6185063009004 | distinct ClientIp, PrivateLinkIPv6`), "10.1.1.4|"+private)
}
