package main

import (
	"github.com/spf13/cobra"
)

const settingsHelp = `Say which logs and metrics of a resource go where, and see what became of them.

A setting takes effect before the command returns. The options are those of
"az monitor diagnostic-settings"; see "reslog resource list" for the resources
there are and "reslog settings categories" for what each can log.`

func newSettingsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "settings",
		Aliases: []string{"diagnostic-settings"},
		Short:   "Route the logs of resources: diagnostic settings, what they delivered, what could not be",
		Long:    settingsHelp,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newSettingsCreateCommand(),
		newSettingsShowCommand(),
		newSettingsListCommand(),
		newSettingsUpdateCommand(),
		newSettingsDeleteCommand(),
		newSettingsCategoriesCommand(),
		newSettingsStatusCommand(),
		newSettingsDeadCommand(),
	)
	return cmd
}
