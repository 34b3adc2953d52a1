package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"reslog/client"
)

func newSettingsDeadCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dead",
		Short: "List, replay or discard the records that no destination can take",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDeadListCommand(),
		newDeadChangeCommand("replay", "Deliver dead records again, once what was wrong is put right", (*client.Node).ReplayDeadLetter),
		newDeadChangeCommand("discard", "Forget dead records", (*client.Node).DiscardDeadLetter))
	return cmd
}

func newDeadListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Print dead letters: groups of records with the reason they are dead for",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			letters, err := n.DeadLetters(cmd.Context())
			if err != nil {
				return explainNode(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), letters)
			}
			if len(letters) == 0 {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "no dead letters")
				return err
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "KEY\tTIME\tRESOURCE\tSETTING\tRECORDS\tREASON")
			for _, l := range letters {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", l.Key, l.Time.UTC().Format(time.RFC3339), shortResource(l.Resource), l.Setting, len(l.Lines), plain(l.Reason))
			}
			return t.Flush()
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the records")
	return cmd
}

func newDeadChangeCommand(verb, short string, change func(*client.Node, context.Context, string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:     verb + " key…",
		Short:   short,
		Example: "  reslog settings dead " + verb + " $(reslog settings dead list --json | jq -r .[].key)",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, keys []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			for _, key := range keys {
				if err := change(n, cmd.Context(), key); err != nil {
					return explainNode(fmt.Errorf("%s %s: %w", verb, key, err))
				}
			}
			return nil
		},
	}
	addNodeFlags(cmd)
	return cmd
}
