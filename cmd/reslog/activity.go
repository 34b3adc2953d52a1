package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func newActivityCommand() *cobra.Command {
	var since time.Duration
	var subscription string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "activity",
		Short: "Print the activity log: who changed which resource or setting, and when",
		Example: `  reslog activity --since 24h
  reslog activity --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			list, err := n.Activities(cmd.Context(), cmp.Or(subscription, n.Defaults().SubscriptionID), time.Now().Add(-since))
			if err != nil {
				return explainNode(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "TIME\tWHO\tWHAT\tOUTCOME\tRESOURCE")
			for _, a := range list {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", a.EventTimestamp.Local().Format(time.DateTime), plain(a.Caller),
					a.OperationName.Value, a.Status.Value, shortResource(a.ResourceID))
			}
			return t.Flush()
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().DurationVar(&since, "since", 24*time.Hour, "how far back to look, as a `time` such as 90m")
	cmd.Flags().StringVar(&subscription, "subscription", "", "`id` of the subscription; default the node's")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
