package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"reslog/client"
	"reslog/deliver"
	"reslog/server"
	"reslog/server/servertest"
)

const redisPassword = "open sesame"

// databaseID is the database that a node has from the start.
var databaseID = strings.Replace(devAccountID, "Microsoft.Storage/storageAccounts/devstoreaccount1",
	"Microsoft.Cache/redisEnterprise/redis/databases/default", 1)

// redisClient speaks Redis to a node.
type redisClient struct {
	net.Conn
	in *bufio.Reader
	t  *testing.T
}

func connect(t *testing.T, n *servertest.Node) *redisClient {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", n.RedisAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &redisClient{conn, bufio.NewReader(conn), t}
}

// ask sends a command and wants an answer that begins so.
func (c *redisClient) ask(want string, command ...string) {
	c.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(c, b.String()); err != nil {
		c.t.Fatal(err)
	}
	if got, err := c.in.ReadString('\n'); err != nil || !strings.HasPrefix(got, want) {
		c.t.Fatalf("%s is answered %q, %v; want %q", command[0], got, err, want)
	}
}

// events are those of the archive, "new_conn", "auth 0", by connection in order.
func events(t *testing.T, n *servertest.Node) map[string][]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := n.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	byConnection := map[string][]string{}
	for _, line := range archived(t, n, "insights-logs-connectionevents") {
		p := line["properties"].(map[string]any)
		text := fmt.Sprint(p["eventType"])
		if status, ok := p["eventStatus"]; ok {
			text += fmt.Sprint(" ", status)
		}
		if p["clientIP"] != "127.0.0.1" || line["resourceId"] != strings.ToUpper(databaseID) || line["location"] != "local" {
			t.Errorf("a record is %v", line)
		}
		id := fmt.Sprint(p["id"])
		byConnection[id] = append(byConnection[id], text)
	}
	return byConnection
}

func startRedis(t *testing.T, options ...servertest.Option) *servertest.Node {
	t.Helper()
	return startWithSinks(t, append([]servertest.Option{servertest.WithConfig(func(c *server.Config) { c.RedisPassword = redisPassword })}, options...)...)
}

// Connections to the node's Redis address are events of the database that is there
// from the start: in an archive, in the documented table, and in the metrics of the
// cluster.
func TestConnectionsToRedisAreRouted(t *testing.T) {
	n := startRedis(t)
	route(t, n, databaseID, []client.SettingLog{{Category: "ConnectionEvents", Enabled: true}}, nil)
	cluster := strings.TrimSuffix(databaseID, "/databases/default")
	route(t, n, cluster, nil, []client.SettingMetric{{Category: "AllMetrics", Enabled: true}})

	c := connect(t, n)
	c.ask("-NOAUTH", "GET", "a")
	c.ask("-WRONGPASS", "AUTH", "default", "wrong")
	c.ask("+OK", "AUTH", "default", redisPassword)
	c.ask("+OK", "SET", "a", "1")
	c.Close()
	quits := connect(t, n)
	quits.ask("+OK", "QUIT")
	quits.Close()
	stays := connect(t, n)
	stays.ask("+OK", "AUTH", redisPassword)

	want := []string{"new_conn", "auth 0", "auth 8", "close_conn"}
	var got map[string][]string
	var lists []string
	eventually(t, "the events of three connections", func() bool {
		got, lists = events(t, n), nil
		told := 0
		for _, list := range got {
			told += len(list)
			lists = append(lists, strings.Join(list, ","))
		}
		return told >= 8
	})
	slices.Sort(lists)
	if wanted := []string{strings.Join(want, ","), "new_conn,auth 8", "new_conn,close_conn"}; !slices.Equal(lists, wanted) {
		t.Errorf("connections have the events %q, want %q", lists, wanted)
	}
	var rows []string
	eventually(t, "rows", func() bool {
		rows = ask(t, n, "REDConnectionEvents | summarize count() by EventType, EventStatus | sort by EventType asc, EventStatus asc")
		return len(rows) == 4 && rows[3] == "new_conn <nil> 3"
	})
	if wanted := []string{"auth 0 1", "auth 8 2", "close_conn <nil> 2", "new_conn <nil> 3"}; !slices.Equal(rows, wanted) {
		t.Errorf("rows %q, want %q", rows, wanted)
	}
	if got := ask(t, n, "REDConnectionEvents | where ClientIp != '127.0.0.1' or Location != 'local' or ConnectionId == 0 or EventEpochTime == 0"); len(got) > 0 {
		t.Errorf("odd rows %q", got)
	}

	clients, err := n.Admin(t).RedisClients(t.Context())
	if err != nil || len(clients.Value) != 1 {
		t.Fatalf("clients %+v, %v", clients, err)
	}
	if one := clients.Value[0]; one.User != "default" || one.Client != stays.LocalAddr().String() || one.Source != "proxy" || one.Opened.IsZero() || got[fmt.Sprint(float64(one.ID))] == nil {
		t.Errorf("client %+v", one)
	}
	checkRedisFigures(t, n)

	// A stop closes what is open, and its records are delivered.
	n.Restart(t)
	eventually(t, "the last close", func() bool { return len(ask(t, n, "REDConnectionEvents | where EventType == 'close_conn'")) == 3 })
	eventually(t, "metrics", func() bool {
		// Of all minutes: one may have ended between two commands.
		return len(ask(t, n, "AzureMetrics | where MetricName == 'totalcommandsprocessed' | summarize Total = sum(Total) | where Total >= 6")) == 1
	})
	if got := ask(t, n, "AzureMetrics | where ResourceId !endswith '/REDISENTERPRISE/REDIS'"); len(got) > 0 {
		t.Errorf("metrics of others %q", got)
	}
	again := connect(t, n)
	again.ask("+OK", "AUTH", redisPassword)
	again.ask("$-1", "GET", "a")
	if clients, err := n.Admin(t).RedisClients(t.Context()); err != nil || len(clients.Value) != 1 || got[fmt.Sprint(float64(clients.Value[0].ID))] != nil {
		t.Errorf("clients after a restart %+v, %v", clients, err)
	}
}

// checkRedisFigures looks at what Prometheus is told.
func checkRedisFigures(t *testing.T, n *servertest.Node) {
	t.Helper()
	resp, err := http.Get(n.AdminURL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"reslog_redis_connections 1\n", "reslog_redis_connections_total 3\n", "reslog_redis_authentications_total{status=\"8\"} 2\n"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %q in the metrics", want)
		}
	}
}

// The request of "Monitor Azure Managed Redis data using diagnostic settings" works
// with the database that a node has, whatever its spelling, and Resource Manager
// shows where it is.
func TestRedisIsAResource(t *testing.T) {
	const hub = "myeventhub"
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, hub))
	if err != nil {
		t.Fatal(err)
	}
	defer kafka.Close()
	datadog := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	defer datadog.Close()
	n := startRedis(t, servertest.WithConfig(func(c *server.Config) {
		c.Resources = append(c.Resources,
			server.Resource{ID: "Microsoft.EventHub/namespaces/mynamespace", Properties: map[string]any{"kafkaEndpoint": kafka.ListenAddrs()[0]}},
			server.Resource{ID: "Microsoft.EventHub/namespaces/mynamespace/authorizationRules/myrule", Properties: map[string]any{"rights": []string{"Manage", "Send", "Listen"}}},
			server.Resource{ID: "Microsoft.Datadog/monitors/mydatadog", Properties: map[string]any{"endpoint": datadog.URL, "apiKey": "k"}})
		c.Settings = append(c.Settings, server.Setting{
			Name: "bootstrap", Resource: "Microsoft.Cache/redisEnterprise/redis/databases/default",
			Properties: map[string]any{
				"storageAccountId": "Microsoft.Storage/storageAccounts/devstoreaccount1",
				"logs":             []map[string]any{{"categoryGroup": "audit", "enabled": true}},
			},
		})
	}))
	admin := n.Admin(t)
	var database struct {
		Properties struct {
			Port           int
			ClientProtocol string
			ResourceState  string
		}
	}
	var cluster struct{ Properties struct{ HostName string } }
	const version = "2024-10-01"
	for path, v := range map[string]any{databaseID: &database, strings.TrimSuffix(databaseID, "/databases/default"): &cluster} {
		if err := admin.ARM(t.Context(), http.MethodGet, path, version, nil, nil, v); err != nil {
			t.Fatal(err)
		}
	}
	if addr := net.JoinHostPort(cluster.Properties.HostName, fmt.Sprint(database.Properties.Port)); addr != n.RedisAddr() ||
		database.Properties.ClientProtocol != "Plaintext" || database.Properties.ResourceState != "Running" {
		t.Errorf("cluster %+v and database %+v, and clients connect to %s", cluster, database, n.RedisAddr())
	}

	group, _, _ := strings.Cut(devAccountID, "/providers/")
	providers := group + "/providers/"
	body := map[string]any{"properties": map[string]any{
		"storageAccountId":            providers + "Microsoft.Storage/storageAccounts/" + archiveAccount,
		"eventHubAuthorizationRuleID": providers + "microsoft.eventhub/namespaces/mynamespace/authorizationrules/myrule",
		"eventHubName":                hub,
		"marketplacePartnerId":        providers + "Microsoft.Datadog/monitors/mydatadog",
		"workspaceId":                 providers + "Microsoft.OperationalInsights/workspaces/" + workspaceName,
		"logs": []map[string]any{{
			"category": "ConnectionEvents", "enabled": true, "retentionPolicy": map[string]any{"enabled": false, "days": 0},
		}},
	}}
	scope := strings.Replace(databaseID, "redisEnterprise", "RedisEnterprise", 1)
	err = admin.ARM(t.Context(), http.MethodPut, scope+"/providers/Microsoft.Insights/diagnosticSettings/redis", "2017-05-01-preview", nil, body, nil)
	if err != nil {
		t.Fatal(err)
	}
	connect(t, n).ask("+OK", "AUTH", redisPassword)
	// The connection and the login are in all places.
	for _, want := range []string{"bootstrap archive", "redis archive", "redis eventhub", "redis partner", "redis workspace"} {
		eventually(t, want, func() bool {
			return slices.ContainsFunc(n.Ledger(), func(e deliver.LedgerEntry) bool {
				return fmt.Sprint(e.Setting, " ", e.Kind) == want && strings.EqualFold(e.Resource, databaseID) && e.Delivered == 2
			})
		})
	}
}

// What stands for Redis in a bootstrap file, and what was changed, is there after a
// restart; so is the node when the address is off.
func TestRedisOff(t *testing.T) {
	n := startRedis(t)
	tagged := client.Resource{Location: "local", Tags: map[string]string{"team": "one"}}
	cluster := strings.TrimSuffix(databaseID, "/databases/default")
	if _, err := n.Admin(t).PutResource(t.Context(), cluster, tagged); err != nil {
		t.Fatal(err)
	}
	n.Config.RedisAddr = server.Off
	n.Restart(t)
	r, err := n.Admin(t).Resource(t.Context(), cluster)
	if err != nil || r.Tags["team"] != "one" {
		t.Errorf("the cluster is %+v, %v", r, err)
	}
	if n.RedisAddr() != "" || n.RedisAuditAddr() != "" {
		t.Errorf("addresses %q and %q", n.RedisAddr(), n.RedisAuditAddr())
	}
	clients, err := n.Admin(t).RedisClients(t.Context())
	if err != nil || len(clients.Value) != 0 {
		t.Errorf("clients %+v, %v", clients, err)
	}
}
