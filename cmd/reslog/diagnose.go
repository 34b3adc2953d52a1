package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"reslog/cmd/reslog/logs"
	"reslog/diagnose"
)

const diagnoseSignalRHelp = `Read the resource logs of a SignalR service and say what is wrong with its
connections: those that were dropped, by reason and over time, apart from those
that ended as they should; users and addresses with more connections at once than
expected; refused tokens with the audiences that are valid; limits that were
reached; web hooks and REST requests that failed, where the service logs its HTTP
requests. Each finding has its evidence and what to do.

The logs come from the running node: out of the workspace that a diagnostic setting
of the resource sends to, else out of the archive of one. Or from where you say:
--workspace, an archive account of Azure with --connection-string, --url or
--account-name, or arguments, which are files and folders with downloaded archives
(insights-logs-alllogs).

Exit status: 0 when nothing is grave, 1 when something is, 2 when the logs could
not be read.`

// diagnoseFlags say what to look at, and where the logs are.
type diagnoseFlags struct {
	since, until          string
	options               diagnose.Options
	resource, workspace   string
	connection, url       string
	accountName, accountK string
	paths                 []string
	asJSON                bool
	now                   time.Time
}

func newDiagnoseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diagnose",
		Short: "Say what the logs of a service tell is wrong",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDiagnoseSignalRCommand())
	return cmd
}

func newDiagnoseSignalRCommand() *cobra.Command {
	f := diagnoseFlags{}
	cmd := &cobra.Command{
		Use:   "signalr [PATH...]",
		Short: "Troubleshoot the connections of a SignalR service by its resource logs",
		Long:  diagnoseSignalRHelp,
		Example: `  reslog diagnose signalr --since 30m
  reslog diagnose signalr --user test-4711 --per-user 1
  reslog diagnose signalr --since 2024-01-02T15:00Z --hub chat --json ./downloaded
  AZURE_STORAGE_KEY=… reslog diagnose signalr --account-name logs --resource chat`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.paths, f.now = args, time.Now()
			return runDiagnose(cmd, &f)
		},
	}
	addNodeFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.since, "since", "1h", "only events of this `time` and later: 30m ago, 2024-01-02T15:00Z, or all")
	flags.StringVar(&f.until, "until", "", "only events before this `time`")
	flags.StringVar(&f.options.User, "user", "", "only events of this `user`")
	flags.StringVar(&f.options.Hub, "hub", "", "only events of this `hub`, and those that name none")
	flags.IntVar(&f.options.PerUser, "per-user", 1, "`connections` at once that one user is expected to have; negative expects any")
	flags.IntVar(&f.options.PerAddress, "per-address", 20, "`connections` at once that one address is expected to have; negative expects any")
	flags.StringVar(&f.resource, "resource", "", "`id` of the service, or its end such as the name; default the node's own, in archives all")
	flags.StringVarP(&f.workspace, "workspace", "w", "", "`workspace` of the node to read: its name, customer id or resource id")
	flags.StringVar(&f.connection, "connection-string", "", "connection `string` of an account with archives")
	flags.StringVar(&f.url, "url", "", "`URL` of an account or container with archives, with a shared access signature")
	flags.StringVar(&f.accountName, "account-name", "", "`name` of an Azure account with archives, with --account-key [$"+accountVariable+"]")
	flags.StringVar(&f.accountK, "account-key", "", "`key` of that account [$"+keyVariable+"]")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
	_ = cmd.RegisterFlagCompletionFunc("workspace", completeWorkspaces) // fails only for a flag that is not there
	return cmd
}

func runDiagnose(cmd *cobra.Command, f *diagnoseFlags) error {
	if err := f.complete(); err != nil {
		return usageError(err)
	}
	records, err := f.read(cmd)
	if err != nil {
		return &exitError{status: 2, err: explainNode(err)}
	}
	report := diagnose.SignalR(slices.Values(records), f.options)
	if f.asJSON {
		err = printJSON(cmd.OutOrStdout(), report)
	} else {
		err = printReport(cmd.OutOrStdout(), &report)
	}
	if err != nil {
		return &exitError{status: 2, err: err}
	}
	if report.Grave() {
		return &exitError{status: 1}
	}
	return nil
}

// complete reads the times and checks that there is one source.
func (f *diagnoseFlags) complete() error {
	given := 0
	for _, set := range []bool{f.workspace != "", f.connection != "", f.url != "", f.accountName != "", len(f.paths) > 0} {
		if set {
			given++
		}
	}
	if given > 1 {
		return errors.New("give one of paths, --workspace, --connection-string, --url and --account-name")
	}
	for _, t := range []struct {
		flag, text string
		to         *time.Time
	}{{"--since", f.since, &f.options.Since}, {"--until", f.until, &f.options.Until}} {
		at, err := diagnoseTime(t.text, f.now)
		if err != nil {
			return fmt.Errorf("%s: %w", t.flag, err)
		}
		*t.to = at
	}
	if !f.options.Until.IsZero() && f.options.Until.Before(f.options.Since) {
		return errors.New("--until is before --since")
	}
	for _, n := range []*int{&f.options.PerUser, &f.options.PerAddress} {
		if *n == 0 {
			return errors.New("--per-user and --per-address are 1 or more, or negative for any number")
		}
	}
	return nil
}

// diagnoseTime reads a time, or a span that is taken back from now; "all" is no bound.
func diagnoseTime(s string, now time.Time) (time.Time, error) {
	if s == "" || s == "all" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.UTC().Add(-d), nil
	}
	return logs.ParseTime(s, now)
}
