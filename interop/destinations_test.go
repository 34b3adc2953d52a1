package interop

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"reslog/client"
	"reslog/deliver"
	"reslog/diagnostic"
	"reslog/server/servertest"
)

// everywhere is a setting with three destinations, and the hub of its own name.
func everywhere() client.SettingProperties {
	return client.SettingProperties{
		StorageAccountID: archiveID, EventHubAuthorizationRuleID: hubRuleID, EventHubName: "all",
		MarketplacePartnerID: datadogID, Logs: allLogs(),
	}
}

// write makes n requests that are logged, and returns their ids.
func write(t *testing.T, node *servertest.Node, n int) []string {
	t.Helper()
	g := &target{URL: node.AccountURL(devAccount), Account: devAccount, Key: devKey}
	rec := &recorder{}
	svc := g.recorded(t, rec)
	for range n {
		_, err := svc.GetProperties(t.Context(), nil)
		check(t, err)
	}
	var ids []string
	for _, e := range rec.exchanges() {
		ids = append(ids, e.Response.Get("X-Ms-Request-Id"))
	}
	return ids
}

// correlation returns the request ids of lines, how often each is there.
func correlation(t *testing.T, lines []string) map[string]int {
	t.Helper()
	ids := map[string]int{}
	for _, line := range lines {
		var l storageLine
		check(t, json.Unmarshal([]byte(line), &l))
		ids[l.CorrelationID]++
	}
	return ids
}

// ledger returns the account of a destination.
func ledger(t *testing.T, n *servertest.Node, kind diagnostic.DestinationKind) deliver.LedgerEntry {
	t.Helper()
	i := slices.IndexFunc(n.Ledger(), func(e deliver.LedgerEntry) bool { return e.Kind == kind })
	if i < 0 {
		t.Fatalf("the ledger has no %s", kind)
	}
	return n.Ledger()[i]
}

// TestDestinationsTogether has four destinations take the same records, one of
// which goes away and comes back.
func TestDestinationsTogether(t *testing.T) {
	t.Parallel() // it waits most of the time
	mustHaveKcat(t)
	kafka, otlp := newBroker(t), newOTLPReceiver(t)
	elastic := newElasticReceiver(t, "c2VjcmV0")
	n := servertest.Start(t, estate(kafka.addr(), otlp.URL, map[string]any{"protocol": "otlp"}))
	admin := n.Admin(t)
	const elasticID = groupID + "/providers/Microsoft.Elastic/monitors/myelastic"
	_, err := admin.PutResource(t.Context(), elasticID, client.Resource{
		Location: "local", Properties: json.RawMessage(`{"endpoint":"` + elastic.URL + `","apiKey":"c2VjcmV0"}`),
	})
	check(t, err)
	_, err = admin.PutSetting(t.Context(), devBlobID, "three", everywhere())
	check(t, err)
	_, err = admin.PutSetting(t.Context(), devBlobID, "fourth", client.SettingProperties{MarketplacePartnerID: elasticID, Logs: allLogs()})
	check(t, err)

	all := write(t, n, 20)
	n.Settle(t)
	first := hubRecords(t, kafka, "all")
	want(t, "records in the hub", len(correlation(t, lines(first))), 20)
	healthy := latency(t, n, otlp, &all)

	kafka.stop()
	dead := latency(t, n, otlp, &all)
	all = append(all, write(t, n, 20)...)
	t.Logf("a record is in the archive and at the partner after %v, without the broker after %v", healthy, dead)
	// The client gives a broker half a minute before it says so.
	eventually(t, "the ledger has no retry", func() bool { return ledger(t, n, diagnostic.EventHub).Retried > 0 })
	hub := ledger(t, n, diagnostic.EventHub)
	want(t, "state of the hub", hub.State, deliver.Retrying)
	if hub.LastError == "" || hub.BacklogRecords == 0 {
		t.Errorf("the hub's account is %+v", hub)
	}
	eventually(t, "archive and partner stopped with the broker", func() bool {
		return otlp.count() == len(all) && len(readArchive(t, n, "insights-logs-storageread").all()) == len(all)
	})
	if e := ledger(t, n, diagnostic.Archive); e.Retried != 0 || e.State != deliver.Running {
		t.Errorf("the archive's account is %+v", e)
	}

	kafka.start(t)
	all = append(all, write(t, n, 5)...)
	n.Settle(t)
	after := hubRecords(t, kafka, "all")
	for id, records := range first {
		if !slices.Equal(after[id], records) {
			t.Errorf("message %s has other records after the broker is back", id)
		}
	}
	archive := readArchive(t, n, "insights-logs-storageread").all()
	slices.Sort(archive)
	inHub := lines(after)
	slices.Sort(inHub)
	// By message, each record is there once. Which bytes: those of the archive.
	if !slices.Equal(inHub, archive) {
		t.Errorf("the hub has %d records, the archive %d, or others", len(inHub), len(archive))
	}
	want(t, "records in the archive", len(archive), len(all))
	ids := correlation(t, archive)
	documents := map[string]int{}
	for _, d := range elastic.all() {
		id, _ := d["correlationId"].(string)
		documents[id]++
	}
	for _, id := range all {
		if ids[id] != 1 || documents[id] != 1 || !otlp.has(id) {
			t.Errorf("%s: %d times in the archive, %d documents, OTLP %v", id, ids[id], documents[id], otlp.has(id))
		}
	}
	want(t, "at the receiver", otlp.count(), len(all))
	want(t, "documents", len(documents), len(all))
}

// latency measures how long a record takes to archive and partner.
func latency(t *testing.T, n *servertest.Node, otlp *otlpReceiver, all *[]string) time.Duration {
	t.Helper()
	began := time.Now()
	id := write(t, n, 1)[0]
	*all = append(*all, id)
	eventually(t, "a record is not at the partner", func() bool { return otlp.has(id) })
	eventually(t, "a record is not in the archive", func() bool {
		return correlation(t, readArchive(t, n, "insights-logs-storageread").all())[id] == 1
	})
	return time.Since(began).Round(time.Millisecond)
}

// TestDestinationsFollow changes the resources that a setting names: what they say
// is what counts.
func TestDestinationsFollow(t *testing.T) {
	mustHaveKcat(t)
	otlp := newOTLPReceiver(t)
	kafka := newBroker(t) // for its port
	kafka.stop()
	n := servertest.Start(t, estate(kafka.addr(), otlp.URL, map[string]any{"protocol": "otlp"}))
	admin := n.Admin(t)
	namespace := func(broker, protocol string) {
		t.Helper()
		_, err := admin.PutResource(t.Context(), namespaceID, client.Resource{
			Location: "local", Properties: json.RawMessage(`{"kafkaEndpoint":"` + broker + `","kafkaSecurityProtocol":"` + protocol + `"}`),
		})
		check(t, err)
	}
	// A namespace that asks for the key of its rule, as those of Azure do.
	namespace(kafka.addr(), "SASL_PLAINTEXT")
	key := ruleKey(t, admin, "listKeys", nil)
	kafka.start(t, withKey(key)...)
	_, err := admin.PutSetting(t.Context(), devBlobID, "all", everywhere())
	check(t, err)
	before := write(t, n, 3)
	n.Settle(t)
	want(t, "records with the first key", ledger(t, n, diagnostic.EventHub).Delivered, 3)

	other := ruleKey(t, admin, "regenerateKeys", map[string]string{"keyType": "PrimaryKey"})
	if other == key {
		t.Fatal("the key is the same")
	}
	kafka.stop()
	kafka.start(t, withKey(other)...)
	before = append(before, write(t, n, 3)...)
	n.Settle(t)
	want(t, "records with the new key", ledger(t, n, diagnostic.EventHub).Delivered, 6)

	// Both move.
	second, elsewhere := newOTLPReceiver(t), newBroker(t)
	namespace(elsewhere.addr(), "PLAINTEXT")
	_, err = admin.PutResource(t.Context(), datadogID, client.Resource{
		Location: "local", Properties: json.RawMessage(`{"endpoint":"` + second.URL + `","protocol":"otlp"}`),
	})
	check(t, err)
	moved := write(t, n, 3)
	n.Settle(t)
	got := correlation(t, lines(hubRecords(t, elsewhere, "all")))
	for _, id := range moved {
		if got[id] != 1 || !second.has(id) || otlp.has(id) {
			t.Errorf("%s: %d times in the new hub, new partner %v, old partner %v", id, got[id], second.has(id), otlp.has(id))
		}
	}
	want(t, "records in the new hub", len(got), len(moved))
	// kcat and kfake do not agree on how to sign in.
	kafka.stop()
	kafka.start(t)
	got = correlation(t, lines(hubRecords(t, kafka, "all")))
	for _, id := range before {
		want(t, id+" in the first hub", got[id], 1)
	}
	want(t, "records at the first partner", otlp.count(), len(before))
	for _, e := range n.Ledger() {
		if strings.Contains(e.LastError, key) || strings.Contains(e.LastError, other) {
			t.Errorf("the ledger of %s tells a key", e.Kind)
		}
	}
}

// ruleKey calls an action of the authorization rule and returns its key.
func ruleKey(t *testing.T, admin *client.Node, action string, body any) string {
	t.Helper()
	var keys struct{ PrimaryKey string }
	check(t, admin.ARM(t.Context(), http.MethodPost, hubRuleID+"/"+action, "2024-01-01", nil, body, &keys))
	return keys.PrimaryKey
}

// hubConnection is the connection string that stands for a password, as in Event
// Hubs.
func hubConnection(key string) string {
	return "Endpoint=sb://127.0.0.1/;SharedAccessKeyName=send;SharedAccessKey=" + key + ";UseDevelopmentEmulator=true"
}

func withKey(key string) []kfake.Opt {
	return []kfake.Opt{kfake.EnableSASL(), kfake.Superuser("PLAIN", "$ConnectionString", hubConnection(key))}
}

// TestSettingIsDeleted: what was taken before is delivered, and nothing else.
func TestSettingIsDeleted(t *testing.T) {
	mustHaveKcat(t)
	kafka, otlp := newBroker(t), newOTLPReceiver(t)
	n := servertest.Start(t, estate(kafka.addr(), otlp.URL, map[string]any{"protocol": "otlp"}))
	admin := n.Admin(t)
	_, err := admin.PutSetting(t.Context(), devBlobID, "all", everywhere())
	check(t, err)
	taken := write(t, n, 200)
	check(t, admin.DeleteSetting(t.Context(), devBlobID, "all"))
	write(t, n, 3)
	n.Settle(t)
	archive := correlation(t, readArchive(t, n, "insights-logs-storageread").all())
	hub := correlation(t, lines(hubRecords(t, kafka, "all")))
	for _, id := range taken {
		if archive[id] != 1 || hub[id] != 1 || !otlp.has(id) {
			t.Errorf("%s: %d times in the archive, %d in the hub, OTLP %v", id, archive[id], hub[id], otlp.has(id))
		}
	}
	want(t, "records in the archive", len(archive), len(taken))
	want(t, "records in the hub", len(hub), len(taken))
	want(t, "records at the partner", otlp.count(), len(taken))
}

// TestArchiveRetention sets a retention, which only the older version of the API
// takes.
func TestArchiveRetention(t *testing.T) {
	n := servertest.Start(t, estate("", "", nil))
	admin := n.Admin(t)
	properties := func(r *client.RetentionPolicy) client.SettingProperties {
		return client.SettingProperties{StorageAccountID: archiveID, Logs: []client.SettingLog{{Category: "AllLogs", Enabled: true, RetentionPolicy: r}}}
	}
	_, err := admin.PutSetting(t.Context(), signalRID, "kept", properties(nil))
	check(t, err)
	now := time.Now()
	for _, at := range []time.Time{now, now.Add(-12 * time.Hour), now.Add(-72 * time.Hour)} {
		emit(t, n, signalRID, "AllLogs", at, `{"time":"`+at.UTC().Format(time.RFC3339)+`"}`)
	}
	n.Settle(t)
	read := func() archived { return readArchive(t, n, "insights-logs-alllogs") }
	want(t, "hours", len(read()), 3)
	_, err = admin.PutSetting(t.Context(), signalRID, "kept", properties(&client.RetentionPolicy{Enabled: true, Days: 1}))
	check(t, err)
	eventually(t, "the old hour is still there", func() bool { return len(read()) < 3 })
	old := now.UTC().Add(-72 * time.Hour).Format("/y=2006/m=01/d=02/h=15/")
	left := slices.Collect(maps.Keys(read()))
	if len(left) != 2 || strings.Contains(left[0], old) || strings.Contains(left[1], old) {
		t.Errorf("left are %v", left)
	}
}
