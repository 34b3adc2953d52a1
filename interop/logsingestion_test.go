package interop

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	ingestion "github.com/Azure/azure-sdk-for-go/sdk/monitor/ingestion/azlogs"

	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
)

// TestLogsIngestionSDK posts rows with azlogs, the ingestion client of the Azure
// SDK for Go, to a data collection rule made with armmonitor.
func TestLogsIngestionSDK(t *testing.T) {
	n := servertest.Start(t, estate("", "", nil))
	owner := n.Principal(t, []string{"Owner"})
	endpoint, rule := collecting(t, n, owner, "source | where N > 0 | extend Text = toupper(Text), D = bag_pack('n', N)")
	want(t, "kind of id", strings.HasPrefix(*rule.Properties.ImmutableID, "dcr-"), true)
	publisher := n.Principal(t, []string{"Monitoring Metrics Publisher"}, *rule.ID)
	c := posting(t, n, publisher, endpoint)
	id := *rule.Properties.ImmutableID
	now := time.Now().UTC().Truncate(time.Second)
	upload(
		t, c, id,
		map[string]any{"TimeGenerated": now, "Text": "one", "N": "1", "R": 1, "B": "true", "Unknown": "dropped"},
		map[string]any{"Text": "no time", "N": 2},
		map[string]any{"TimeGenerated": now.AddDate(0, 0, -3), "Text": "too old", "N": 3},
		map[string]any{"TimeGenerated": now, "Text": "filtered", "N": 0},
	)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte(`[{"Text":"compressed","N":4}]`))
	check(t, err)
	check(t, w.Close())
	_, err = c.Upload(t.Context(), id, "Custom-Events", packed.Bytes(), &ingestion.UploadOptions{ContentEncoding: to.Ptr("gzip")})
	check(t, err)

	reader := asking(t, n, n.Principal(t, []string{"Log Analytics Reader"}, workspaceID))
	here := customerID(t, n, workspaceID)
	// What is answered is stored: there is nothing to wait for.
	want(t, "rows", askLines(t, reader, here, `Events_CL | order by N asc | project N, Text, R, B, D, TimeGenerated > ago(5m), isnotempty(_ItemId)`), strings.Join([]string{
		`1|ONE|1|true|{"n":1}|true|true`, `2|NO TIME|<nil>|<nil>|{"n":2}|true|true`,
		`3|TOO OLD|<nil>|<nil>|{"n":3}|true|true`, `4|COMPRESSED|<nil>|<nil>|{"n":4}|true|true`,
	}, "\n"))

	many := make([]map[string]any, 5000)
	for i := range many {
		many[i] = map[string]any{"TimeGenerated": now, "Text": "many", "N": i + 1}
	}
	upload(t, c, id, many...)
	want(t, "many", askLines(t, reader, here, `Events_CL | where Text == "MANY" | summarize count(), max(N), dcount(_ItemId, 4)`), "5000|5000|5000")

	refusedUploads(t, n, endpoint, id, c)
	want(t, "rows after refusals", askLines(t, reader, here, "Events_CL | count"), "5004")
}

func refusedUploads(t *testing.T, n *servertest.Node, endpoint, id string, c *ingestion.Client) {
	t.Helper()
	for _, refusal := range []struct {
		what         string
		rule, stream string
		body         string
		status       int
		code         string
	}{
		{"no array", id, "Custom-Events", `{"N":1}`, 400, "InvalidContent"},
		{"no JSON", id, "Custom-Events", `[{"N":1},{"N`, 400, "InvalidContent"},
		{"no objects", id, "Custom-Events", `[{"N":5},7]`, 400, "InvalidContent"},
		{"another stream", id, "Custom-Other", `[{"N":1}]`, 400, "InvalidStream"},
		{"another rule", "dcr-00000000000000000000000000000000", "Custom-Events", `[]`, 404, "NotFound"},
		{"too much", id, "Custom-Events", `[{"Text":"` + strings.Repeat("x", 1<<20) + `","N":1}]`, 413, "ContentLengthLimitExceeded"},
	} {
		_, err := c.Upload(t.Context(), refusal.rule, refusal.stream, []byte(refusal.body), nil)
		refusedAs(t, refusal.what, err, refusal.status, refusal.code)
	}
	_, err := c.Upload(t.Context(), id, "Custom-Events", []byte("no gzip"), &ingestion.UploadOptions{ContentEncoding: to.Ptr("gzip")})
	refusedAs(t, "no gzip", err, 400, "InvalidContent")
	for _, roles := range [][]string{nil, {"Log Analytics Reader"}, {"Owner"}} {
		_, err := posting(t, n, n.Principal(t, roles), endpoint).Upload(t.Context(), id, "Custom-Events", []byte(`[{"N":1}]`), nil)
		refusedAs(t, fmt.Sprint("as ", roles), err, 403, "OperationFailed")
	}
	p := n.Principal(t, []string{"Monitoring Metrics Publisher"})
	wrong, err := ingestion.NewClient(endpoint, otherAudience{n.Credential(t, p), "https://storage.azure.com/.default"}, &ingestion.ClientOptions{ClientOptions: logsOptions(t, n)})
	check(t, err)
	_, err = wrong.Upload(t.Context(), id, "Custom-Events", []byte(`[{"N":1}]`), nil)
	refusedAs(t, "another audience", err, 401, "InvalidToken")
}

// dataCollector is a client of the HTTP Data Collector API, made as its documentation
// describes it.
type dataCollector struct {
	http          *http.Client
	url           string
	workspace     string // customer ID
	key           string
	skew          time.Duration
	logType, time string
	resource      string
}

// send posts a body and returns the answer's status and what its error says.
func (c dataCollector) send(t *testing.T, body string) (status int, code, message string) {
	t.Helper()
	date := time.Now().Add(c.skew).UTC().Format(http.TimeFormat)
	key, err := base64.StdEncoding.DecodeString(c.key)
	check(t, err)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "POST\n%d\napplication/json\nx-ms-date:%s\n/api/logs", len(body), date)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url+"/api/logs?api-version=2016-04-01", strings.NewReader(body))
	check(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "SharedKey "+c.workspace+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	req.Header.Set("x-ms-date", date)
	req.Header.Set("Log-Type", c.logType)
	if c.time != "" {
		req.Header.Set("time-generated-field", c.time)
	}
	if c.resource != "" {
		req.Header.Set("x-ms-AzureResourceId", c.resource)
	}
	resp, err := c.http.Do(req)
	check(t, err)
	defer resp.Body.Close()
	var refusal struct{ Error, Message string }
	if resp.StatusCode != http.StatusOK {
		check(t, json.NewDecoder(resp.Body).Decode(&refusal))
	}
	return resp.StatusCode, refusal.Error, refusal.Message
}

// newDataCollector is one with the workspace's primary key.
func newDataCollector(t *testing.T, n *servertest.Node, owner client.Principal) dataCollector {
	t.Helper()
	keys, err := insights(t, n, owner).NewSharedKeysClient().GetSharedKeys(t.Context(), server.DefaultResourceGroup, lastOf(workspaceID), nil)
	check(t, err)
	return dataCollector{http: n.HTTPClient(t), url: n.ControlURL(), workspace: customerID(t, n, workspaceID), key: *keys.PrimarySharedKey, logType: "Demo"}
}

func TestDataCollector(t *testing.T) {
	n := servertest.Start(t, estate("", "", nil))
	owner := n.Principal(t, []string{"Owner"})
	c := newDataCollector(t, n, owner)
	post := func(c dataCollector, body string) {
		t.Helper()
		if status, code, message := c.send(t, body); status != http.StatusOK {
			t.Fatalf("%d %s: %s", status, code, message)
		}
	}
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	stamped := c
	stamped.time, stamped.resource = "when", devBlobID
	post(stamped, `[{"text":"a","number":1.5,"flag":true,"when":"`+at.Format(time.RFC3339)+`","id":"909ED01C-A74D-4874-8ABF-D2678E3AE23D","nothing":null,"deep":{"x":1}}]`)
	post(c, `{"text":"b","number":2}`) // one object is as good as an array
	post(c, `[{"text":"c","number":"three"}]`)

	asker := asking(t, n, owner)
	got := askWorkspace(t, asker, c.workspace, `Demo_CL | order by text_s asc | project TimeGenerated == when_t, text_s, number_d, flag_b, id_g, _ResourceId, SourceSystem, Type`)
	want(t, "columns", columnsOf(got), "Column1:bool text_s:string number_d:real flag_b:bool id_g:guid _ResourceId:string SourceSystem:string Type:string")
	want(t, "rows", linesOf(got), strings.Join([]string{
		"true|a|1.5|true|909ed01c-a74d-4874-8abf-d2678e3ae23d|" + strings.ToLower(devBlobID) + "|RestAPI|Demo_CL",
		"false|b|2|<nil>|<nil>||RestAPI|Demo_CL", "false|c|<nil>|<nil>|<nil>||RestAPI|Demo_CL",
	}, "\n"))
	// Another type makes another column.
	want(t, "text for a number", askLines(t, asker, c.workspace, `Demo_CL | where text_s == "c" | project number_s`), "three")

	for _, refusal := range []struct {
		what   string
		change func(*dataCollector)
		body   string
		status int
		code   string
	}{
		{"another key", func(c *dataCollector) { c.key = base64.StdEncoding.EncodeToString([]byte("another")) }, `[]`, 403, "InvalidAuthorization"},
		{"another workspace", func(c *dataCollector) { c.workspace = "00000000-0000-0000-0000-000000000001" }, `[]`, 403, "InvalidAuthorization"},
		{"yesterday's date", func(c *dataCollector) { c.skew = -24 * time.Hour }, `[]`, 403, "InvalidAuthorization"},
		{"no type", func(c *dataCollector) { c.logType = "" }, `[]`, 400, "MissingLogType"},
		{"a bad type", func(c *dataCollector) { c.logType = "a-b" }, `[]`, 400, "InvalidLogType"},
		{"no JSON", func(*dataCollector) {}, `{"text":`, 400, "InvalidDataFormat"},
	} {
		bad := c
		refusal.change(&bad)
		status, code, message := bad.send(t, refusal.body)
		if status != refusal.status || code != refusal.code || message == "" {
			t.Errorf("%s: %d %s %q, want %d %s", refusal.what, status, code, message, refusal.status, refusal.code)
		}
	}

	// Both keys are drawn anew.
	keys, err := insights(t, n, owner).NewSharedKeysClient().Regenerate(t.Context(), server.DefaultResourceGroup, lastOf(workspaceID), nil)
	check(t, err)
	if status, code, _ := c.send(t, `[{"text":"d"}]`); status != http.StatusForbidden {
		t.Errorf("the old key: %d %s", status, code)
	}
	c.key = *keys.SecondarySharedKey
	post(c, `[{"text":"e"}]`)
	want(t, "rows", askLines(t, asker, c.workspace, `Demo_CL | count`), "4")
}
