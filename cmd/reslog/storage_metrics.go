package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"reslog/client"
)

// metricsFlags say which summaries are kept.
type metricsFlags struct {
	accountFlags
	hour, minute, api bool
	retention         int

	changed func(flag string) bool
}

func newMetricsSetCommand() *cobra.Command {
	var f metricsFlags
	cmd := &cobra.Command{
		Use:     "set",
		Aliases: []string{"update"},
		Short:   "Change which summaries are kept",
		Long: `Change which summaries of requests are kept: of each hour (--hour) and of each
minute (--minute), of the whole service and of each API as well (--api). They are
rows of tables of the account, $MetricsHourPrimaryTransactionsBlob and so on.

--api and --retention are about what of --hour and --minute is given, without
both about the summaries by hour. What is not given stays as it is. A summary by
API without that of the service is invalid.`,
		Example: `  reslog storage metrics set --hour=true --api=true --retention 10 --services bqt
  reslog storage metrics set --minute=true --api=true --retention 2 --services t
  reslog storage metrics set --hour=false --api=false`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := mayChange(cmd, "hour", "minute", "api", "retention"); err != nil {
				return err
			}
			f.changed = cmd.Flags().Changed
			return f.change(cmd.Context(), f.set)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.hour, "hour", false, "keep summaries of the service by hour")
	cmd.Flags().BoolVar(&f.minute, "minute", false, "keep summaries of the service by minute")
	cmd.Flags().BoolVar(&f.api, "api", false, "keep them by API as well")
	cmd.Flags().IntVar(&f.retention, "retention", 0, "`days` to keep summaries, 1 to 365; 0 keeps them for ever")
	return cmd
}

// set changes the settings of a service.
func (f *metricsFlags) set(ctx context.Context, account *client.Account, service client.Service) error {
	if f.changed("minute") {
		err := changeMinutes(ctx, account, service, func(m *client.MinuteMetrics) error {
			if f.changed("retention") {
				m.IsRetentionPolicyEnabled, m.RetentionInDays = f.retention > 0, f.retention
			}
			return m.SetType(f.summaries(m.Type(), "minute", f.minute))
		})
		if err != nil || !f.changed("hour") {
			return err
		}
	}
	return changeAnalytics(ctx, account, service, func(s *client.AnalyticsSettings) error {
		if f.changed("retention") {
			s.IsMetricsRetentionPolicyEnabled, s.MetricsRetentionInDays = f.retention > 0, f.retention
		}
		return s.SetMetricsType(f.summaries(s.MetricsType(), "hour", f.hour))
	})
}

// summaries is what m becomes.
func (f *metricsFlags) summaries(m client.MetricsType, flag string, on bool) client.MetricsType {
	for _, bit := range []struct {
		flag  string
		value bool
		bit   client.MetricsType
	}{{flag, on, client.MetricsServiceSummary}, {"api", f.api, client.MetricsAPISummary}} {
		if f.changed(bit.flag) {
			if m &^= bit.bit; bit.value {
				m |= bit.bit
			}
		}
	}
	return m
}

func printMetrics(out io.Writer, settings map[client.Service]serviceSettings, services []client.Service) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SERVICE\tOF EACH\tKEPT\tAPI\tRETENTION\tVERSION")
	for _, name := range services {
		s := settings[name]
		for _, m := range []struct {
			every, version string
			kept           client.MetricsType
			retain         bool
			days           int
		}{
			{"hour", s.MetricsVersion, s.MetricsType(), s.IsMetricsRetentionPolicyEnabled, s.MetricsRetentionInDays},
			{"minute", s.minute.Version, s.minute.Type(), s.minute.IsRetentionPolicyEnabled, s.minute.RetentionInDays},
		} {
			fmt.Fprintf(t, "%s\t%s\t%t\t%t\t%s\t%s\n", name, m.every, m.kept&client.MetricsServiceSummary != 0,
				m.kept&client.MetricsAPISummary != 0, retentionText(m.retain, m.days), m.version)
		}
	}
	return t.Flush()
}
