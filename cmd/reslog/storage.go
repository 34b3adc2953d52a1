package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
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
	cmd.AddCommand(newGetCommand("logging", printLogging), newLoggingSetCommand())
	return cmd
}

func newStorageMetricsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "metrics",
		Short: "Classic Storage Analytics metrics: which summaries are kept",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newGetCommand("metrics", printMetrics), newMetricsSetCommand())
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

func newGetCommand(what string, show func(io.Writer, map[client.Service]*client.AnalyticsSettings, []client.Service) error) *cobra.Command {
	var f accountFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "get",
		Aliases: []string{"show"},
		Short:   "Print the " + what + " settings",
		Example: "  reslog storage " + what + " get --services b",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			account, services, err := f.parse()
			if err != nil {
				return err
			}
			settings := map[client.Service]*client.AnalyticsSettings{}
			for _, s := range services {
				if settings[s], err = account.GetAnalytics(cmd.Context(), s); err != nil {
					return explainAccount(err)
				}
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), settings)
			}
			return show(cmd.OutOrStdout(), settings, services)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print all analytics settings as JSON")
	return cmd
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
  reslog storage logging set --log write,delete
  reslog storage logging set --log none --retention 0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			changed := cmd.Flags().Changed
			return f.change(cmd, func(s *client.AnalyticsSettings) error {
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
			}, "log", "retention", "version")
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&level, "log", "", "`levels`: letters of \"rwd\", or read,write,delete, or none")
	cmd.Flags().IntVar(&retention, "retention", 0, "`days` to keep logs, 1 to 365; 0 keeps them for ever")
	cmd.Flags().StringVar(&version, "version", client.AnalyticsVersion, "log format `version`, 1.0 or 2.0")
	return cmd
}

func newMetricsSetCommand() *cobra.Command {
	var f accountFlags
	var service, api bool
	var retention int
	cmd := &cobra.Command{
		Use:     "set",
		Aliases: []string{"update"},
		Short:   "Change which summaries are kept",
		Long: `Change which hourly summaries of requests are kept: of the whole service
(--hour) and of each API as well (--api). What is not given stays as it is. A
summary by API without that of the service is invalid.`,
		Example: `  reslog storage metrics set --hour=true --api=true --retention 10 --services bqt
  reslog storage metrics set --hour=false --api=false`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			changed := cmd.Flags().Changed
			return f.change(cmd, func(s *client.AnalyticsSettings) error {
				m := s.MetricsType()
				for _, on := range []struct {
					flag  string
					value bool
					bit   client.MetricsType
				}{{"hour", service, client.MetricsServiceSummary}, {"api", api, client.MetricsAPISummary}} {
					if changed(on.flag) {
						if m &^= on.bit; on.value {
							m |= on.bit
						}
					}
				}
				if changed("retention") {
					s.IsMetricsRetentionPolicyEnabled, s.MetricsRetentionInDays = retention > 0, retention
				}
				return s.SetMetricsType(m)
			}, "hour", "api", "retention")
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&service, "hour", false, "keep hourly summaries of the service")
	cmd.Flags().BoolVar(&api, "api", false, "keep them by API as well")
	cmd.Flags().IntVar(&retention, "retention", 0, "`days` to keep metrics, 1 to 365; 0 keeps them for ever")
	return cmd
}

// change reads the settings of each service, lets fn change them and writes
// them back. One of the flags must have been given.
func (f *accountFlags) change(cmd *cobra.Command, fn func(*client.AnalyticsSettings) error, flags ...string) error {
	given := false
	for _, name := range flags {
		given = given || cmd.Flags().Changed(name)
	}
	if !given {
		return usageError(fmt.Errorf("nothing to change: give at least one of --%s", strings.Join(flags, ", --")))
	}
	if days := cmd.Flags().Lookup("retention"); days.Changed && strings.HasPrefix(days.Value.String(), "-") {
		return usageError(fmt.Errorf("--retention %s: want 0 to 365 days", days.Value))
	}
	account, services, err := f.parse()
	if err != nil {
		return err
	}
	for _, service := range services {
		if err := changeService(cmd.Context(), account, service, fn); err != nil {
			return explainAccount(err)
		}
	}
	return nil
}

func changeService(ctx context.Context, account *client.Account, service client.Service, fn func(*client.AnalyticsSettings) error) error {
	s, err := account.GetAnalytics(ctx, service)
	if err != nil {
		return err
	}
	if err := fn(s); err != nil {
		return usageError(err)
	}
	if err := s.Validate(); err != nil {
		return usageError(err)
	}
	return account.SetAnalytics(ctx, service, s)
}

func printLogging(out io.Writer, settings map[client.Service]*client.AnalyticsSettings, services []client.Service) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SERVICE\tLOG\tRETENTION\tVERSION")
	for _, name := range services {
		s := settings[name]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", name, s.LogType, retentionText(s.IsLogRetentionPolicyEnabled, s.LogRetentionInDays), s.LogVersion)
	}
	return t.Flush()
}

func printMetrics(out io.Writer, settings map[client.Service]*client.AnalyticsSettings, services []client.Service) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SERVICE\tHOUR\tAPI\tRETENTION\tVERSION")
	for _, name := range services {
		s := settings[name]
		m := s.MetricsType()
		fmt.Fprintf(t, "%s\t%t\t%t\t%s\t%s\n", name, m&client.MetricsServiceSummary != 0, m&client.MetricsAPISummary != 0,
			retentionText(s.IsMetricsRetentionPolicyEnabled, s.MetricsRetentionInDays), s.MetricsVersion)
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
