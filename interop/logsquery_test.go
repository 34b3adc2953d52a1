package interop

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azlogs"

	"reslog/client"
	"reslog/server/servertest"
)

// TestLogsQuerySDK queries workspaces with azlogs, the query client of the Azure
// SDK for Go.
func TestLogsQuerySDK(t *testing.T) {
	n := servertest.Start(t, estate("", "", nil))
	owner := n.Principal(t, []string{"Owner", "Monitoring Metrics Publisher"})
	here := customerID(t, n, workspaceID)
	elsewhere := makeWorkspace(t, insights(t, n, owner), otherWorkspaceID)
	endpoint, rule := collecting(t, n, owner, "source")
	now := time.Now().UTC().Truncate(time.Second)
	upload(
		t, posting(t, n, owner, endpoint), *rule.Properties.ImmutableID,
		map[string]any{"TimeGenerated": now.Add(-25 * time.Hour), "Text": "yesterday", "N": 1 << 53, "R": 0.5, "B": true, "D": map[string]any{"a": []int{1}}},
		map[string]any{"TimeGenerated": now, "Text": "<now> \"quoted\" é"},
	)
	a := &queryTest{n: n, c: asking(t, n, owner), here: here, elsewhere: elsewhere, now: now}
	t.Run("values", a.values)
	t.Run("timespan", a.timespan)
	t.Run("options", a.options)
	t.Run("several tables", a.severalTables)
	t.Run("errors", a.errors)
	t.Run("partial", a.partial)
	t.Run("batch", a.batch)
	t.Run("workspaces", a.workspaces)
	t.Run("roles", a.roles)
}

type queryTest struct {
	n               *servertest.Node
	c               *azlogs.Client
	here, elsewhere string // customer IDs
	now             time.Time
}

// values checks what each type looks like, with a value and without.
func (a *queryTest) values(t *testing.T) {
	got := askWorkspace(t, a.c, a.here, `Events_CL | order by TimeGenerated asc
		| project TimeGenerated, Text, N, R, B, D, I=toint(N % 7), G=iff(B, guid(74be27de-1e4e-49d9-b579-fe0b331d3642), guid(null)), S=iff(B, 90m, timespan(null))`)
	want(t, "name", *got.Name, "PrimaryResult")
	want(t, "columns", columnsOf(got), "TimeGenerated:datetime Text:string N:long R:real B:bool D:dynamic I:int G:guid S:timespan")
	const layout = "2006-01-02T15:04:05Z"
	want(t, "rows", linesOf(got), fmt.Sprintf("%s|yesterday|9.007199254740992e+15|0.5|true|{\"a\":[1]}|4|74be27de-1e4e-49d9-b579-fe0b331d3642|01:30:00\n"+
		"%s|<now> \"quoted\" é|<nil>|<nil>|<nil>|<nil>|<nil>|<nil>|<nil>", a.now.Add(-25*time.Hour).Format(layout), a.now.Format(layout)))
	none := askWorkspace(t, a.c, a.here, `Events_CL | where N == 5 | project N`)
	want(t, "columns", columnsOf(none), "N:long")
	want(t, "rows", len(none.Rows), 0)
	// Standard columns, and a documented table before its first row.
	want(t, "standard columns", askLines(t, a.c, a.here, `Events_CL | where B | project Type, TenantId, isempty(_ItemId), _IsBillable, _BilledSize > 0, abs(datetime_diff('minute', _TimeReceived, now())) < 5`),
		"Events_CL|"+a.here+"|false|True|true|true")
	want(t, "an empty table", askLines(t, a.c, a.here, `StorageBlobLogs | count`), "0")
	want(t, "exact time", askLines(t, a.c, a.here, `print datetime(2024-01-02T03:04:05.1234567Z)`), "2024-01-02T03:04:05.1234567Z")
}

func (a *queryTest) timespan(t *testing.T) {
	for _, c := range []struct {
		span azlogs.TimeInterval
		want string
	}{
		{"PT1H", "1"},
		{"P2D", "2"},
		{azlogs.NewTimeInterval(a.now.Add(-26*time.Hour), a.now.Add(-time.Hour)), "1"},
		{azlogs.NewTimeInterval(a.now, a.now), "1"}, // both ends are in
		{azlogs.TimeInterval(a.now.Add(-26*time.Hour).Format(time.RFC3339) + "/PT2H"), "1"},
		{azlogs.NewTimeInterval(a.now.Add(-3*time.Hour), a.now.Add(-time.Hour)), "0"},
	} {
		r, err := a.c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{Query: to.Ptr("Events_CL | count"), Timespan: &c.span}, nil)
		check(t, err)
		want(t, string(c.span), linesOf(r.Tables[0]), c.want)
	}
	// A time in the query counts too.
	r, err := a.c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{
		Query: to.Ptr("Events_CL | where TimeGenerated > ago(1h) | count"), Timespan: to.Ptr(azlogs.TimeInterval("P2D")),
	}, nil)
	check(t, err)
	want(t, "both", linesOf(r.Tables[0]), "1")
}

func (a *queryTest) options(t *testing.T) {
	r, err := a.c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{Query: to.Ptr(`Events_CL | summarize n=count() by Text | render barchart with (title="events")`)},
		&azlogs.QueryWorkspaceOptions{Options: &azlogs.QueryOptions{Statistics: to.Ptr(true), Visualization: to.Ptr(true), Wait: to.Ptr(600)}})
	check(t, err)
	var statistics struct {
		Query struct {
			ExecutionTime float64
			ResourceUsage struct {
				CPU struct {
					Total string `json:"total cpu"`
				}
			}
			DatasetStatistics []struct {
				Rows int `json:"table_row_count"`
				Size int `json:"table_size"`
			}
		}
	}
	check(t, json.Unmarshal(r.Statistics, &statistics))
	if s := statistics.Query; s.ExecutionTime <= 0 || s.ResourceUsage.CPU.Total == "" || len(s.DatasetStatistics) != 1 || s.DatasetStatistics[0].Rows != 2 || s.DatasetStatistics[0].Size <= 0 {
		t.Errorf("statistics %s", r.Statistics)
	}
	var chart struct{ Visualization, Title string }
	check(t, json.Unmarshal(r.Visualization, &chart))
	want(t, "chart", chart.Visualization+" "+chart.Title, "barchart events")

	plain, err := a.c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{Query: to.Ptr("Events_CL")}, nil)
	check(t, err)
	if plain.Statistics != nil || plain.Visualization != nil {
		t.Errorf("unasked: %s %s", plain.Statistics, plain.Visualization)
	}
	_, err = a.c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{Query: to.Ptr(`range x from 1 to 3000000000 step 1 | summarize dcount(x), sum(x % 7), max(hash(x))`)},
		&azlogs.QueryWorkspaceOptions{Options: &azlogs.QueryOptions{Wait: to.Ptr(1)}})
	wantCode(t, err, http.StatusGatewayTimeout, "GatewayTimeout")
}

func (a *queryTest) severalTables(t *testing.T) {
	text := `let e = Events_CL; e | count; e | project Text | take 1;`
	r, err := a.c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{Query: &text}, nil)
	check(t, err)
	if len(r.Tables) != 2 {
		t.Fatalf("%d tables", len(r.Tables))
	}
	want(t, "columns", columnsOf(r.Tables[0])+" "+columnsOf(r.Tables[1]), "Count:long Text:string")
}

// innerError is the nested reason of a refusal.
type innerError struct {
	Code, Message, Token string
	Line, Pos            int
	InnerError           *innerError
}

// refusalOf reads the error of an answer as the SDK keeps it: its code, that of the
// reason, and the innermost reason.
func refusalOf(t *testing.T, err error) (code, outer string, inner innerError) {
	t.Helper()
	var re *azcore.ResponseError
	if !errors.As(err, &re) {
		t.Fatalf("error %v, want one of the service", err)
	}
	var doc struct {
		Error struct {
			Code, Message, CorrelationID string
			InnerError                   innerError
		}
	}
	check(t, json.NewDecoder(re.RawResponse.Body).Decode(&doc))
	if doc.Error.Message == "" || doc.Error.CorrelationID == "" {
		t.Errorf("a refusal without message or id: %+v", doc.Error)
	}
	want(t, "code of the SDK", re.ErrorCode, doc.Error.Code)
	inner = doc.Error.InnerError
	outer = inner.Code
	for inner.InnerError != nil {
		inner = *inner.InnerError
	}
	return doc.Error.Code, outer, inner
}

func (a *queryTest) errors(t *testing.T) {
	for _, c := range []struct {
		query, code string
		line, pos   int
		token       string
	}{
		{"Events_CL | wher N == 1", "SYN0002", 1, 13, "wher"},
		{"Events_CL\n| where Nn == 1", "SEM0100", 2, 9, "Nn"},
		{"Event_CL | count", "SEM0100", 1, 1, "Event_CL"},
		{"Events_CL | extend x = nosuchthing(N)", "SEM0100", 1, 24, "nosuchthing"},
		{"Events_CL | where Text ==", "SYN0002", 1, 0, ""},
	} {
		_, err := a.c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{Query: &c.query}, nil)
		code, outer, inner := refusalOf(t, err)
		want(t, c.query, code, "BadArgumentError")
		want(t, c.query, outer, map[string]string{"SYN0002": "SyntaxError", "SEM0100": "SemanticError"}[c.code])
		if inner.Code != c.code || inner.Line != c.line || c.pos > 0 && (inner.Pos != c.pos || inner.Token != c.token) || inner.Message == "" {
			t.Errorf("%s: %+v, want %s at %d:%d %q", c.query, inner, c.code, c.line, c.pos, c.token)
		}
	}
	_, err := a.c.QueryWorkspace(t.Context(), "no-such-workspace", azlogs.QueryBody{Query: to.Ptr("print 1")}, nil)
	wantCode(t, err, http.StatusNotFound, "WorkspaceNotFoundError")
	_, err = a.c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{Query: to.Ptr("print 1"), Timespan: to.Ptr(azlogs.TimeInterval("yesterday"))}, nil)
	wantCode(t, err, http.StatusBadRequest, "BadArgumentError")
	_, err = a.c.QueryResource(t.Context(), groupID+"/providers/Microsoft.Storage/storageAccounts/nobody", azlogs.QueryBody{Query: to.Ptr("print 1")}, nil)
	wantCode(t, err, http.StatusNotFound, "ResourceNotFoundError")
}

// partial asks for more rows than an answer has.
func (a *queryTest) partial(t *testing.T) {
	r, err := a.c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{Query: to.Ptr("range x from 1 to 500001 step 1")}, nil)
	check(t, err)
	want(t, "rows", len(r.Tables[0].Rows), 500_000)
	if r.Error == nil || r.Error.Code != "PartialError" || !strings.Contains(r.Error.Error(), "E_QUERY_RESULT_SET_TOO_LARGE") {
		t.Errorf("error %v", r.Error)
	}
}

func (a *queryTest) batch(t *testing.T) {
	request := func(id, workspace, query string) azlogs.BatchQueryRequest {
		return azlogs.BatchQueryRequest{
			ID: &id, WorkspaceID: &workspace, Body: &azlogs.QueryBody{Query: &query}, Method: to.Ptr("POST"), Path: to.Ptr("/query"),
			Headers: map[string]*string{"prefer": to.Ptr("include-statistics=true")},
		}
	}
	r, err := a.c.QueryBatch(t.Context(), azlogs.BatchRequest{Requests: []azlogs.BatchQueryRequest{
		request("first", a.here, "Events_CL | count"), request("second", a.here, "Events_CL | nosuch"), request("third", "nobody", "print 1"),
	}}, nil)
	check(t, err)
	got := map[string]string{}
	for _, b := range r.Responses {
		text := fmt.Sprint(*b.Status)
		if len(b.Body.Tables) > 0 {
			text += " " + linesOf(b.Body.Tables[0])
		}
		if b.Body.Error != nil {
			text += " " + b.Body.Error.Code
		}
		if (b.Body.Statistics == nil) != (*b.Status != 200) {
			t.Errorf("%s: statistics %s", *b.ID, b.Body.Statistics)
		}
		got[*b.ID] = text
	}
	want(t, "answers", fmt.Sprint(got), "map[first:200 2 second:400 BadArgumentError third:404 WorkspaceNotFoundError]")
}

// workspaces reads two workspaces at once.
func (a *queryTest) workspaces(t *testing.T) {
	ask := func(workspace, query string, others ...string) string {
		t.Helper()
		r, err := a.c.QueryWorkspace(t.Context(), workspace, azlogs.QueryBody{Query: &query, AdditionalWorkspaces: others}, nil)
		check(t, err)
		return linesOf(r.Tables[0])
	}
	_, err := a.c.QueryWorkspace(t.Context(), a.elsewhere, azlogs.QueryBody{Query: to.Ptr("Events_CL | count")}, nil)
	wantCode(t, err, http.StatusBadRequest, "BadArgumentError") // it has no such table
	for _, ref := range []string{a.here, workspaceID, lastOf(workspaceID)} {
		want(t, "with "+ref, ask(a.elsewhere, "Events_CL | count", ref), "2")
	}
	want(t, "tenants", ask(a.elsewhere, "Events_CL | distinct TenantId", a.here), a.here)
	_, err = a.c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{Query: to.Ptr("print 1"), AdditionalWorkspaces: []string{"nobody"}}, nil)
	wantCode(t, err, http.StatusBadRequest, "FailedToResolveResource")
}

func (a *queryTest) roles(t *testing.T) {
	ask := func(p client.Principal, workspace string, others ...string) error {
		_, err := asking(t, a.n, p).QueryWorkspace(t.Context(), workspace, azlogs.QueryBody{Query: to.Ptr("print 1"), AdditionalWorkspaces: others}, nil)
		return err
	}
	nobody := a.n.Principal(t, nil)
	wantCode(t, ask(nobody, a.here), http.StatusForbidden, "InsufficientAccessError")
	wantCode(t, ask(a.n.Principal(t, []string{"Monitoring Metrics Publisher"}), a.here), http.StatusForbidden, "InsufficientAccessError")
	reader := a.n.Principal(t, []string{"Log Analytics Reader"}, workspaceID)
	check(t, ask(reader, a.here))
	wantCode(t, ask(reader, a.elsewhere), http.StatusForbidden, "InsufficientAccessError")
	wantCode(t, ask(reader, a.here, a.elsewhere), http.StatusBadRequest, "FailedToResolveResource")
	_, err := asking(t, a.n, reader).QueryResource(t.Context(), devBlobID, azlogs.QueryBody{Query: to.Ptr("print 1")}, nil)
	wantCode(t, err, http.StatusForbidden, "InsufficientAccessError")

	// A token for something else is of no use here.
	options := logsOptions(t, a.n)
	c, err := azlogs.NewClient(otherAudience{a.n.Credential(t, reader), "https://storage.azure.com/.default"}, &azlogs.ClientOptions{ClientOptions: options})
	check(t, err)
	_, err = c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{Query: to.Ptr("print 1")}, nil)
	wantCode(t, err, http.StatusUnauthorized, "InvalidTokenError")
	// The other host of the service is the same audience.
	c, err = azlogs.NewClient(otherAudience{a.n.Credential(t, reader), "https://api.loganalytics.azure.com/.default"}, &azlogs.ClientOptions{ClientOptions: options})
	check(t, err)
	_, err = c.QueryWorkspace(t.Context(), a.here, azlogs.QueryBody{Query: to.Ptr("print 1")}, nil)
	check(t, err)
}
