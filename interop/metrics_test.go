package interop

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"reslog/server/servertest"
	"reslog/storagelog"
)

// metricsTable is the table of a service's minutes.
func metricsTable(service string) string {
	return "$MetricsMinutePrimaryTransactions" + strings.ToUpper(service[:1]) + service[1:]
}

// watchEverything switches on logging and the metrics of minutes, of each API, for
// all services.
func watchEverything(t *testing.T, g *target) {
	t.Helper()
	on, off, one := to.Ptr(true), to.Ptr(false), to.Ptr("1.0")
	_, err := g.service(t).SetProperties(t.Context(), &service.SetPropertiesOptions{
		Logging:       &service.Logging{Version: one, Read: on, Write: on, Delete: on, RetentionPolicy: &service.RetentionPolicy{Enabled: off}},
		MinuteMetrics: &service.Metrics{Version: one, Enabled: on, IncludeAPIs: on, RetentionPolicy: &service.RetentionPolicy{Enabled: off}},
	})
	check(t, err)
	_, err = g.queues(t).SetProperties(t.Context(), &azqueue.SetPropertiesOptions{
		Logging:       &azqueue.Logging{Version: one, Read: on, Write: on, Delete: on, RetentionPolicy: &azqueue.RetentionPolicy{Enabled: off}},
		MinuteMetrics: &azqueue.Metrics{Version: one, Enabled: on, IncludeAPIs: on, RetentionPolicy: &azqueue.RetentionPolicy{Enabled: off}},
	})
	check(t, err)
	_, err = g.tables(t).SetProperties(t.Context(), aztables.ServiceProperties{
		Logging:       &aztables.Logging{Version: one, Read: on, Write: on, Delete: on, RetentionPolicy: &aztables.RetentionPolicy{Enabled: off}},
		MinuteMetrics: &aztables.Metrics{Version: one, Enabled: on, IncludeAPIs: on, RetentionPolicy: &aztables.RetentionPolicy{Enabled: off}},
	}, nil)
	check(t, err)
}

// tally is what was counted of an operation, by the names of columns.
type tally map[string]int64

func (a tally) add(name string, n int64) { a[name] += n }

// waits are the sums of the latencies of an operation's successes.
type waits struct{ endToEnd, server, successes float64 }

// metricRows reads the rows of a service's minutes and adds them up: by the API.
func metricRows(t *testing.T, g *target, service string) (map[string]tally, map[string]waits) {
	t.Helper()
	c := tableOf{g.tables(t).NewClient(metricsTable(service)), metricsTable(service)}
	sums, latencies := map[string]tally{}, map[string]waits{}
	for _, o := range c.query(t, "RowKey ge 'user;' and RowKey lt 'user<'") {
		if at, err := time.Parse("20060102T1504", o["PartitionKey"].(string)); err != nil || time.Since(at) > 10*time.Minute {
			t.Fatalf("a row of %v", o["PartitionKey"])
		}
		api := strings.TrimPrefix(o["RowKey"].(string), "user;")
		sum := sums[api]
		if sum == nil {
			sum = tally{}
			sums[api] = sum
		}
		for name, v := range o {
			if o[name+"@odata.type"] == "Edm.Int64" {
				n, err := strconv.ParseInt(v.(string), 10, 64)
				check(t, err)
				sum.add(name, n)
			}
		}
		l := latencies[api]
		successes := number(t, o["Success"]) + number(t, o["SASSuccess"]) + number(t, o["AnonymousSuccess"])
		l.successes += successes
		l.endToEnd += number(t, o["AverageE2ELatency"]) * successes
		l.server += number(t, o["AverageServerLatency"]) * successes
		latencies[api] = l
		checkPercentages(t, o)
	}
	return sums, latencies
}

// number reads a number of a row, an Edm.Int64 or an Edm.Double.
func number(t *testing.T, v any) float64 {
	t.Helper()
	if n, ok := v.(json.Number); ok {
		f, err := n.Float64()
		check(t, err)
		return f
	}
	f, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	check(t, err)
	return f
}

// checkPercentages holds the columns that are ratios up against the counters.
//
// Source: "Storage Analytics Metrics Table Schema".
func checkPercentages(t *testing.T, o object) {
	t.Helper()
	n := func(name string) float64 { return number(t, o[name]) }
	total := n("TotalRequests")
	if total == 0 {
		return
	}
	of := func(kind string) float64 { return n(kind) + n("SAS"+kind) + n("Anonymous"+kind) }
	for column, count := range map[string]float64{
		"PercentSuccess": of("Success"), "PercentThrottlingError": of("ThrottlingError"), "PercentClientOtherError": of("ClientOtherError"),
		"PercentTimeoutError": of("ClientTimeoutError") + of("ServerTimeoutError"), "PercentServerOtherError": of("ServerOtherError"),
		"PercentAuthorizationError": of("AuthorizationError"), "PercentNetworkError": of("NetworkError"),
	} {
		if math.Abs(n(column)-100*count/total) > 0.01 {
			t.Errorf("%v %v: %s is %v of %v in %v", o["PartitionKey"], o["RowKey"], column, n(column), count, total)
		}
	}
	want(t, "billable", n("TotalBillableRequests"), total-of("ThrottlingError")-of("ServerTimeoutError")-of("ServerOtherError")-n("AnonymousAuthorizationError"))
}

// logRows are the same sums, made of the records of requests that began before a time.
func logRows(entries []storagelog.Entry, before time.Time) (map[string]tally, map[string]waits) {
	sums, latencies := map[string]tally{}, map[string]waits{}
	for _, e := range entries {
		if e.OperationNumber != 0 || !e.StartTime.Before(before) {
			continue
		}
		kind := map[byte]string{'2': "Success", '3': "ClientOtherError", '4': "ClientOtherError"}[e.HTTPStatus[0]]
		if e.HTTPStatus == "403" {
			kind = "AuthorizationError"
		}
		kind = map[string]string{"sas": "SAS", "anonymous": "Anonymous"}[e.AuthType] + kind
		for _, api := range []string{"All", e.Operation} {
			if sums[api] == nil {
				sums[api] = tally{}
			}
			sums[api].add("TotalRequests", 1)
			sums[api].add(kind, 1)
			sums[api].add("TotalIngress", e.RequestHeaderSize+e.RequestPacketSize)
			sums[api].add("TotalEgress", e.ResponseHeaderSize+e.ResponsePacketSize)
			if strings.HasSuffix(kind, "Success") {
				l := latencies[api]
				l.successes++
				l.endToEnd += float64(e.EndToEndLatency)
				l.server += float64(e.ServerLatency)
				latencies[api] = l
			}
		}
	}
	return sums, latencies
}

// differences says where metrics are not what the log says.
func differences(metrics, logged map[string]tally, ml, ll map[string]waits) []string {
	var found []string
	apis := maps.Clone(metrics)
	maps.Copy(apis, logged)
	for api := range apis {
		if strings.HasPrefix(api, "Set") && strings.HasSuffix(api, "ServiceProperties") || api == "All" {
			continue // the request that switches them on is in one or in both
		}
		columns := maps.Clone(metrics[api])
		if columns == nil {
			columns = tally{}
		}
		maps.Copy(columns, logged[api])
		delete(columns, "TotalBillableRequests") // see checkPercentages
		for column := range columns {
			if m, l := metrics[api][column], logged[api][column]; m != l {
				found = append(found, fmt.Sprintf("%s of %s: %d counted, %d logged", column, api, m, l))
			}
		}
		m, l := ml[api], ll[api]
		if math.Abs(m.endToEnd-l.endToEnd) > l.successes || math.Abs(m.server-l.server) > l.successes { // the log has whole milliseconds
			found = append(found, fmt.Sprintf("latencies of %s: %v counted, %v logged", api, m, l))
		}
	}
	for column, n := range metrics["All"] {
		var sum int64
		for api, s := range metrics {
			if api != "All" {
				sum += s[column]
			}
		}
		if n != sum {
			found = append(found, fmt.Sprintf("%s of all: %d, of all APIs together: %d", column, n, sum))
		}
	}
	slices.Sort(found)
	return found
}

// TestMetricsEqualLogs adds up the rows of the metrics tables, read as users read
// them, and the records of the same requests.
func TestMetricsEqualLogs(t *testing.T) {
	n := servertest.Start(t)
	g := targetOf(n)
	watchEverything(t, g)
	rec := &recorder{}
	traffic(t, g, rec)
	queueTraffic(t, g, rec)
	tableTraffic(t, g, rec)

	var left []string
	for attempt := range 12 {
		// What was asked until now is counted a second later.
		time.Sleep(3 * time.Second)
		before := time.Now()
		left = nil
		type sums struct {
			counted   map[string]tally
			latencies map[string]waits
		}
		metrics := map[string]sums{}
		for _, service := range []string{"table", "queue", "blob"} { // that of tables before tables are asked for others
			counted, latencies := metricRows(t, g, service)
			metrics[service] = sums{counted, latencies}
		}
		n.Settle(t)
		requests := 0
		for service, m := range metrics {
			entries := readLogs(t, g.service(t).NewContainerClient("$logs"), service, storagelog.V1)
			logged, latencies := logRows(entries, before)
			for _, d := range differences(m.counted, logged, m.latencies, latencies) {
				left = append(left, service+": "+d)
			}
			requests += int(logged["All"]["TotalRequests"])
		}
		if requests < len(rec.exchanges()) {
			left = append(left, fmt.Sprintf("%d requests logged, %d made", requests, len(rec.exchanges())))
		}
		if len(left) == 0 {
			t.Logf("%d requests are counted as they are logged, at attempt %d", requests, attempt+1)
			return
		}
	}
	t.Errorf("%d differences:\n%s", len(left), strings.Join(left, "\n"))
}

// TestMetricsTables has what users may do with the tables: read, and delete rows.
func TestMetricsTables(t *testing.T) {
	g := open(t)
	g.mustBeOurs(t)
	watchEverything(t, g)
	svc := g.tables(t)
	ctx := t.Context()
	c := tableOf{svc.NewClient(metricsTable("queue")), metricsTable("queue")}
	g.queue(t, nil)
	var rows []object
	eventually(t, "rows of the queue service", func() bool {
		var err error
		rows, err = queryable(t, c)
		return err == nil && len(rows) > 0 && slices.ContainsFunc(rows, func(o object) bool { return o["RowKey"] == "user;CreateQueue" })
	})
	row := rows[0]
	for _, column := range []string{"TotalRequests", "TotalIngress", "TotalEgress", "Success", "SASNetworkError"} {
		want(t, column, row[column+"@odata.type"], any("Edm.Int64"))
	}
	page, err := svc.NewListTablesPager(nil).NextPage(ctx)
	check(t, err)
	for _, table := range page.Tables {
		if strings.HasPrefix(*table.Name, "$") {
			t.Errorf("%s is listed", *table.Name)
		}
	}
	partition, key := row["PartitionKey"].(string), row["RowKey"].(string)
	refused := func(what string, err error) {
		t.Helper()
		if !hasCode(err, "InsufficientAccountPermissions", "AuthorizationFailure", "InvalidResourceName", "InvalidInput") {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = c.AddEntity(ctx, at("p", "r").json(t), nil)
	refused("insert", err)
	_, err = c.UpdateEntity(ctx, at(partition, key, "TotalRequests", 0).json(t), nil)
	refused("merge", err)
	_, err = c.UpsertEntity(ctx, at(partition, key, "TotalRequests", 0).json(t), nil)
	refused("upsert", err)
	_, err = c.Delete(ctx, nil)
	refused("delete of the table", err)
	_, err = c.SetAccessPolicy(ctx, nil)
	refused("set of the ACL", err)
	_, err = svc.CreateTable(ctx, "$MetricsMine", nil)
	refused("create", err)
	_, err = c.DeleteEntity(ctx, partition, key, nil)
	check(t, err)
}

// queryable returns the rows of a table that may not be there yet.
func queryable(t *testing.T, c tableOf) ([]object, error) {
	t.Helper()
	page, err := c.NewListEntitiesPager(nil).NextPage(t.Context())
	var found []object
	for _, b := range page.Entities {
		found = append(found, parsed(t, b))
	}
	return found, err
}
