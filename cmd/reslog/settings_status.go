package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"reslog/client"
)

func newSettingsStatusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Print the ledger: what each setting accepted, delivered, retried and lost",
		Long: `Print the ledger of a running node, one line for each diagnostic setting and
destination: records accepted from the bus and delivered for good, handed over
again after an error, records that no destination can take (dead), records that
were dropped because too much waited or a setting went (lost), records that wait
for the destination, and how far it is behind.`,
		Example: `  reslog settings status
  reslog settings status --json | jq '.[] | select(.lastError)'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			deliveries, err := n.Deliveries(cmd.Context())
			if err != nil {
				return explainNode(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), deliveries)
			}
			return printDeliveries(cmd.OutOrStdout(), deliveries)
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printDeliveries(out io.Writer, deliveries []client.Delivery) error {
	if len(deliveries) == 0 {
		_, err := fmt.Fprintln(out, "no settings: nothing is logged; see \"reslog settings create --help\"")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RESOURCE\tSETTING\tTO\tSTATE\tACCEPTED\tDELIVERED\tRETRIED\tDEAD\tLOST\tWAITING\tBEHIND\tLAST ERROR")
	for _, d := range deliveries {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.1fs\t%s\n", shortResource(d.Resource), d.Setting,
			d.Kind+" "+d.Target[strings.LastIndexByte(d.Target, '/')+1:], d.State, d.Accepted, d.Delivered, d.Retried,
			d.DeadLettered, d.Dropped, d.BacklogRecords, d.LagSeconds, cmp.Or(d.LastError, "-"))
	}
	return t.Flush()
}

// shortResource leaves out what all resources of a node have in common.
func shortResource(id string) string {
	const marker = "/providers/"
	if i := strings.LastIndex(strings.ToLower(id), marker); i >= 0 {
		return id[i+len(marker):]
	}
	return id
}
