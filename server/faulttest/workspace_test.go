//go:build cgo

package faulttest

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"testing"

	"reslog/client"
)

// Names of workspaces, and their IDs without what comes before the provider.
const (
	workspaceName  = "logs"
	otherName      = "other"
	workspacesPath = "Microsoft.OperationalInsights/workspaces/"

	blobTable = "StorageBlobLogs"
)

// workspace adds a workspace and a setting that sends to it, of the same name.
func (b *bootstrap) workspace(name string) {
	b.resource(workspacesPath+name, nil)
	b.setting(name, map[string]any{"workspaceId": workspacesPath + name, "logAnalyticsDestinationType": "Dedicated"})
}

// withQueries lets a node have a control address, and queries so many bytes.
func withQueries(memory int64) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, memoryVariable+"="+strconv.FormatInt(memory, 10))
	}
}

// queryMemory is what queries of these tests may use, unless it is the point.
const queryMemory = 256 << 20

// admin is a client of the node that has a data folder; its address is read now.
func admin(t *testing.T, data string) *client.Node {
	t.Helper()
	api, err := client.FindNode(client.NodeConfig{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// ask runs a query and returns the rows of its first result.
func ask(ctx context.Context, api *client.Node, workspace, query string) ([][]any, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := api.Query(ctx, client.QueryRequest{Workspace: workspace, Query: query})
	if err == nil && r.Error != nil {
		err = r.Error
	}
	if err != nil {
		return nil, err
	}
	return r.Tables[0].Rows, nil
}

// number runs a query whose answer is one number.
func number(ctx context.Context, api *client.Node, workspace, query string) (int64, error) {
	rows, err := ask(ctx, api, workspace, query)
	if err != nil {
		return 0, err
	}
	if len(rows) == 1 && len(rows[0]) == 1 {
		if n, ok := rows[0][0].(json.Number); ok {
			return n.Int64()
		}
	}
	return 0, fmt.Errorf("%s: %v is not one number", query, rows)
}

// count is how many rows the table of blobs has.
func count(t *testing.T, api *client.Node, workspace string) int64 {
	t.Helper()
	n, err := number(t.Context(), api, workspace, blobTable+" | count")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tableOf returns how often each request is in the table of blobs.
func tableOf(t *testing.T, api *client.Node, workspace string) map[string]int {
	t.Helper()
	rows, err := ask(t.Context(), api, workspace, blobTable+" | summarize n = count() by CorrelationId")
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, row := range rows {
		n, err := row[1].(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		times[row[0].(string)] = int(n)
	}
	return times
}

// delivery is the ledger of a setting.
func delivery(t *testing.T, api *client.Node, setting string) client.Delivery {
	t.Helper()
	all, err := api.Deliveries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.Setting == setting {
			return d
		}
	}
	t.Fatalf("no ledger of setting %s", setting)
	return client.Delivery{}
}
