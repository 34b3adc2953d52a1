package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"reslog/client"
	"reslog/server"
)

const demoHelp = `Start a node in a temporary folder on free ports, switch logging on, archive the
records of blobs in another account with a diagnostic setting that fills a
workspace too, make requests of blobs, queues and tables with the Azure SDKs and
connections to Redis and SignalR, show each record as it arrives, read the logs back
from $logs and from the archive, ask the workspace in KQL, and diagnose SignalR. It takes a few seconds, changes nothing else, and removes
its folder at the end; with --keep the node runs on until Ctrl-C.`

// demoArchive and demoWorkspace are what receives.
const (
	demoArchive   = "archive"
	demoWorkspace = "search"
)

// demoQuery is what the demo asks the workspace.
const demoQuery = `StorageBlobLogs
| summarize Requests = count(), Slowest = max(DurationMs) by Category, StatusCode, StatusText
| sort by Requests desc, StatusCode asc, Category asc`

// demoRedisQuery is what it asks about Redis.
const demoRedisQuery = `REDConnectionEvents
| summarize Events = count(), Connections = dcount(ConnectionId) by EventType, EventStatus, ClientIp
| sort by EventType asc, EventStatus asc`

// demoWait bounds how long the demo waits for a record.
const demoWait = time.Minute

func newDemoCommand() *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a node at work: real requests and their records",
		Long:  demoHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), cmd.OutOrStdout(), useColor(cmd), keep)
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "keep the node running until Ctrl-C")
	return cmd
}

func runDemo(ctx context.Context, out io.Writer, color, keep bool) (err error) {
	folder, err := os.MkdirTemp("", "reslog-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	cfg := server.Config{
		Data:          filepath.Join(folder, "data"),
		BlobAddr:      "127.0.0.1:0",
		QueueAddr:     "127.0.0.1:0",
		TableAddr:     "127.0.0.1:0",
		RedisAddr:     "127.0.0.1:0",
		SignalRAddr:   "127.0.0.1:0",
		ControlAddr:   "127.0.0.1:0",
		AdminAddr:     "127.0.0.1:0",
		RedisPassword: demoPassword,
		FlushInterval: time.Second,
		Accounts:      []server.Account{{Name: demoArchive}},
	}
	n, err := server.New(cfg)
	if err != nil {
		return err
	}
	if err := n.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Stop(context.WithoutCancel(ctx))) }()

	d := &demo{out: out, node: n, data: cfg.Data, printer: newRecordPrinter(out, color), records: make(chan client.TailRecord, 64)}
	if err := d.run(ctx); err != nil {
		return err
	}
	d.whatNext(cfg.Data, keep)
	if keep {
		<-ctx.Done()
	}
	return nil
}

// demo makes requests one by one and shows what each leaves behind.
type demo struct {
	out     io.Writer
	node    *server.Node
	data    string
	none    bool // the node cannot hold workspaces
	printer *recordPrinter
	records chan client.TailRecord
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

func (d *demo) run(ctx context.Context) error {
	d.say("A node runs at %s, in a temporary folder.", d.node.BlobURL())
	d.say("")
	stop, err := d.follow(ctx)
	if err != nil {
		return err
	}
	defer stop()

	d.say("Switch logging on for blobs, queues and tables, as Azure does it: Set Blob Service Properties and so on.")
	if err := d.switchOn(ctx); err != nil {
		return err
	}
	d.say("Every request from here on is a record, those three too:")
	if err := d.show(ctx, 3); err != nil {
		return err
	}
	if err := d.route(ctx); err != nil {
		return err
	}
	for _, traffic := range []func(context.Context) error{d.blobs, d.queues, d.tables, d.redis, d.signalR} {
		d.say("")
		if err := traffic(ctx); err != nil {
			return err
		}
	}
	if err := d.readBack(ctx); err != nil {
		return err
	}
	if err := d.readArchive(ctx); err != nil {
		return err
	}
	if err := d.ask(ctx); err != nil {
		return err
	}
	return d.diagnoseSignalR(ctx)
}

// switchOn switches logging of all services on.
func (d *demo) switchOn(ctx context.Context) error {
	account, err := client.ParseConnectionString(d.node.ConnectionString(server.DevAccount))
	if err != nil {
		return err
	}
	for _, service := range []client.Service{client.Blob, client.Queue, client.Table} {
		settings, err := account.GetAnalytics(ctx, service)
		if err != nil {
			return err
		}
		settings.LogType = client.LoggingAll
		settings.IsLogRetentionPolicyEnabled, settings.LogRetentionInDays = true, 7
		if err := account.SetAnalytics(ctx, service, settings); err != nil {
			return err
		}
	}
	return nil
}

// route archives the records in another account, through Resource Manager.
func (d *demo) route(ctx context.Context) error {
	d.say("")
	d.say("A diagnostic setting sends those of blobs to the account %q and to the workspace %q as well, from now on.", demoArchive, demoWorkspace)
	n, err := d.connect()
	if err != nil {
		return err
	}
	blobs, err := completeID(n, "", "Microsoft.Storage/storageAccounts/"+server.DevAccount+"/blobServices/default")
	if err != nil {
		return err
	}
	_, err = n.PutResource(ctx, workspacePath(n, "", demoWorkspace), client.Resource{Location: n.Defaults().Location})
	if err != nil {
		return err
	}
	if d.none, err = noWorkspaces(ctx, n); err != nil {
		return err
	}
	to, err := d.sinks(n)
	if err != nil {
		return err
	}
	_, err = n.PutSetting(ctx, blobs, "demo", to)
	return err
}

// noWorkspaces reports whether the node cannot hold workspaces.
func noWorkspaces(ctx context.Context, n *client.Node) (bool, error) {
	_, err := n.Query(ctx, client.QueryRequest{Workspace: demoWorkspace, Query: "print 1"})
	var refused *client.NodeError
	if errors.As(err, &refused) && refused.Status == http.StatusNotImplemented {
		return true, nil
	}
	return false, err
}

// ask asks the workspace for what was recorded. It waits until the workspace has
// what the archive has.
func (d *demo) ask(ctx context.Context) error {
	n, err := d.connect()
	if err != nil {
		return err
	}
	d.say("")
	d.say("The workspace answers in KQL:")
	if d.none {
		d.say("")
		d.say("(this build has no workspaces: it was built without a C compiler)")
		return nil
	}
	for _, query := range []string{demoQuery, demoRedisQuery} {
		d.say("")
		d.say("%s", query)
		d.say("")
		if err := d.answer(ctx, n, query); err != nil {
			return err
		}
	}
	return nil
}

// answer prints what a query returns, once that is anything.
func (d *demo) answer(ctx context.Context, n *client.Node, query string) error {
	for deadline := time.Now().Add(demoWait); ; {
		result, err := n.Query(ctx, client.QueryRequest{Workspace: demoWorkspace, Query: query})
		switch {
		case err != nil:
			return err
		case len(result.Tables) == 1 && len(result.Tables[0].Rows) > 0:
			return printAligned(d.out, result.Tables[0])
		case time.Now().After(deadline):
			return fmt.Errorf("the workspace has no rows after %v", demoWait)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// connect returns the client of the node's control port.
func (d *demo) connect() (*client.Node, error) {
	return client.FindNode(client.NodeConfig{Data: d.data, CAFile: d.node.CAFile(), Token: d.node.AdminToken()})
}

// follow sends live records to d.records until stop is called.
func (d *demo) follow(ctx context.Context) (stop func(), err error) {
	n, err := d.connect()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	started, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- n.Tail(ctx, client.Filter{}, func() { close(started) }, func(r client.TailRecord) error {
			select {
			case d.records <- r:
			case <-ctx.Done():
			}
			return nil
		})
	}()
	stop = func() {
		cancel()
		<-done //nolint:errcheck // a stream that is told to stop ends without one
	}
	select {
	case <-started:
		return stop, nil
	case err := <-done:
		cancel()
		return nil, fmt.Errorf("follow the records: %w", err)
	}
}

// show prints the records of one step, which must have left some.
func (d *demo) show(ctx context.Context, count int) error {
	timeout := time.NewTimer(demoWait)
	defer timeout.Stop()
	for range count {
		select {
		case r := <-d.records:
			if err := d.printer.print(r); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout.C:
			return fmt.Errorf("no record arrived within %v", demoWait)
		}
	}
	return nil
}

func (d *demo) whatNext(data string, keep bool) {
	d.say("")
	d.say("Try next:")
	if keep {
		d.say("  reslog tail --data %s", data)
		d.say("  export AZURE_STORAGE_CONNECTION_STRING=%q", d.node.ConnectionString(server.DevAccount))
	} else {
		d.say("  reslog serve --flush-interval 2s        a node of your own, at UseDevelopmentStorage=true")
	}
	d.say("  reslog storage logging set --log rwd    switch logging on")
	d.say("  reslog tail                             records as they arrive")
	d.say("  reslog find blob --start -1h PutBlob    search $logs, here or in a real account")
	d.say("  reslog settings create --help           route logs to accounts, workspaces, event hubs, partners")
	d.say("  reslog redis --help                     stand before your own Redis")
	d.say("  reslog diagnose signalr ./downloaded    what is wrong, by the logs of Azure's own SignalR service")
	d.say("  reslog query --help                     search workspaces in KQL")
	if keep {
		d.say("")
		d.say("The node runs on. Stop it with Ctrl-C.")
	}
}
