package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// checkHelp holds every command to the rules of messages.
func checkHelp(t *testing.T, cmd *cobra.Command) {
	t.Helper()
	if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || cmd.Short[:1] != strings.ToUpper(cmd.Short[:1]) {
		t.Errorf("%s: short text %q: want a capital at its start and no full stop", cmd.CommandPath(), cmd.Short)
	}
	if cmd.Args == nil {
		t.Errorf("%s takes any arguments: set Args", cmd.CommandPath())
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
			t.Errorf("%s --%s: text %q: want one without a full stop", cmd.CommandPath(), f.Name, f.Usage)
		}
	})
	for _, c := range cmd.Commands() {
		checkHelp(t, c)
	}
}
