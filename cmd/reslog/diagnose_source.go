package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reslog/analytics/archives"
	"reslog/client"
	"reslog/diagnose"
	"reslog/record"
	"reslog/resource"
)

// The SignalR service that a node has from the start, and what its logs are in.
const (
	ownSignalR      = "Microsoft.SignalRService/SignalR/signalr"
	signalRTable    = "SignalRServiceDiagnosticLogs"
	signalRCategory = record.Category("AllLogs")
)

// maxDiagnosed bounds the events that are read.
const maxDiagnosed = 5_000_000

// read reads the events from where the flags say.
func (f *diagnoseFlags) read(cmd *cobra.Command) ([]diagnose.Record, error) {
	switch {
	case len(f.paths) > 0:
		source, err := archives.OpenFolder(f.paths...)
		if err != nil {
			return nil, err
		}
		return f.readArchive(cmd, source)
	case f.url != "":
		source, err := archives.OpenURL(f.url, nil)
		if err != nil {
			return nil, err
		}
		return f.readArchive(cmd, source)
	case f.connection != "" || f.accountName != "":
		text := f.connection
		if text == "" {
			key := cmp.Or(f.accountK, os.Getenv(keyVariable))
			if key == "" {
				return nil, errors.New("--account-name needs --account-key or " + keyVariable)
			}
			text = "AccountName=" + f.accountName + ";AccountKey=" + key
		}
		account, err := client.ParseConnectionString(text)
		if err != nil {
			return nil, err
		}
		return f.readAccount(cmd, account)
	}
	n, err := findNode(cmd)
	if err != nil {
		return nil, err
	}
	if f.workspace != "" {
		f.options.Resource = f.resource
		return f.query(cmd, n, client.QueryRequest{Workspace: f.workspace})
	}
	id, err := completeID(n, "", cmp.Or(f.resource, ownSignalR))
	if err != nil {
		return nil, err
	}
	f.options.Resource = id
	return f.readNode(cmd, n, id)
}

// readNode reads what a setting of the resource has sent to a workspace, else to an
// archive of the node's own.
func (f *diagnoseFlags) readNode(cmd *cobra.Command, n *client.Node, id string) ([]diagnose.Record, error) {
	settings, err := n.Settings(cmd.Context(), id)
	if err != nil {
		return nil, err
	}
	archive := ""
	for _, s := range settings {
		switch {
		case s.Properties.WorkspaceID != "":
			return f.query(cmd, n, client.QueryRequest{Workspace: s.Properties.WorkspaceID})
		case archive == "":
			archive = s.Properties.StorageAccountID
		}
	}
	if archive == "" {
		return nil, fmt.Errorf(`no diagnostic setting sends the logs of %[1]s to a workspace or an archive, and they are kept nowhere: make one, and come back when it happens again:
  reslog workspace create logs
  reslog settings create -n logs --workspace logs --logs allLogs --resource %[1]s`, id)
	}
	account, err := nodeAccount(cmd.Context(), n, archive)
	if err != nil {
		return nil, fmt.Errorf("the archive %s cannot be read from here, name it with --connection-string: %w", archive, err)
	}
	list, err := f.readAccount(cmd, account)
	if errors.Is(err, archives.ErrNoLogs) {
		return nil, nil // nothing has happened yet
	}
	return list, err
}

// nodeAccount is a storage account of the node, with its key.
func nodeAccount(ctx context.Context, n *client.Node, id string) (*client.Account, error) {
	parsed, err := resource.Parse(id)
	if err != nil {
		return nil, err
	}
	r, err := n.Resource(ctx, id)
	if err != nil {
		return nil, err
	}
	var properties struct {
		Endpoints struct {
			Blob string `json:"blob"`
		} `json:"primaryEndpoints"`
	}
	if err := json.Unmarshal(r.Properties, &properties); err != nil {
		return nil, err
	}
	if properties.Endpoints.Blob == "" {
		return nil, errors.New("the node does not serve its blobs")
	}
	keys, err := n.Keys(ctx, parsed.Name())
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("it has no keys")
	}
	return client.ParseConnectionString("AccountName=" + parsed.Name() + ";AccountKey=" + keys[0].Value + ";BlobEndpoint=" + properties.Endpoints.Blob)
}

func (f *diagnoseFlags) readAccount(cmd *cobra.Command, a *client.Account) ([]diagnose.Record, error) {
	endpoint := a.Endpoints[client.Blob]
	if endpoint == "" {
		return nil, errors.New("the connection string names no blob endpoint")
	}
	c := archives.AccountConfig{Endpoint: endpoint, SAS: a.SAS}
	if len(a.Key) > 0 {
		c.Name, c.Key = a.Name, base64.StdEncoding.EncodeToString(a.Key)
	}
	source, err := archives.OpenAccount(c)
	if err != nil {
		return nil, err
	}
	return f.readArchive(cmd, source)
}

// readArchive reads the events of archives.
func (f *diagnoseFlags) readArchive(cmd *cobra.Command, source archives.Source) ([]diagnose.Record, error) {
	if f.options.Resource == "" {
		f.options.Resource = f.resource
	}
	selection := archives.Selection{Since: f.options.Since, Until: f.options.Until, Categories: []record.Category{signalRCategory}}
	var list []diagnose.Record
	bad := 0
	full := errors.New("that is enough")
	err := archives.Records(cmd.Context(), source, selection, func(line []byte) error {
		r, err := diagnose.Parse(line)
		if err != nil {
			bad++
			return nil
		}
		if !f.options.Since.IsZero() && r.Time.Before(f.options.Since) {
			return nil // of the hour that is read in part only
		}
		list = append(list, r)
		if len(list) > maxDiagnosed {
			return full
		}
		return nil
	}, func(b archives.Blob, err error) {
		fmt.Fprintf(cmd.ErrOrStderr(), "reslog: %s: %s\n", plain(b.Location), plain(err.Error()))
	})
	if bad > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "reslog: %d records could not be read\n", bad)
	}
	if errors.Is(err, full) {
		err = nil // the report says that it is cut
	}
	return list, err
}

// query reads the events of a workspace.
func (f *diagnoseFlags) query(cmd *cobra.Command, n *client.Node, q client.QueryRequest) ([]diagnose.Record, error) {
	var kql strings.Builder
	kql.WriteString(signalRTable)
	for _, bound := range []struct {
		at time.Time
		op string
	}{{f.options.Since, ">="}, {f.options.Until, "<"}} {
		if !bound.at.IsZero() {
			fmt.Fprintf(&kql, " | where TimeGenerated %s datetime(%s)", bound.op, bound.at.UTC().Format("2006-01-02T15:04:05.0000000Z"))
		}
	}
	if f.options.User != "" {
		fmt.Fprintf(&kql, " | where UserId == %q", f.options.User)
	}
	kql.WriteString(" | project TimeGenerated, OperationName, Collection, Level, Message, ConnectionId, ConnectionType, TransportType, UserId, HubName, CallerIpAddress, _ResourceId")
	q.Query = kql.String()
	result, err := n.Query(cmd.Context(), q)
	if err != nil {
		return nil, err
	}
	if result.Error != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "reslog: rows are missing, look at a shorter time with --since and --until:", plain(result.Error.Error()))
	}
	if len(result.Tables) == 0 {
		return nil, nil
	}
	return diagnosedRows(result.Tables[0].Rows), nil
}

// diagnosedRows makes events of rows with the columns of query.
func diagnosedRows(rows [][]any) []diagnose.Record {
	list := make([]diagnose.Record, 0, len(rows))
	for _, row := range rows {
		text := func(i int) string {
			if i < len(row) {
				if s, ok := row[i].(string); ok {
					return s
				}
			}
			return ""
		}
		at, err := time.Parse(time.RFC3339Nano, text(0))
		if err != nil {
			continue // a row has its time
		}
		list = append(list, diagnose.Record{
			Time: at, Operation: text(1), Collection: text(2), Level: text(3), Message: text(4), Connection: text(5), Side: text(6),
			Transport: text(7), User: text(8), Hub: text(9), Caller: text(10), Resource: text(11),
		})
	}
	return list
}
