package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"reslog/client"
)

const redisHelp = `Clients connect to the Redis address of a node instead of to the server itself;
every connection, authentication and disconnection becomes a record of the
category ConnectionEvents, see "reslog serve --help" for --redis-addr and
--redis-upstream. What is routed says a diagnostic setting:

  reslog settings create -n who --workspace search --logs allLogs \
      --resource Microsoft.Cache/redisEnterprise/redis/databases/default
  reslog query "REDConnectionEvents | where EventType == 'auth' and EventStatus == 0"`

func newRedisCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "redis",
		Short: "Print who is connected to Redis through a running node",
		Long:  redisHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRedisClientsCommand())
	return cmd
}

func newRedisClientsCommand() *cobra.Command {
	var asJSON bool
	var only redisFilter
	cmd := &cobra.Command{
		Use:   "clients",
		Short: "Print the connections that are open, whenever they were made",
		Long: `Print the connections that are open, one line each: its ID in the records, where
it comes from, who it is authenticated as, how long it has been there, how many
authentications on it failed, and what CLIENT LIST of the server adds: how long it
has been idle, its last command, its name and library. Who it is comes from the
events, so it is known when the records of them are gone.

SEEN is "both" for one that the server has too, "events" for one that it has not,
and "server" for one that did not come through the node: its address is then that
which the server knows. Where CLIENT LIST could not be compared, standard error says
why.`,
		Example: `  reslog redis clients
  reslog redis clients --user default
  reslog redis clients --json | jq '.value[] | select(.failures > 0)'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			clients, err := n.RedisClients(cmd.Context())
			if err != nil {
				return explainNode(err)
			}
			clients.Value = only.of(clients.Value)
			if asJSON {
				return printJSON(cmd.OutOrStdout(), clients)
			}
			for _, server := range clients.Servers {
				if server.Problem != "" {
					fmt.Fprintf(cmd.ErrOrStderr(), "reslog: redis server %s: %s\n", plain(server.Address), plain(server.Problem))
				}
			}
			return printRedisClients(cmd.OutOrStdout(), clients.Value, time.Now())
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().StringVar(&only.user, "user", "", "only connections of this `user`")
	cmd.Flags().StringVar(&only.source, "source", "", "only what this `source` saw: proxy, or audit for a cluster's audit stream")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	_ = cmd.RegisterFlagCompletionFunc("source", cobra.FixedCompletions( // fails only for a flag that is not there
		[]string{"proxy", "audit"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// redisFilter selects connections; empty fields select all.
type redisFilter struct{ user, source string }

func (f redisFilter) of(all []client.RedisClient) []client.RedisClient {
	list := []client.RedisClient{}
	for _, c := range all {
		if (f.user == "" || f.user == c.User) && (f.source == "" || f.source == c.Source) {
			list = append(list, c)
		}
	}
	return list
}

func printRedisClients(out io.Writer, clients []client.RedisClient, now time.Time) error {
	if len(clients) == 0 {
		_, err := fmt.Fprintln(out, "no connections")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tCLIENT\tUSER\tCONNECTED\tFAILED\tSEEN\tIDLE\tCOMMAND\tNAME\tLIBRARY")
	for _, c := range clients {
		id, idle := strconv.FormatInt(c.ID, 10), "-"
		if c.ID == 0 {
			id = "-"
		}
		if c.ServerID != 0 {
			idle = age(time.Duration(c.IdleSeconds) * time.Second)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", id, dash(c.Client), dash(c.User), age(now.Sub(c.Opened)),
			c.Failures, dash(c.Seen), idle, dash(c.Command), dash(c.Name), dash(strings.TrimSpace(c.LibName+" "+c.LibVersion)))
	}
	return t.Flush()
}

// age is a time as people say it: 4s, 12m30s, 3h12m, 5d2h.
func age(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Hour:
		return d.Truncate(time.Second).String()
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// dash is a text that others chose, or a dash for none.
func dash(s string) string { return plain(cmp.Or(s, "-")) }
