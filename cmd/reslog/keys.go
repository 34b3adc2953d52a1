package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"reslog/client"
)

func newKeysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "List or regenerate the keys of a running node's storage accounts",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeysListCommand(), newKeysRegenerateCommand())
	return cmd
}

func newKeysListCommand() *cobra.Command {
	var account string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Print the keys of an account",
		Example: "  reslog keys list --account devstoreaccount1",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			keys, err := n.Keys(cmd.Context(), account)
			if err != nil {
				return explainNode(err)
			}
			return printKeys(cmd.OutOrStdout(), keys, asJSON)
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().StringVar(&account, "account", client.DevAccount, "`name` of the account")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newKeysRegenerateCommand() *cobra.Command {
	var account, key string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "regenerate",
		Short: "Draw a key of an account anew; the old one is refused at once",
		Long: `Draw a key of an account anew. When the command returns the old key is refused,
and the new one is kept for good: a key given on the command line or in the
bootstrap file no longer counts.

To rotate without an interruption: move clients to key2, regenerate key1, move
them back, regenerate key2.`,
		Example: "  reslog keys regenerate --account devstoreaccount1 --key key2",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if key != "key1" && key != "key2" {
				return usageError(fmt.Errorf("--key %q: want key1 or key2", key))
			}
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			keys, err := n.RegenerateKey(cmd.Context(), account, key)
			if err != nil {
				return explainNode(err)
			}
			return printKeys(cmd.OutOrStdout(), keys, asJSON)
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().StringVar(&account, "account", client.DevAccount, "`name` of the account")
	cmd.Flags().StringVar(&key, "key", "", "`key` to draw anew: key1 or key2")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printKeys(out io.Writer, keys []client.Key, asJSON bool) error {
	if asJSON {
		return printJSON(out, keys)
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, k := range keys {
		fmt.Fprintf(t, "%s\t%s\n", k.Name, k.Value)
	}
	return t.Flush()
}

func printJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
