package interop

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
)

// redisID is the database that a node's Redis front end stands before.
const redisID = groupID + "/providers/Microsoft.Cache/redisEnterprise/redis/databases/default"

// The statuses of authentications. Source: "Audit connection events", Redis
// Software.
const (
	authFailed      = 0
	authNotRequired = 2
	authOK          = 8
)

// redisNode is a node before a server, whose ConnectionEvents go to an archive and
// to a workspace.
type redisNode struct {
	*servertest.Node
	server *redisServer
	addr   string // where its clients connect
	asks   func(query string) string
	base   int64 // what the server had received before
}

// before starts a node before a server. Options may change what it is told.
func before(t *testing.T, s *redisServer, options ...servertest.Option) *redisNode {
	t.Helper()
	// Before the node asks it anything, which it does from its start on.
	base := s.received(t)
	upstream := servertest.WithConfig(func(c *server.Config) {
		c.RedisAddr, c.RedisUpstream, c.RedisDetails, c.RedisPassword = "127.0.0.1:0", s.addr, true, s.Options().Password
	})
	n := &redisNode{Node: servertest.Start(t, append([]servertest.Option{estate("", "", nil), upstream}, options...)...), server: s, base: base}
	n.addr = n.RedisAddrs()[0]
	n.collect(t)
	return n
}

// collect has the node archive its events, and make rows of them.
func (n *redisNode) collect(t *testing.T) {
	t.Helper()
	_, err := n.Admin(t).PutSetting(t.Context(), redisID, "all", client.SettingProperties{
		StorageAccountID: archiveID, WorkspaceID: workspaceID, LogAnalyticsDestinationType: "Dedicated",
		Logs: []client.SettingLog{{Category: "ConnectionEvents", Enabled: true}},
	})
	check(t, err)
	n.asks = n.asking(t)
}

// asking asks the workspace.
func (n *redisNode) asking(t *testing.T) func(query string) string {
	t.Helper()
	c, here := asking(t, n.Node, n.Principal(t, []string{"Owner"})), customerID(t, n.Node, workspaceID)
	return func(query string) string { return askLines(t, c, here, query) }
}

// redisLine is a line of ConnectionEvents. Source: "Monitor Azure Managed Redis data
// using diagnostic settings"; what is below properties beside those of Azure are the
// details that a node adds when it is told to.
type redisLine struct {
	Time                                          time.Time
	ResourceID, Category, Location, OperationName string
	Properties                                    struct {
		EventEpochTime, ID  int64
		ClientIP, EventType string
		EventStatus         *int
		Username, Reason    string
		ClientPort          int
		ServerIP            string
		ServerPort          int
	}
}

// String is what happened, in short.
func (l *redisLine) String() string {
	switch p := l.Properties; p.EventType {
	case "new_conn":
		return "new"
	case "close_conn":
		return "close " + p.Reason
	case "auth":
		return fmt.Sprintf("auth %d %s", *p.EventStatus, p.Username)
	default:
		return p.EventType
	}
}

// conversation is all that happened to a connection, in its order.
type conversation []redisLine

func (c conversation) String() string {
	var words []string
	for i := range c {
		words = append(words, c[i].String())
	}
	return strings.Join(words, ", ")
}

// closed waits until there are the events of so many connections, all of them closed,
// and returns those, by what happened: what happened to how many. It checks that the
// server saw as many.
func (n *redisNode) closed(t *testing.T, connections int) map[string]int {
	t.Helper()
	all := n.conversations(t, connections)
	n.served(t, connections)
	return storiesOf(all)
}

// served waits until the server has taken so many connections, but for those of a node
// that asks it something: one may be on its way.
func (n *redisNode) served(t *testing.T, connections int) {
	t.Helper()
	eventually(t, fmt.Sprintf("the server has not taken %d connections", connections), func() bool {
		return n.server.received(t)-n.base == int64(connections)
	})
}

// connections waits until all that the server took are closed in the archive, and
// returns how many these are.
func (n *redisNode) connections(t *testing.T) (taken int) {
	t.Helper()
	eventually(t, "the archive does not have all connections that the server took, closed", func() bool {
		n.Settle(t)
		all := n.events(t)
		for _, c := range all {
			if c[len(c)-1].Properties.EventType != "close_conn" {
				return false
			}
		}
		taken = int(n.server.received(t) - n.base)
		return taken == len(all)
	})
	return taken
}

// conversations is closed without asking the server, and with all that was said.
func (n *redisNode) conversations(t *testing.T, connections int) map[int64]conversation {
	t.Helper()
	var all map[int64]conversation
	ended := func() (n int) {
		for _, c := range all {
			if c[len(c)-1].Properties.EventType == "close_conn" {
				n++
			}
		}
		return n
	}
	eventually(t, fmt.Sprintf("the archive does not have %d connections, all closed", connections), func() bool {
		n.Settle(t)
		all = n.events(t)
		return len(all) >= connections && ended() == len(all)
	})
	if len(all) != connections {
		t.Errorf("records of %d connections, want %d: %v", len(all), connections, storiesOf(all))
	}
	for id, c := range all {
		c.check(t, id)
	}
	n.compareRedisRows(t, all)
	return all
}

// events are what the archive has, by connection.
func (n *redisNode) events(t *testing.T) map[int64]conversation {
	t.Helper()
	a := readArchive(t, n.Node, "insights-logs-connectionevents")
	a.checkNames(t, redisID)
	all := map[int64]conversation{}
	for _, line := range a.all() {
		var l redisLine
		check(t, json.Unmarshal([]byte(line), &l))
		checkRedisLine(t, line, &l)
		if n.server != nil {
			checkRedisTime(t, &l)
		}
		all[l.Properties.ID] = append(all[l.Properties.ID], l)
	}
	for id, c := range all {
		slices.SortStableFunc(c, func(a, b redisLine) int { return a.Time.Compare(b.Time) })
		all[id] = c
	}
	return all
}

// checkRedisLine holds a line up against the documented form.
func checkRedisLine(t *testing.T, line string, l *redisLine) {
	t.Helper()
	want(t, "resource", l.ResourceID, strings.ToUpper(redisID))
	want(t, "category", l.Category, "ConnectionEvents")
	want(t, "location", l.Location, server.DefaultLocation)
	want(t, "operation", l.OperationName, "Microsoft.Cache/redisEnterprise/databases/ConnectionEvents/Read")
	var names struct {
		Time       string
		Properties map[string]json.RawMessage
	}
	check(t, json.Unmarshal([]byte(line), &names))
	if len(names.Time) != len("2023-01-24T10:00:02.3680050Z") || !strings.HasSuffix(names.Time, "Z") {
		t.Errorf("a time of %s", names.Time)
	}
	for _, name := range []string{"eventEpochTime", "id", "clientIP", "eventType"} {
		if names.Properties[name] == nil {
			t.Errorf("a line has no %s: %s", name, line)
		}
	}
	if p := l.Properties; (p.EventType == "auth") != (p.EventStatus != nil) {
		t.Errorf("a line of %s: %s", p.EventType, line)
	}
	if _, err := netip.ParseAddr(l.Properties.ClientIP); err != nil {
		t.Errorf("a client at %q", l.Properties.ClientIP)
	}
}

// checkRedisTime checks that a line is of now, and both of its times are.
func checkRedisTime(t *testing.T, l *redisLine) {
	t.Helper()
	if d := l.Time.Unix() - l.Properties.EventEpochTime; d < -1 || d > 1 || time.Since(l.Time).Abs() > 10*time.Minute {
		t.Errorf("times %d and %v", l.Properties.EventEpochTime, l.Time)
	}
}

// check reports a connection that does not begin with new_conn or end with
// close_conn, or has one of them elsewhere, or has two clients.
func (c conversation) check(t *testing.T, id int64) {
	t.Helper()
	for i, l := range c {
		p := l.Properties
		if (p.EventType == "new_conn") != (i == 0) || (p.EventType == "close_conn") != (i == len(c)-1) {
			t.Errorf("connection %d: %s", id, c)
			return
		}
		first := c[0].Properties
		if p.ClientIP != first.ClientIP || p.ClientPort != first.ClientPort || p.ServerIP != first.ServerIP || p.ServerPort != first.ServerPort {
			t.Errorf("connection %d goes from %s:%d to %s:%d, then from %s:%d to %s:%d", id, first.ClientIP, first.ClientPort, first.ServerIP, first.ServerPort,
				p.ClientIP, p.ClientPort, p.ServerIP, p.ServerPort)
		}
	}
}

// storiesOf counts what happened.
func storiesOf(all map[int64]conversation) map[string]int {
	by := map[string]int{}
	for _, c := range all {
		by[c.String()]++
	}
	return by
}

// compareRedisRows holds the rows of REDConnectionEvents up against the archive.
func (n *redisNode) compareRedisRows(t *testing.T, all map[int64]conversation) {
	t.Helper()
	var lines []string
	for _, c := range all {
		for _, l := range c {
			status := "<nil>"
			if s := l.Properties.EventStatus; s != nil {
				status = fmt.Sprint(*s)
			}
			lines = append(lines, fmt.Sprintf("%d|%s|%s|%d|%s", l.Properties.ID, l.Properties.EventType, status, l.Properties.EventEpochTime, tableIP(l.Properties.ClientIP)))
		}
	}
	slices.Sort(lines)
	got := n.asks("REDConnectionEvents | project ConnectionId = tostring(ConnectionId), EventType, EventStatus, EventEpochTime = tostring(EventEpochTime), ClientIp")
	rows := strings.Split(got, "\n")
	slices.Sort(rows)
	if !slices.Equal(lines, rows) {
		t.Errorf("REDConnectionEvents has %d rows, the archive %d lines:\n%s\n\n%s", len(rows), len(lines), got, strings.Join(lines, "\n"))
	}
	want(t, "what all rows say", n.asks("REDConnectionEvents | distinct Location, OperationName, _ResourceId, Type"),
		server.DefaultLocation+"|Microsoft.Cache/redisEnterprise/databases/ConnectionEvents/Read|"+strings.ToLower(redisID)+"|REDConnectionEvents")
}

// tableIP is a client in the table, which has the IPv4 address that a private link has
// in its last four bytes.
func tableIP(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil || a.Is4() || a.IsLoopback() {
		return ip
	}
	b := a.As16()
	return netip.AddrFrom4([4]byte(b[12:])).String()
}

// wantStories compares what happened to connections, and to how many.
func wantStories(t *testing.T, got, want map[string]int) {
	t.Helper()
	maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
	if maps.Equal(got, want) {
		return
	}
	text := func(m map[string]int) string {
		var lines []string
		for s, n := range m {
			lines = append(lines, fmt.Sprintf("%6d  %s", n, s))
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	t.Errorf("connections:\n%s\nwant:\n%s", text(got), text(want))
}
