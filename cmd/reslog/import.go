package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reslog/client"
	"reslog/cmd/reslog/logs"
)

const importHelp = `Read archives into the tables of a workspace: classic logs ($logs) of any storage
account, and the insights-logs-… containers that diagnostic settings fill, from an
account or as files that were downloaded.

Arguments are files and folders, in the form that azcopy leaves them in; gzipped
files too. Without any, an account is read: that of --connection-string or --url,
or of the environment, as other commands have it.

What was read is remembered with the rows: an import that is cut off goes on where
it was when it is run again, and one that is run again later reads what has come
since. Nothing is stored twice.

It is the node that reads: paths are of its machine.`

// importFlags say what to import.
type importFlags struct {
	since, until  string
	request       client.ImportRequest
	quiet, asJSON bool
}

func newImportCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import [PATH...]",
		Short: "Read $logs and archives of any account into a workspace",
		Long:  importHelp,
		Example: `  reslog import ./downloaded
  AZURE_STORAGE_CONNECTION_STRING=… reslog import -w audit --since 24h
  reslog import --url "https://acct.blob.core.windows.net/insights-logs-storageread?sv=…&sig=…"`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return runImport(cmd, &f, args) },
	}
	addNodeFlags(cmd)
	addWorkspaceFlag(cmd, &f.request.Workspace)
	flags := cmd.Flags()
	flags.StringVar(&f.request.ConnectionString, "connection-string", "", "connection `string` of an account [$"+connectionVariable+"]")
	flags.StringVar(&f.request.URL, "url", "", "`URL` of an account or container, with a shared access signature")
	flags.StringVar(&f.since, "since", "", "only logs of this `time` and later: 2024-01-02T15:00Z, or 24h ago")
	flags.StringVar(&f.until, "until", "", "only logs of this `time` and before")
	flags.StringSliceVar(&f.request.Services, "service", nil, "only `services`: blob, queue, table, signalr, redis")
	flags.StringSliceVar(&f.request.Categories, "category", nil, "only `categories` of archives, such as StorageRead; leaves classic logs out")
	_ = cmd.RegisterFlagCompletionFunc("service", cobra.FixedCompletions( // fails only for a flag that is not there
		[]string{"blob", "queue", "table", "signalr", "redis"}, cobra.ShellCompDirectiveNoFileComp))
	flags.StringVar(&f.request.Account, "account-id", "", "resource `id` of the account that classic logs are of: they do not say it")
	flags.BoolVar(&f.request.Shared, "azure-diagnostics", false, "into AzureDiagnostics instead of the tables of the categories")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "say nothing while it goes on")
	flags.BoolVar(&f.asJSON, "json", false, "print what was done as JSON")
	return cmd
}

func runImport(cmd *cobra.Command, f *importFlags, paths []string) error {
	if err := f.complete(paths, time.Now()); err != nil {
		return usageError(err)
	}
	n, workspace, err := findWorkspace(cmd, f.request.Workspace)
	if err != nil {
		return err
	}
	f.request.Workspace = workspace
	screen := &importScreen{out: cmd.ErrOrStderr(), live: !f.quiet && isTerminal(cmd.ErrOrStderr()), began: time.Now()}
	sum, err := n.Import(cmd.Context(), f.request, screen.tell)
	screen.clear()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("stopped")
		}
		if sum.Rows > 0 {
			err = fmt.Errorf("%w; %d rows are stored, the next import goes on behind them", err, sum.Rows)
		}
		return explainNode(err)
	}
	if f.asJSON {
		return printJSON(cmd.OutOrStdout(), sum)
	}
	fmt.Fprintln(cmd.OutOrStdout(), importSummary(sum))
	if sum.Failed > 0 {
		return &exitError{status: 1}
	}
	return nil
}

// complete makes a request of flags, arguments and the environment.
func (f *importFlags) complete(paths []string, now time.Time) error {
	given := 0
	for _, set := range []bool{len(paths) > 0, f.request.ConnectionString != "", f.request.URL != ""} {
		if set {
			given++
		}
	}
	if given > 1 {
		return errors.New("give one of paths, --connection-string and --url")
	}
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return err
		}
		f.request.Paths = append(f.request.Paths, abs)
	}
	if given == 0 {
		f.request.ConnectionString = os.Getenv(connectionVariable)
		if f.request.ConnectionString == "" {
			return errors.New("nothing to import is named: give files and folders, --url, --connection-string or " + connectionVariable)
		}
	}
	for _, t := range []struct {
		flag, text string
		to         *time.Time
	}{{"--since", f.since, &f.request.Since}, {"--until", f.until, &f.request.Until}} {
		if t.text == "" {
			continue
		}
		at, err := logs.ParseTime(t.text, now)
		if err != nil {
			return fmt.Errorf("%s: %w", t.flag, err)
		}
		*t.to = at
	}
	return nil
}

// importScreen tells of an import on the error output.
type importScreen struct {
	out   io.Writer
	live  bool
	shown bool
	began time.Time
}

func (s *importScreen) tell(n client.ImportNews) {
	if n.Warning != "" {
		s.clear()
		fmt.Fprintln(s.out, "reslog:", plain(n.Warning))
		return
	}
	if !s.live {
		return
	}
	s.shown = true
	rate := float64(n.Rows) / max(time.Since(s.began).Seconds(), 0.001)
	fmt.Fprintf(s.out, "\r\x1b[K%d blobs, %s, %d rows, %.0f a second", n.Blobs, mebibytes(n.Bytes), n.Rows, rate)
}

func (s *importScreen) clear() {
	if s.shown {
		fmt.Fprint(s.out, "\r\x1b[K")
		s.shown = false
	}
}

func importSummary(n client.ImportNews) string {
	parts := []string{fmt.Sprintf("%d rows stored, out of %d blobs (%s)", n.Rows, n.Blobs, mebibytes(n.Bytes))}
	for _, p := range []struct {
		n    int64
		text string
	}{
		{int64(n.Known), "%d had nothing new"},
		{n.BadLines, "%d lines are no records"},
		{int64(n.Torn), "%d end in an unfinished line"},
		{int64(n.Failed), "%d could not be read to their end"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf(p.text, p.n))
		}
	}
	return strings.Join(parts, "; ")
}
