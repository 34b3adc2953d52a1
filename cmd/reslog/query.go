package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reslog/client"
	"reslog/kql/syntax"
)

const queryHelp = `Query the tables of a Log Analytics workspace in KQL.

The query is the argument, a file given with --file, or the standard input.
Without any of these, and on a terminal, queries are asked for: a query ends
with its line when it is whole, "help" says more.

The workspace may be left out when the node has only one. With --resource the
rows are those of a resource, out of the workspaces that its settings send to.`

// queryFlags say what is asked, whom, and how the answer is printed.
type queryFlags struct {
	workspace, resource string
	more                []string
	timespan            string
	wait                time.Duration
	file                string
	output              string
	outFile             string
	explain, noChart    bool
	stats               bool
}

func newQueryCommand() *cobra.Command {
	var f queryFlags
	cmd := &cobra.Command{
		Use:   "query [KQL]",
		Short: "Query the tables of a workspace in KQL",
		Long:  queryHelp,
		Example: `  reslog query "StorageBlobLogs | summarize count() by StatusText"
  reslog query -w audit --timespan PT1H --file slow.kql --output csv
  reslog query --resource $ID "StorageBlobLogs | where StatusCode == '403'" --output json
  reslog query --explain "StorageBlobLogs | take 5"
  reslog query -w audit`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runQuery(cmd, &f, args) },
	}
	addNodeFlags(cmd)
	flags := cmd.Flags()
	addWorkspaceFlag(cmd, &f.workspace)
	flags.StringVar(&f.resource, "resource", "", "`id` of a resource, for its rows only")
	flags.StringSliceVar(&f.more, "workspaces", nil, "more `workspaces` to read, separated by commas")
	flags.StringVarP(&f.timespan, "timespan", "t", "", "ISO 8601 `span`: P1D, PT30M, 2024-01-01/P7D, 2024-01-01/2024-01-02; default all there is")
	flags.DurationVar(&f.wait, "wait", 0, "`time` that the query may take, at most 10m; default the node's, 3m")
	flags.StringVarP(&f.file, "file", "f", "", "`file` with the query")
	flags.StringVarP(&f.output, "output", "o", "", "`form` of the rows: "+strings.Join(outputForms(), ", ")+"; default table")
	flags.StringVar(&f.outFile, "out", "", "`file` to write to instead of the standard output; needed for parquet")
	flags.BoolVar(&f.explain, "explain", false, "print the SQL that the query is turned into")
	flags.BoolVar(&f.noChart, "no-chart", false, "print rows where the query asks for a chart")
	flags.BoolVar(&f.stats, "stats", false, "say on the standard error what the query took")
	_ = cmd.RegisterFlagCompletionFunc("resource", completeResources) // fails only for a flag that is not there
	_ = cmd.RegisterFlagCompletionFunc("output", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return outputForms(), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func runQuery(cmd *cobra.Command, f *queryFlags, args []string) error {
	if f.output == "" {
		f.output = "table"
	}
	if !slices.Contains(outputForms(), f.output) {
		return usageError(fmt.Errorf("--output %s: want one of %s", f.output, strings.Join(outputForms(), ", ")))
	}
	if f.output == "parquet" && f.outFile == "" {
		return usageError(errors.New("--output parquet needs --out with the name of a file"))
	}
	text, err := queryText(cmd, f, args)
	if err != nil {
		return err
	}
	n, err := findNode(cmd)
	if err != nil {
		return err
	}
	request := client.QueryRequest{
		Workspace: f.workspace, Resource: f.resource, Workspaces: f.more, Timespan: f.timespan, Wait: f.wait, Explain: f.explain,
	}
	if request.Workspace == "" && request.Resource == "" {
		if request.Workspace, err = onlyWorkspace(cmd.Context(), n); err != nil {
			return explainNode(err)
		}
	}
	if text == "" {
		return interactiveQuery(cmd, n, request, f)
	}
	request.Query = text
	return answerQuery(cmd, n, request, f)
}

// queryText is the query that is given, "" when queries are to be asked for.
func queryText(cmd *cobra.Command, f *queryFlags, args []string) (string, error) {
	var text string
	switch {
	case len(args) == 1 && f.file != "":
		return "", usageError(errors.New("the query is given twice, as argument and with --file"))
	case len(args) == 1:
		text = args[0]
	case f.file != "":
		data, err := os.ReadFile(f.file)
		if err != nil {
			return "", usageError(fmt.Errorf("read the query: %w", err))
		}
		text = string(data)
	case isTerminal(cmd.InOrStdin()):
		return "", nil
	default:
		data, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), syntax.MaxSource+1))
		if err != nil {
			return "", fmt.Errorf("read the query from the standard input: %w", err)
		}
		text = string(data)
	}
	if strings.TrimSpace(text) == "" {
		return "", usageError(errors.New("the query is empty: give one as argument, with --file or on the standard input"))
	}
	return text, nil
}

// answerQuery runs a query and prints what it gives.
func answerQuery(cmd *cobra.Command, n *client.Node, request client.QueryRequest, f *queryFlags) error {
	result, err := n.Query(cmd.Context(), request)
	if err != nil {
		var wrong *client.QueryError
		if errors.As(err, &wrong) {
			return &exitError{status: 1, err: errors.New(pointAt(request.Query, wrong))}
		}
		return explainNode(err)
	}
	out := cmd.OutOrStdout()
	if request.Explain {
		_, err := fmt.Fprintln(out, strings.Join(result.SQL, ";\n\n"))
		return err
	}
	if err := f.print(out, result); err != nil {
		return err
	}
	if f.stats && len(result.Statistics) > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), string(result.Statistics))
	}
	if result.Error != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "reslog: rows are missing:", plain(result.Error.Error()))
		return &exitError{status: 1}
	}
	return nil
}

// pointAt is the reason why a query is wrong, with the line and a mark under the
// place.
func pointAt(query string, e *client.QueryError) string {
	fault := e.Fault()
	if fault == nil || fault.Line < 1 {
		return "the query is wrong: " + plain(e.Error())
	}
	lines := strings.Split(query, "\n")
	if fault.Line > len(lines) {
		return "the query is wrong: " + plain(fault.Message)
	}
	line := strings.ReplaceAll(strings.TrimRight(lines[fault.Line-1], "\r"), "\t", " ")
	width := max(1, len([]rune(fault.Token)))
	if i := strings.IndexByte(fault.Token, '\n'); i >= 0 {
		width = max(1, i)
	}
	return fmt.Sprintf("the query is wrong: %s\n  %s\n  %s%s", plain(fault.Message), plain(line), strings.Repeat(" ", max(0, fault.Pos-1)), strings.Repeat("^", width))
}

// onlyWorkspace is the customer ID of the only workspace there is.
func onlyWorkspace(ctx context.Context, n *client.Node) (string, error) {
	list, err := n.Workspaces(ctx, n.Defaults().SubscriptionID)
	if err != nil {
		return "", err
	}
	switch len(list) {
	case 1:
		return list[0].CustomerID, nil
	case 0:
		return "", errors.New("the node has no workspace: make one with \"reslog workspace create NAME\"")
	}
	var names []string
	for _, w := range list {
		names = append(names, w.Name)
	}
	return "", usageError(fmt.Errorf("the node has %d workspaces, name one with --workspace: %s", len(list), strings.Join(names, ", ")))
}

// completeWorkspaces completes the names of workspaces.
func completeWorkspaces(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	n, err := findNode(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, err := n.Workspaces(cmd.Context(), n.Defaults().SubscriptionID)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, w := range list {
		names = append(names, w.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
