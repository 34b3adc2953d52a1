package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"reslog/client"
)

func newStorageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "storage",
		Short: "Read and change the logging and metrics of any storage account",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newStorageLoggingCommand(), newStorageMetricsCommand())
	return cmd
}

func newStorageLoggingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logging",
		Short: "Classic Storage Analytics logging: which requests go to $logs",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newGetCommand(settingsView{what: "logging", print: printLogging}), newLoggingSetCommand())
	return cmd
}

func newStorageMetricsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "metrics",
		Short: "Classic Storage Analytics metrics: which summaries are kept",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newGetCommand(settingsView{what: "metrics", minutes: true, print: printMetrics}), newMetricsSetCommand())
	return cmd
}

// accountFlags name the account and its services.
type accountFlags struct {
	connection string
	services   string
}

const connectionVariable = "AZURE_STORAGE_CONNECTION_STRING"

func (f *accountFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.connection, "connection-string", "", "connection `string` of the account; default UseDevelopmentStorage=true [$"+connectionVariable+"]")
	cmd.Flags().StringVar(&f.services, "services", "b", "`letters` of the services: b for blob, q for queue, t for table")
}

func (f *accountFlags) parse() (*client.Account, []client.Service, error) {
	text := f.connection
	if text == "" {
		text = os.Getenv(connectionVariable)
	}
	if text == "" {
		text = "UseDevelopmentStorage=true"
	}
	account, err := client.ParseConnectionString(text)
	if err != nil {
		return nil, nil, usageError(err)
	}
	var services []client.Service
	for _, r := range f.services {
		s, ok := map[rune]client.Service{'b': client.Blob, 'q': client.Queue, 't': client.Table}[r]
		if !ok {
			return nil, nil, usageError(fmt.Errorf("--services %q: want letters of \"bqt\"", f.services))
		}
		services = append(services, s)
	}
	if services == nil {
		return nil, nil, usageError(errors.New("--services is empty: want letters of \"bqt\""))
	}
	return account, services, nil
}

// serviceSettings are the analytics settings of a service.
type serviceSettings struct {
	*client.AnalyticsSettings
	minute *client.MinuteMetrics // nil when they were not asked for
}

// MarshalJSON puts both into one object.
func (s serviceSettings) MarshalJSON() ([]byte, error) {
	raw, err := json.Marshal(s.AnalyticsSettings)
	if err != nil || s.minute == nil {
		return raw, err
	}
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	all["minuteMetrics"] = s.minute
	return json.Marshal(all)
}

// settingsView is how a command gets and prints settings.
type settingsView struct {
	what    string
	minutes bool // those of minute metrics, too
	print   func(io.Writer, map[client.Service]serviceSettings, []client.Service) error
}

func newGetCommand(v settingsView) *cobra.Command {
	var f accountFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "get",
		Aliases: []string{"show"},
		Short:   "Print the " + v.what + " settings",
		Example: "  reslog storage " + v.what + " get --services bqt",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			account, services, err := f.parse()
			if err != nil {
				return err
			}
			settings := map[client.Service]serviceSettings{}
			for _, s := range services {
				if settings[s], err = v.get(cmd.Context(), account, s); err != nil {
					return explainAccount(err)
				}
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), settings)
			}
			return v.print(cmd.OutOrStdout(), settings, services)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print all analytics settings as JSON")
	return cmd
}

func (v settingsView) get(ctx context.Context, a *client.Account, s client.Service) (got serviceSettings, err error) {
	if got.AnalyticsSettings, err = a.GetAnalytics(ctx, s); err == nil && v.minutes {
		got.minute, err = a.GetMinuteMetrics(ctx, s)
	}
	return got, err
}

func newLoggingSetCommand() *cobra.Command {
	var f accountFlags
	var level, version string
	var retention int
	cmd := &cobra.Command{
		Use:     "set",
		Aliases: []string{"update"},
		Short:   "Change which requests are logged",
		Long: `Change which requests of an account are logged to $logs, from now on. What is
not given stays as it is.

Levels are letters as the Azure CLI has them, r, w and d, or words: read, write
and delete separated by commas, or none.`,
		Example: `  reslog storage logging set --log rwd --retention 7 --services b
  reslog storage logging set --log write,delete --services bqt
  reslog storage logging set --log none --retention 0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := mayChange(cmd, "log", "retention", "version"); err != nil {
				return err
			}
			changed := cmd.Flags().Changed
			set := func(s *client.AnalyticsSettings) error {
				if changed("log") {
					l, err := client.ParseLoggingLevel(level)
					if err != nil {
						return err
					}
					s.LogType = l
				}
				if changed("retention") {
					s.IsLogRetentionPolicyEnabled, s.LogRetentionInDays = retention > 0, retention
				}
				if changed("version") {
					s.LogVersion = version
				}
				return nil
			}
			return f.change(cmd.Context(), func(ctx context.Context, account *client.Account, service client.Service) error {
				return changeAnalytics(ctx, account, service, set)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&level, "log", "", "`levels`: letters of \"rwd\", or read,write,delete, or none")
	cmd.Flags().IntVar(&retention, "retention", 0, "`days` to keep logs, 1 to 365; 0 keeps them for ever")
	cmd.Flags().StringVar(&version, "version", client.AnalyticsVersion, "log format `version`, 1.0 or 2.0")
	return cmd
}

func printLogging(out io.Writer, settings map[client.Service]serviceSettings, services []client.Service) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SERVICE\tLOG\tRETENTION\tVERSION")
	for _, name := range services {
		s := settings[name]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", name, s.LogType, retentionText(s.IsLogRetentionPolicyEnabled, s.LogRetentionInDays), s.LogVersion)
	}
	return t.Flush()
}

func retentionText(enabled bool, days int) string {
	if !enabled {
		return "for ever"
	}
	return fmt.Sprintf("%d days", days)
}

// explainAccount adds what to do to the failures that happen to everybody.
func explainAccount(err error) error {
	var refused *client.ServiceError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w; is it running? start a node with \"reslog serve\", or name another account with --connection-string", err)
	case errors.As(err, &refused) && refused.Status == 403:
		return fmt.Errorf("%w; check the key in the connection string", err)
	}
	return err
}
