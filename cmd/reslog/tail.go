package main

import (
	"fmt"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"reslog/client"
)

func newTailCommand() *cobra.Command {
	var f client.Filter
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Print the records of a running node as they arrive",
		Long: `Print records as they arrive on the node's bus, until Ctrl-C. Only what a
diagnostic setting or classic logging asks for is recorded, see "reslog storage
logging set". A tail never slows the node: when it cannot follow, records are
left out and their number is printed.`,
		Example: `  reslog tail
  reslog tail --category StorageDelete --status 2xx
  reslog tail --service queue --operation PutMessage
  reslog tail --category ConnectionEvents
  reslog tail --operation PutBlob --text /container1/ --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			p := newRecordPrinter(cmd.OutOrStdout(), useColor(cmd))
			p.json = asJSON
			seen := 0
			err = n.Tail(cmd.Context(), f, func() {
				fmt.Fprintln(cmd.ErrOrStderr(), "waiting for records; stop with Ctrl-C")
			}, func(r client.TailRecord) error {
				if err := p.print(r); err != nil {
					return err
				}
				if seen++; limit > 0 && seen >= limit {
					return errEnough
				}
				return nil
			})
			if err == errEnough { //nolint:errorlint // it is ours and never wrapped
				return nil
			}
			return explainNode(err)
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().StringVar(&f.Resource, "resource", "", "only resources whose ID has this `part`, such as an account's name")
	cmd.Flags().StringVar(&f.Service, "service", "", "only this `service` of storage accounts: blob, queue or table")
	cmd.Flags().StringVar(&f.Category, "category", "", "only this `category`, such as StorageWrite")
	cmd.Flags().StringVar(&f.Operation, "operation", "", "only this `operation`, such as PutBlob")
	cmd.Flags().StringVar(&f.Status, "status", "", "only this `status`: 404, 4xx or BlobNotFound")
	cmd.Flags().StringVar(&f.Text, "text", "", "only records that contain this `text`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the records as they are archived, one JSON object a line")
	cmd.Flags().IntVar(&limit, "limit", 0, "stop after so many `records`; 0 never stops")
	_ = cmd.RegisterFlagCompletionFunc("service", completeServices) // fails only for a flag that is not there
	return cmd
}

// errEnough ends a tail that has printed what it should.
var errEnough = fmt.Errorf("enough")

// useColor reports whether the output is a terminal that wants colours.
func useColor(cmd *cobra.Command) bool {
	f, ok := cmd.OutOrStdout().(*os.File)
	return ok && isatty.IsTerminal(f.Fd()) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
