package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"reslog/client"
)

// mayChange makes sure that one of the flags was given, and that none is a
// retention below zero.
func mayChange(cmd *cobra.Command, flags ...string) error {
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
	return nil
}

// change calls fn with the account and each of its services.
func (f *accountFlags) change(ctx context.Context, fn func(context.Context, *client.Account, client.Service) error) error {
	account, services, err := f.parse()
	if err != nil {
		return err
	}
	for _, service := range services {
		if err := fn(ctx, account, service); err != nil {
			return explainAccount(err)
		}
	}
	return nil
}

// changeAnalytics reads the settings of a service, lets fn change them and writes
// them back.
func changeAnalytics(ctx context.Context, account *client.Account, service client.Service, fn func(*client.AnalyticsSettings) error) error {
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
	if service == client.Table && s.LogVersion != client.AnalyticsVersion {
		// The service says no more than that the document is not valid.
		return usageError(fmt.Errorf("logs of tables are of version %s, not %s", client.AnalyticsVersion, s.LogVersion))
	}
	return account.SetAnalytics(ctx, service, s)
}

// changeMinutes is changeAnalytics for summaries by minute.
func changeMinutes(ctx context.Context, account *client.Account, service client.Service, fn func(*client.MinuteMetrics) error) error {
	m, err := account.GetMinuteMetrics(ctx, service)
	if err != nil {
		return err
	}
	if err := fn(m); err != nil {
		return usageError(err)
	}
	if err := m.Validate(); err != nil {
		return usageError(err)
	}
	return account.SetMinuteMetrics(ctx, service, m)
}
