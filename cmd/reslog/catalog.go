package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"reslog/catalog"
)

func newCatalogCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "catalog [type]",
		Short: "Print what each type of resource can log: categories, groups, operations, tables",
		Long: `Print the categories of logs and metrics of each resource type, or of one type
with the operations in each category. It needs no node.`,
		Example: `  reslog catalog
  reslog catalog Microsoft.Storage/storageAccounts/blobServices`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return typeNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			types := catalog.Types()
			if len(args) == 1 {
				t, ok := catalog.Find(args[0])
				if !ok {
					return usageError(fmt.Errorf("resource type %q is not in the catalogue; there are %s", args[0], strings.Join(typeNames(), ", ")))
				}
				types = []catalog.Type{t}
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), types)
			}
			return printCatalog(cmd.OutOrStdout(), types, len(args) == 1)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func typeNames() []string {
	var names []string
	for _, t := range catalog.Types() {
		names = append(names, t.Name)
	}
	return names
}

func printCatalog(out io.Writer, types []catalog.Type, operations bool) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RESOURCE TYPE\tCATEGORY\tKIND\tGROUPS\tTABLE")
	for _, typ := range types {
		for _, c := range typ.Logs {
			fmt.Fprintf(t, "%s\t%s\tlogs\t%s\t%s\n", typ.Name, c.Name, strings.Join(c.Groups, ","), c.Table)
		}
		for _, c := range typ.Metrics {
			fmt.Fprintf(t, "%s\t%s\tmetrics\t-\tAzureMetrics\n", typ.Name, c.Name)
		}
	}
	if err := t.Flush(); err != nil || !operations {
		return err
	}
	for _, typ := range types {
		for _, c := range typ.Logs {
			fmt.Fprintf(out, "\n%s:\n", c.Name)
			for _, o := range c.Operations {
				fmt.Fprintf(out, "  %s\n", o)
			}
		}
	}
	return nil
}
