package server_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/google/go-cmp/cmp"

	"reslog/client"
	"reslog/server/servertest"
)

// sums are what requests of one operation add up to.
type sums struct {
	Requests, Successes, Ingress, Egress int64
}

// measuredTraffic makes requests of all services, some of which fail. Their
// operations are none that reading logs and metrics needs.
func measuredTraffic(t *testing.T, n *servertest.Node) {
	t.Helper()
	b := n.BlobClient(t)
	create(t, b, "things")
	for i := range 5 {
		put(t, b, "things", fmt.Sprintf("b%d", i), strings.Repeat("x", 1000*i))
	}
	if _, err := b.DeleteBlob(t.Context(), "things", "none", nil); err == nil {
		t.Error("a blob was deleted that nobody made")
	}
	q := enqueue(t, n, "jobs", "one", "two")
	for range 3 {
		if _, err := q.DequeueMessage(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	c := insert(t, n, "Orders", "1", "2")
	transact(t, c, "3", "4", "5")
	if _, err := c.AddEntity(t.Context(), entity("1"), nil); err == nil {
		t.Error("an entity was inserted twice")
	}
	for _, row := range []string{"1", "none"} {
		_, _ = c.GetEntity(t.Context(), "p", row, nil) // one of them is there
	}
}

// What the tables of metrics say is what the records of the same requests add up
// to, operation by operation, of every service, by the hour and by the minute.
func TestMetricsAreTheSumsOfTheRecords(t *testing.T) {
	n := servertest.Start(t)
	a := n.Account(t)
	services := []client.Service{client.Blob, client.Queue, client.Table}
	for _, s := range services {
		n.SetLoggingOf(t, s, "rwd") // metrics by the hour are on in a new account
		minutes := &client.MinuteMetrics{}
		if err := minutes.SetType(client.MetricsAll); err != nil {
			t.Fatal(err)
		}
		if err := a.SetMinuteMetrics(t.Context(), s, minutes); err != nil {
			t.Fatal(err)
		}
	}
	measuredTraffic(t, n)

	logged := map[string]sums{}
	for _, e := range n.Logs(t) {
		if e.OperationNumber != 0 || !isMeasured(e.Operation) {
			continue
		}
		s := logged[e.Service+" "+e.Operation]
		s.Requests++
		if e.Status == "Success" {
			s.Successes++
		}
		s.Ingress += e.RequestHeaderSize + e.RequestPacketSize
		s.Egress += e.ResponseHeaderSize + e.ResponsePacketSize
		logged[e.Service+" "+e.Operation] = s
	}
	if len(logged) != 11 {
		t.Errorf("the records are of %d operations: %v", len(logged), logged)
	}
	for _, interval := range []string{"Hour", "Minute"} {
		var diff string
		eventually(t, "the metrics by "+interval+" are what was logged", func() bool {
			measured := map[string]sums{}
			for _, s := range services {
				for operation, sum := range transactions(t, n, interval, s) {
					measured[string(s)+" "+operation] = sum
				}
			}
			diff = cmp.Diff(logged, measured)
			return diff == ""
		})
	}
}

// isMeasured reports whether an operation is one of measuredTraffic alone.
func isMeasured(operation string) bool {
	switch operation {
	case "CreateContainer", "PutBlob", "DeleteBlob", "CreateQueue", "PutMessage", "GetMessageRead", "GetMessageWrite",
		"CreateTable", "InsertEntity", "EntityGroupTransaction", "QueryEntity":
		return true
	}
	return false
}

// transactions are the sums of a table of metrics by operation, as a user reads
// them.
func transactions(t *testing.T, n *servertest.Node, interval string, s client.Service) map[string]sums {
	t.Helper()
	name := string(s)
	c := n.TableClient(t).NewClient("$Metrics" + interval + "PrimaryTransactions" + strings.ToUpper(name[:1]) + name[1:])
	all := map[string]sums{}
	for pages := c.NewListEntitiesPager(nil); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatalf("read the metrics of %s: %v", s, err)
		}
		for _, raw := range page.Entities {
			var e aztables.EDMEntity
			if err := json.Unmarshal(raw, &e); err != nil {
				t.Fatal(err)
			}
			who, operation, _ := strings.Cut(e.RowKey, ";")
			if who != "user" || !isMeasured(operation) {
				continue
			}
			sum := all[operation]
			for _, add := range []struct {
				to   *int64
				name string
			}{{&sum.Requests, "TotalRequests"}, {&sum.Successes, "Success"}, {&sum.Ingress, "TotalIngress"}, {&sum.Egress, "TotalEgress"}} {
				v, ok := e.Properties[add.name].(aztables.EDMInt64)
				if !ok {
					t.Fatalf("%s of %s is %v", add.name, e.RowKey, e.Properties[add.name])
				}
				*add.to += int64(v)
			}
			all[operation] = sum
		}
	}
	return all
}

// Platform metrics go where a setting says, beside records or without them: flat,
// one for each metric and minute, to the container and the table of metrics.
func TestMetricsAreRouted(t *testing.T) {
	n := startWithSinks(t)
	metrics := []client.SettingMetric{{Category: "AllMetrics", Enabled: true}}
	transactionsOnly := []client.SettingMetric{{Category: "Transaction", Enabled: true}}
	route(t, n, devAccountID, nil, metrics)
	route(t, n, devAccountID+"/blobServices/default", nil, transactionsOnly)
	route(t, n, devAccountID+"/queueServices/default", []client.SettingLog{{CategoryGroup: "allLogs", Enabled: true}}, metrics)
	measuredTraffic(t, n)
	n.Restart(t) // which hands over the minute that is open
	n.Settle(t)

	want := map[string]float64{"": 20, "/blobServices/default": 7, "/queueServices/default": 6}
	got := map[string]float64{}
	for _, line := range archived(t, n, "insights-metrics-pt1m") {
		id, _ := line["resourceId"].(string)
		below, ok := strings.CutPrefix(strings.ToLower(id), strings.ToLower(devAccountID))
		if !ok || line["timeGrain"] == "" {
			t.Errorf("a line of metrics is %v", line)
		}
		if line["metricName"] == "Transactions" {
			total, _ := line["total"].(float64)
			got[below] += total
		}
	}
	for below, requests := range want {
		if got[strings.ToLower(below)] < requests {
			t.Errorf("%v transactions of %q are archived, want %v at least; all: %v", got[strings.ToLower(below)], below, requests, got)
		}
		delete(got, strings.ToLower(below))
	}
	for below := range got {
		t.Errorf("metrics of %q are archived, for which no setting asks", below)
	}
	if len(archived(t, n, "insights-logs-storagewrite")) == 0 {
		t.Error("the records of the queue are not archived")
	}
	if !hasWorkspaces(t, n) {
		return
	}
	rows := ask(t, n, `AzureMetrics | where MetricName == "Transactions" and ResourceId endswith "/QUEUESERVICES/DEFAULT" | summarize tolong(sum(Total)), tolong(max(Maximum)), any(TimeGrain)`)
	if len(rows) != 1 || rows[0] != strconv.FormatFloat(archivedQueue(t, n), 'f', -1, 64)+" 1 PT1M" {
		t.Errorf("the workspace has %v transactions of the queue", rows)
	}
	names := strings.Join(ask(t, n, `AzureMetrics | distinct MetricName | sort by MetricName asc`), " ")
	for _, name := range []string{"Availability", "Egress", "Ingress", "SuccessE2ELatency", "SuccessServerLatency", "Transactions"} {
		if !strings.Contains(names, name) {
			t.Errorf("the workspace has metrics %s, and no %s", names, name)
		}
	}
}

// archivedQueue are the archived transactions of the queue service.
func archivedQueue(t *testing.T, n *servertest.Node) (total float64) {
	t.Helper()
	for _, line := range archived(t, n, "insights-metrics-pt1m") {
		id, _ := line["resourceId"].(string)
		if v, ok := line["total"].(float64); ok && line["metricName"] == "Transactions" && strings.HasSuffix(id, "/QUEUESERVICES/DEFAULT") {
			total += v
		}
	}
	return total
}

// The tables of metrics are not listed, and nobody but the node writes to them.
func TestTablesOfMetricsAreTheNodes(t *testing.T) {
	n := servertest.Start(t)
	insert(t, n, "Orders")
	c := n.TableClient(t)
	eventually(t, "there are metrics", func() bool { return len(transactions(t, n, "Hour", client.Table)) > 0 })
	for pages := c.NewListTablesPager(nil); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range page.Tables {
			if *table.Name != "Orders" {
				t.Errorf("table %s is listed", *table.Name)
			}
		}
	}
	byOldName, err := c.NewClient("$MetricsTransactionsTable").NewListEntitiesPager(nil).NextPage(t.Context())
	if err != nil || len(byOldName.Entities) == 0 {
		t.Errorf("by the name from before 2013-08-15: %d rows, %v", len(byOldName.Entities), err)
	}
	if _, err := c.NewClient("$MetricsHourPrimaryTransactionsTable").AddEntity(t.Context(), entity("mine"), nil); err == nil {
		t.Error("a user has written metrics")
	}
	if _, err := c.DeleteTable(t.Context(), "$MetricsHourPrimaryTransactionsTable", nil); err == nil {
		t.Error("a user has deleted a table of metrics")
	}
}
