package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"reslog/client"
)

func newWorkspaceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "workspace",
		Short: "Make Log Analytics workspaces and look at their tables",
		Long: `Make Log Analytics workspaces and look at their tables.

A diagnostic setting with --workspace fills the tables of a workspace, "reslog
import" fills them from archives, and "reslog query" asks them.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newWorkspaceCreateCommand(), newWorkspaceListCommand(), newWorkspaceTablesCommand(), newWorkspaceSchemaCommand(), newWorkspaceUsageCommand(), newWorkspaceRetentionCommand())
	return cmd
}

// workspacePath is the ID of a workspace in the node's own group, unless it is
// one already.
func workspacePath(n *client.Node, group, name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	d := n.Defaults()
	return "/subscriptions/" + d.SubscriptionID + "/resourceGroups/" + cmp.Or(group, d.ResourceGroup) + "/providers/Microsoft.OperationalInsights/workspaces/" + name
}

func newWorkspaceCreateCommand() *cobra.Command {
	var group string
	var days int
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Make a workspace, or change how long it keeps rows",
		Example: "  reslog workspace create audit --retention 90",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			properties, err := json.Marshal(map[string]int{"retentionInDays": days})
			if err != nil {
				return err
			}
			made, err := n.PutResource(cmd.Context(), workspacePath(n, group, args[0]), client.Resource{Location: n.Defaults().Location, Properties: properties})
			if err != nil {
				return explainNode(err)
			}
			var shown struct {
				CustomerID string `json:"customerId"`
			}
			if err := json.Unmarshal(made.Properties, &shown); err != nil {
				return fmt.Errorf("read the workspace: %w", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\ncustomer id %s\n", made.ID, shown.CustomerID)
			return nil
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().StringVarP(&group, "resource-group", "g", "", "resource `group`; default the node's")
	cmd.Flags().IntVar(&days, "retention", 30, "`days` that rows are kept, 4 to 730")
	return cmd
}

func newWorkspaceListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "Print the workspaces of the node", Args: cobra.NoArgs,
		Example: "  reslog workspace list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			list, err := n.Workspaces(cmd.Context(), n.Defaults().SubscriptionID)
			if err != nil {
				return explainNode(err)
			}
			if asJSON {
				all := []client.Resource{}
				for _, w := range list {
					all = append(all, w.Resource)
				}
				return printJSON(cmd.OutOrStdout(), all)
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tCUSTOMER ID\tKEEPS\tRESOURCE")
			for _, w := range list {
				fmt.Fprintf(t, "%s\t%s\t%d days\t%s\n", w.Name, w.CustomerID, w.RetentionInDays, w.ID)
			}
			return t.Flush()
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// findWorkspace finds the node, and the workspace that a flag names or the only
// one.
func findWorkspace(cmd *cobra.Command, workspace string) (*client.Node, string, error) {
	n, err := findNode(cmd)
	if err == nil && workspace == "" {
		workspace, err = onlyWorkspace(cmd.Context(), n)
		err = explainNode(err)
	}
	return n, workspace, err
}

// tablesOf reads the tables of the workspace that a flag names.
func tablesOf(cmd *cobra.Command, workspace string) ([]client.WorkspaceTable, error) {
	n, workspace, err := findWorkspace(cmd, workspace)
	if err != nil {
		return nil, err
	}
	tables, err := n.WorkspaceTables(cmd.Context(), workspace)
	return tables, explainNode(err)
}

// addWorkspaceFlag adds --workspace.
func addWorkspaceFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVarP(to, "workspace", "w", "", "`workspace`: its name, customer id or resource id; default the only one")
	_ = cmd.RegisterFlagCompletionFunc("workspace", completeWorkspaces) // fails only for a flag that is not there
}

func newWorkspaceTablesCommand() *cobra.Command {
	var workspace string
	var all, asJSON bool
	cmd := &cobra.Command{
		Use: "tables", Short: "Print the tables of a workspace", Args: cobra.NoArgs,
		Example: "  reslog workspace tables -w audit --all",
		RunE: func(cmd *cobra.Command, _ []string) error {
			tables, err := tablesOf(cmd, workspace)
			if err != nil {
				return err
			}
			if !all {
				tables = slices.DeleteFunc(tables, func(t client.WorkspaceTable) bool { return t.Usage.Rows == 0 })
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), tables)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "TABLE\tROWS\tCOLUMNS\tFIRST\tLAST\tKEEPS")
			for _, t := range tables {
				fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%d days\n", t.Name, t.Usage.Rows, len(t.Columns), shortTime(t.Usage.First), shortTime(t.Usage.Last), t.Usage.RetentionInDays)
			}
			return w.Flush()
		},
	}
	addNodeFlags(cmd)
	addWorkspaceFlag(cmd, &workspace)
	cmd.Flags().BoolVar(&all, "all", false, "those without rows too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func shortTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

func newWorkspaceSchemaCommand() *cobra.Command {
	var workspace string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "schema TABLE", Short: "Print the columns of a table", Args: cobra.ExactArgs(1),
		Example: "  reslog workspace schema StorageBlobLogs",
		RunE: func(cmd *cobra.Command, args []string) error {
			tables, err := tablesOf(cmd, workspace)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(tables, func(t client.WorkspaceTable) bool { return t.Name == args[0] })
			if i < 0 {
				i = slices.IndexFunc(tables, func(t client.WorkspaceTable) bool { return strings.EqualFold(t.Name, args[0]) })
				if i >= 0 {
					return fmt.Errorf("there is no table %s; names are case-sensitive, did you mean %s?", args[0], tables[i].Name)
				}
				return fmt.Errorf("there is no table %s: see \"reslog workspace tables --all\"", args[0])
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), tables[i].Columns)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "COLUMN\tTYPE")
			for _, c := range tables[i].Columns {
				fmt.Fprintf(w, "%s\t%s\n", c.Name, c.Type)
			}
			return w.Flush()
		},
	}
	addNodeFlags(cmd)
	addWorkspaceFlag(cmd, &workspace)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newWorkspaceUsageCommand() *cobra.Command {
	var workspace string
	cmd := &cobra.Command{
		Use: "usage", Short: "Print how much each table holds", Args: cobra.NoArgs,
		Example: "  reslog workspace usage -w audit",
		RunE: func(cmd *cobra.Command, _ []string) error {
			tables, err := tablesOf(cmd, workspace)
			if err != nil {
				return err
			}
			slices.SortFunc(tables, func(a, b client.WorkspaceTable) int { return cmp.Compare(b.Usage.BilledBytes, a.Usage.BilledBytes) })
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
			fmt.Fprintln(w, "ROWS\tBILLED\tSTORED, CLOSED DAYS\t TABLE\t")
			for _, t := range tables {
				if t.Usage.Rows > 0 {
					fmt.Fprintf(w, "%d\t%s\t%s\t %s\t\n", t.Usage.Rows, mebibytes(t.Usage.BilledBytes), mebibytes(t.Usage.StoredBytes), t.Name)
				}
			}
			return w.Flush()
		},
	}
	addNodeFlags(cmd)
	addWorkspaceFlag(cmd, &workspace)
	return cmd
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func newWorkspaceRetentionCommand() *cobra.Command {
	var workspace string
	cmd := &cobra.Command{
		Use: "retention TABLE DAYS", Short: "Set how long a table keeps rows; -1 for as long as the workspace says", Args: cobra.ExactArgs(2),
		Example: "  reslog workspace retention StorageBlobLogs 90",
		RunE: func(cmd *cobra.Command, args []string) error {
			days, err := strconv.Atoi(args[1])
			if err != nil {
				return usageError(fmt.Errorf("%q is no number of days", args[1]))
			}
			n, name, err := findWorkspace(cmd, workspace)
			if err != nil {
				return err
			}
			id, err := workspaceID(cmd.Context(), n, name)
			if err != nil {
				return err
			}
			return explainNode(n.SetTableRetention(cmd.Context(), id, args[0], days))
		},
	}
	addNodeFlags(cmd)
	addWorkspaceFlag(cmd, &workspace)
	return cmd
}

// workspaceID is the resource ID of a workspace by any of its names.
func workspaceID(ctx context.Context, n *client.Node, name string) (string, error) {
	list, err := n.Workspaces(ctx, n.Defaults().SubscriptionID)
	if err != nil {
		return "", explainNode(err)
	}
	for _, w := range list {
		if strings.EqualFold(name, w.Name) || strings.EqualFold(name, w.CustomerID) || strings.EqualFold(name, w.ID) {
			return w.ID, nil
		}
	}
	return "", fmt.Errorf("the node has no workspace %s: see \"reslog workspace list\"", name)
}
