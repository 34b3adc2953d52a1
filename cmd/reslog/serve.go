package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"reslog/internal/lockfile"
	"reslog/server"
)

const serveHelp = `Run a node until it is told to stop (Ctrl-C or SIGTERM). A stop finishes the
requests that run and settles the logs; a second signal does not wait.

A flag with a name in brackets behind it has an environment variable of that
name, and all of them but --data and --config can be set in a bootstrap file, reslog.yaml in the data folder or the one that --config
names, under the name of the flag:

  flush-interval: 2s
  storage-accounts:
    - name: team1
      keys: [c2VjcmV0]

A flag wins over its variable, a variable over the file.`

func newServeCommand() *cobra.Command {
	options := serveOptions()
	var logFormat string
	var showKeys bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a node: a storage account whose every request is logged",
		Long:  serveHelp,
		Example: `  reslog serve
  reslog serve --flush-interval 2s --storage-accounts "team1:$(openssl rand -base64 64 | tr -d '\n')"
  reslog serve --queue-addr off --table-addr off
  RESLOG_REDIS_PASSWORD=… reslog serve --redis-addr 0.0.0.0:6380 --redis-upstream 10.0.0.5:6379 --redis-user monitor
  RESLOG_BLOB_ADDR=127.0.0.1:0 reslog serve --data /var/lib/reslog --durability audit`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := nodeConfig(cmd, options)
			if err != nil {
				return err
			}
			if cfg.Logger, err = newLogger(cmd.ErrOrStderr(), logFormat); err != nil {
				return err
			}
			return serve(cmd.Context(), cmd.OutOrStdout(), cfg, showKeys)
		},
	}
	addDataFlag(cmd)
	cmd.Flags().String("config", "", "bootstrap `file`; default reslog.yaml in the data folder, if there [$RESLOG_CONFIG]")
	addOptions(cmd, options)
	cmd.Flags().StringVar(&logFormat, "log-format", "text", "`format` of what the node says on standard error: text or json")
	cmd.Flags().BoolVar(&showKeys, "show-keys", false, "print the keys of all accounts, not only the well-known development key")
	return cmd
}

func newLogger(w io.Writer, format string) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, usageError(fmt.Errorf("--log-format %q: want text or json", format))
}

func serve(ctx context.Context, out io.Writer, cfg server.Config, showKeys bool) error {
	server.TuneProcess()
	n, err := server.New(cfg)
	if err != nil {
		return usageError(err)
	}
	if err := n.Start(ctx); err != nil {
		return explainStart(err, cfg)
	}
	printEndpoints(out, n, cfg, showKeys)
	return n.Wait(ctx)
}

// explainStart adds what to do to the failures that happen to everybody.
func explainStart(err error, cfg server.Config) error {
	switch {
	case errors.Is(err, lockfile.ErrHeld):
		return fmt.Errorf("%w; another node uses the folder %s: stop it, or give this one its own with --data", err, cfg.Data)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; another node or emulator is there: stop it, or choose another address with --blob-addr, --queue-addr, --table-addr, --redis-addr, --signalr-addr, --control-addr and --admin-addr (127.0.0.1:0 takes a free port)", err)
	}
	return err
}

// printEndpoints says where the node is and how to connect.
func printEndpoints(out io.Writer, n *server.Node, cfg server.Config, showKeys bool) {
	fmt.Fprintln(out, "reslog is ready.")
	fmt.Fprintln(out)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	served := false
	for _, s := range []struct{ name, url string }{{"blob", n.BlobURL()}, {"queue", n.QueueURL()}, {"table", n.TableURL()}} {
		if s.url != "" {
			served = true
			fmt.Fprintf(t, "  %s\t%s/%s\n", s.name, s.url, server.DevAccount)
		}
	}
	printRedis(t, n)
	if url := n.SignalRURL(); url != "" {
		fmt.Fprintf(t, "  signalr\t%s\n", url)
	}
	if url := n.ControlURL(); url != "" {
		fmt.Fprintf(t, "  control\t%s\n", url)
	}
	if url := n.AdminURL(); url != "" {
		fmt.Fprintf(t, "  admin\t%s/healthz, /readyz?verbose, /metrics\n", url)
	}
	fmt.Fprintf(t, "  data\t%s\n", cfg.Data)
	t.Flush()
	signalR := n.SignalRConnectionString("signalr")
	if served || signalR != "" {
		fmt.Fprintln(out)
		fmt.Fprintln(out, "Connection strings:")
		hidden := false
		for _, name := range accountNames(n, served) {
			text := n.ConnectionString(name)
			wellKnown := name == server.DevAccount && strings.Contains(text, server.DevKey)
			switch {
			case wellKnown && isDevelopmentStorage(n):
				text = "UseDevelopmentStorage=true"
			case !wellKnown && !showKeys:
				text, hidden = hideKey(text), true
			}
			fmt.Fprintf(out, "  %s\n", text)
		}
		if signalR != "" {
			if !showKeys && !strings.Contains(signalR, server.DevSignalRKey) {
				signalR, hidden = hideKey(signalR), true
			}
			fmt.Fprintf(out, "  %s\n", signalR)
		}
		if hidden {
			fmt.Fprintln(out, "Keys are shown with --show-keys, or by \"reslog keys list\".")
		}
	}
	fmt.Fprintln(out)
	fmt.Fprintln(out, "Try: reslog storage logging set --log rwd, then reslog tail. Stop with Ctrl-C.")
}

// accountNames are the accounts whose connection strings are of use.
func accountNames(n *server.Node, served bool) []string {
	if !served {
		return nil
	}
	return n.AccountNames()
}

// printRedis says where clients of Redis connect, and what is behind.
func printRedis(t io.Writer, n *server.Node) {
	upstreams := n.RedisUpstreams()
	for i, addr := range n.RedisAddrs() {
		behind := "(in memory)"
		if len(upstreams) > 0 {
			behind = "→ " + upstreams[i]
		}
		fmt.Fprintf(t, "  redis\t%s %s\n", addr, behind)
	}
	if addr := n.RedisAuditAddr(); addr != "" {
		fmt.Fprintf(t, "  redis audit\t%s\n", addr)
	}
}

// isDevelopmentStorage reports whether tools find all services of a node without
// being told where they are.
func isDevelopmentStorage(n *server.Node) bool {
	return n.BlobURL() == "http://"+server.DefaultBlobAddr &&
		n.QueueURL() == "http://"+server.DefaultQueueAddr &&
		n.TableURL() == "http://"+server.DefaultTableAddr
}

// hideKey replaces the key in a connection string.
func hideKey(connection string) string {
	for _, name := range [...]string{"AccountKey=", "AccessKey="} {
		if before, rest, ok := strings.Cut(connection, name); ok {
			_, after, _ := strings.Cut(rest, ";")
			return before + name + "(hidden);" + after
		}
	}
	return connection
}
