package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

const rootHelp = `reslog produces, routes, keeps and searches Azure resource logs.

"reslog serve" is a node: a storage account for your applications and tests
whose every request becomes a record in $logs, as on Azure. "reslog query" asks
the tables of Log Analytics workspaces that settings and archives fill. "reslog find",
"reslog dump" and "reslog storage" work with any account: the node's, Azurite's
or a real one.

Exit status: 0 when it worked; 1 when it did not, and for "find" when nothing
was found, and for "diagnose" when something is grave; 2 when the command line or
the configuration is wrong, and for "find", "dump" and "diagnose" when they failed.`

// newRootCommand is the tree of all commands.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "reslog",
		Short:         "Azure resource logs: produce, route, keep and search them",
		Long:          rootHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(fmt.Errorf("%w; see %q", err, cmd.CommandPath()+" --help"))
	})
	root.AddCommand(
		newServeCommand(),
		newDemoCommand(),
		newTailCommand(),
		newFindCommand(),
		newDumpCommand(),
		newQueryCommand(),
		newWorkspaceCommand(),
		newImportCommand(),
		newStorageCommand(),
		newRedisCommand(),
		newSignalRCommand(),
		newDiagnoseCommand(),
		newSettingsCommand(),
		newResourceCommand(),
		newCatalogCommand(),
		newActivityCommand(),
		newKeysCommand(),
		newCACommand(),
		newSPCommand(),
		newVersionCommand(),
	)
	markUsage(root)
	return root
}

// markUsage makes wrong arguments of any command a mistake in the command line.
func markUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError(fmt.Errorf("%w; see %q", err, cmd.CommandPath()+" --help"))
			}
			return nil
		}
	}
	for _, c := range cmd.Commands() {
		markUsage(c)
	}
}

// run is main without the process: it returns the exit status.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once: the first has asked nicely.
	context.AfterFunc(ctx, stop)

	root := newRootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err != nil {
		if msg := err.Error(); msg != "" {
			fmt.Fprintln(errOut, "reslog:", msg)
		}
		return exitStatus(err)
	}
	return 0
}

// exitError is an error that decides the exit status. Without an error inside
// it says nothing: the command has said what there is to say.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageError marks err as a mistake in the command line or configuration.
func usageError(err error) error { return &exitError{status: 2, err: err} }

// exitStatus is 1 unless err says otherwise.
func exitStatus(err error) int {
	var e *exitError
	if errors.As(err, &e) {
		return e.status
	}
	return 1
}
