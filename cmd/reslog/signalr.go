package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"reslog/client"
)

const signalRHelp = `Clients and application servers connect to the SignalR address of a node; every
connection becomes records of the category AllLogs, see "reslog serve --help" for
--signalr-addr. What is routed says a diagnostic setting:

  reslog settings create -n connections --workspace search --logs allLogs \
      --resource Microsoft.SignalRService/SignalR/signalr
  reslog diagnose signalr`

func newSignalRCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "signalr",
		Short: "Print who is connected to SignalR on a running node",
		Long:  signalRHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSignalRConnectionsCommand(), newSignalRReloadCommand())
	return cmd
}

func newSignalRConnectionsCommand() *cobra.Command {
	var asJSON bool
	var only signalRFilter
	cmd := &cobra.Command{
		Use:   "connections",
		Short: "Print the clients that are connected, the oldest first",
		Long: `Print the clients that are connected, one line each: the ID that its records have, its
hub, user and transport, where it comes from, for how long it has been there and
how long nothing came from it, and how its hub is run: the server connection that it
is bound to, or the mode.`,
		Example: `  reslog signalr connections
  reslog signalr connections --user bas
  reslog signalr connections --json | jq 'group_by(.user) | map({user: .[0].user, n: length})'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			list, err := n.SignalRConnections(cmd.Context())
			if err != nil {
				return explainNode(err)
			}
			list = only.of(list)
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			return printSignalR(cmd.OutOrStdout(), list, time.Now())
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().StringVar(&only.user, "user", "", "only connections of this `user`")
	cmd.Flags().StringVar(&only.hub, "hub", "", "only connections to this `hub`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newSignalRReloadCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Make all clients of SignalR connect again",
		Long: `Make all clients of SignalR connect again, as when the service is reloaded: their
connections are aborted with "Service reloading, reconnect", and those with automatic
reconnect come back by themselves. It shows how an application takes it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			return explainNode(n.ReloadSignalR(cmd.Context()))
		},
	}
	addNodeFlags(cmd)
	return cmd
}

// signalRFilter selects connections; empty fields select all.
type signalRFilter struct{ user, hub string }

func (f signalRFilter) of(all []client.SignalRConnection) []client.SignalRConnection {
	list := []client.SignalRConnection{}
	for _, c := range all {
		if (f.user == "" || f.user == c.User) && (f.hub == "" || strings.EqualFold(f.hub, c.Hub)) {
			list = append(list, c)
		}
	}
	return list
}

func printSignalR(out io.Writer, list []client.SignalRConnection, now time.Time) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, "no connections")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tHUB\tUSER\tTRANSPORT\tCLIENT\tCONNECTED\tIDLE\tSERVER")
	for _, c := range list {
		idle := "-"
		if !c.Seen.IsZero() {
			idle = age(now.Sub(c.Seen))
		}
		server := c.ServerConnection
		if server == "" {
			server = strings.ToLower(c.Mode)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", plain(c.ID), dash(c.Hub), dash(c.User), dash(c.Transport), dash(c.Caller),
			age(now.Sub(c.Since)), idle, dash(server))
	}
	return t.Flush()
}
