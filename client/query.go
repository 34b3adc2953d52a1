package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// QueryRequest is a query of a workspace, or of what the workspaces of a resource
// hold about it.
type QueryRequest struct {
	// Workspace is its customer ID, resource ID, or name. Resource is the ID of a
	// resource. One of them is given.
	Workspace, Resource string
	Query               string // KQL
	Timespan            string // ISO 8601: "P1D", "2024-01-01/2024-01-02"; empty for all
	Workspaces          []string
	// Wait is how long the query may take; zero is the node's default.
	Wait time.Duration
	// Explain asks for the SQL instead of rows.
	Explain bool
}

// QueryResult is what a query gives.
type QueryResult struct {
	Tables []QueryTable `json:"tables"`
	Render *QueryRender `json:"render,omitempty"`
	// Statistics are what the query took, as the node has them.
	Statistics json.RawMessage `json:"statistics,omitempty"`
	// Error says why rows are missing; nil when none are.
	Error *QueryError `json:"error,omitempty"`
	// SQL is what each statement was turned into, for an explained query.
	SQL []string `json:"explain,omitempty"`
}

// QueryTable is a result. Values are string, bool, json.Number or nil: dates,
// spans, dynamic values and the like are strings.
type QueryTable struct {
	Name    string        `json:"name"`
	Columns []QueryColumn `json:"columns"`
	Rows    [][]any       `json:"rows"`
}

// QueryColumn is a column of a result.
type QueryColumn struct {
	Name string `json:"name"`
	Type string `json:"type"` // "datetime", "long", …
}

// QueryRender is what a render operator asks for.
type QueryRender struct {
	Visualization string   `json:"visualization"`
	Title         string   `json:"title"`
	Kind          string   `json:"kind"`
	XColumn       string   `json:"xColumn"`
	YColumns      []string `json:"yColumns"`
	Series        []string `json:"series"`
	XTitle        string   `json:"xTitle"`
	YTitle        string   `json:"yTitle"`
}

// QueryError is the refusal of a query, or what is said at the end of an answer.
type QueryError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"details"`
	Inner *QueryFault `json:"innererror"`
}

// QueryFault says what of a query is wrong. Line and Pos count from 1; zero is
// no place.
type QueryFault struct {
	Code    string      `json:"code"`
	Message string      `json:"message"`
	Line    int         `json:"line"`
	Pos     int         `json:"pos"`
	Token   string      `json:"token"`
	Inner   *QueryFault `json:"innererror"`
}

// Error implements error: the innermost reason.
func (e *QueryError) Error() string {
	if f := e.Fault(); f != nil {
		return f.Message
	}
	text := e.Message
	for _, d := range e.Details {
		text += ": " + d.Message
	}
	return text
}

// Fault is the innermost reason, nil when there is only a message.
func (e *QueryError) Fault() *QueryFault {
	f := e.Inner
	for f != nil && f.Inner != nil {
		f = f.Inner
	}
	return f
}

// workspacePath is where a workspace is asked; it is given by any of its names.
func workspacePath(workspace string) string {
	if strings.Contains(workspace, "/") {
		return resourcePath(workspace)
	}
	return "/v1/workspaces/" + url.PathEscape(workspace)
}

// resourcePath is where a resource is asked.
func resourcePath(id string) string { return "/v1/" + strings.Trim(id, "/") }

// Query runs a query. An error of the query itself is a *QueryError.
func (n *Node) Query(ctx context.Context, q QueryRequest) (QueryResult, error) {
	var result QueryResult
	path := workspacePath(q.Workspace)
	if q.Resource != "" {
		path = resourcePath(q.Resource)
	}
	prefer := "include-statistics=true, include-render=true"
	if q.Wait > 0 {
		prefer += fmt.Sprintf(", wait=%d", int(q.Wait.Seconds()))
	}
	if q.Explain {
		prefer += ", explain=true"
	}
	body := map[string]any{"query": q.Query, "timespan": q.Timespan, "workspaces": q.Workspaces}
	resp, err := n.sendWith(ctx, http.Header{"Prefer": {prefer}}, http.MethodPost, path+"/query", body)
	if err != nil {
		return result, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return result, errors.New("no setting sends the logs of this resource to a workspace: make one with \"reslog settings create --workspace\"")
	}
	// What a node answers is as long as its limits allow.
	dec := json.NewDecoder(resp.Body)
	dec.UseNumber()
	if err := dec.Decode(&result); err != nil {
		return result, fmt.Errorf("read the node's answer: %w", err)
	}
	return result, nil
}

// Workspace is a Log Analytics workspace of a node.
type Workspace struct {
	Resource
	CustomerID      string
	RetentionInDays int
}

// workspaceVersion is an API version of workspaces and their tables.
const workspaceVersion = "2022-10-01"

// Workspaces lists those of a subscription.
func (n *Node) Workspaces(ctx context.Context, subscription string) ([]Workspace, error) {
	all, err := list[Resource](ctx, n, "/subscriptions/"+url.PathEscape(subscription)+"/providers/Microsoft.OperationalInsights/workspaces", workspaceVersion, nil)
	if err != nil {
		return nil, err
	}
	spaces := make([]Workspace, 0, len(all))
	for _, r := range all {
		w := Workspace{Resource: r}
		if err := json.Unmarshal(r.Properties, &struct {
			CustomerID      *string `json:"customerId"`
			RetentionInDays *int    `json:"retentionInDays"`
		}{&w.CustomerID, &w.RetentionInDays}); err != nil {
			return nil, fmt.Errorf("read workspace %s: %w", r.Name, err)
		}
		spaces = append(spaces, w)
	}
	return spaces, nil
}

// WorkspaceTable is a table of a workspace.
type WorkspaceTable struct {
	Name    string        `json:"name"`
	Columns []QueryColumn `json:"columns"`
	// Usage is what the table holds.
	Usage TableUsage `json:"properties"`
}

// TableUsage is what a table holds.
type TableUsage struct {
	Rows            int64     `json:"rows"`
	BilledBytes     int64     `json:"billedBytes"`
	StoredBytes     int64     `json:"storedBytes"` // of closed days, on disk
	First           time.Time `json:"firstTime,omitzero"`
	Last            time.Time `json:"lastTime,omitzero"`
	RetentionInDays int       `json:"retentionInDays"`
}

// WorkspaceTables lists the tables of a workspace with their columns.
func (n *Node) WorkspaceTables(ctx context.Context, workspace string) ([]WorkspaceTable, error) {
	resp, err := n.send(ctx, http.MethodGet, workspacePath(workspace)+"/metadata", nil)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Tables []WorkspaceTable `json:"tables"`
	}
	if err := decodeAnswer(resp, &answer); err != nil {
		return nil, err
	}
	return answer.Tables, nil
}

// SetTableRetention sets how many days a table of a workspace, given by its
// resource ID, keeps rows; -1 is as many as the workspace says.
func (n *Node) SetTableRetention(ctx context.Context, workspace, table string, days int) error {
	body := map[string]any{"properties": map[string]int{"retentionInDays": days, "totalRetentionInDays": days}}
	return n.ARM(ctx, http.MethodPatch, workspace+"/tables/"+url.PathEscape(table), workspaceVersion, nil, body, nil)
}
