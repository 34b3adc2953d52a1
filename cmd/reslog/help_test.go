package main

import (
	"bytes"
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

func TestExitStatus(t *testing.T) {
	missing := t.TempDir() + "/missing"
	for _, c := range []struct {
		status int
		args   []string
	}{
		{0, []string{"version"}},
		{0, []string{"serve", "--help"}},
		{1, []string{"keys", "list", "--data", missing}},
		{2, []string{"no-such-command"}},
		{2, []string{"storage", "logging", "no-such-command"}},
		{2, []string{"version", "--no-such-flag"}},
		{2, []string{"version", "argument"}},
		{2, []string{"serve", "--data", missing, "--durability", "eventually"}},
		{2, []string{"storage", "logging", "get", "--connection-string", "nonsense"}},
		{2, []string{"keys", "regenerate", "--key", "key3"}},
	} {
		var out, errOut bytes.Buffer
		if got := run(c.args, strings.NewReader(""), &out, &errOut); got != c.status {
			t.Errorf("%v: status %d, want %d; %s", c.args, got, c.status, errOut.String())
		}
		if c.status != 0 && !strings.HasPrefix(errOut.String(), "reslog: ") {
			t.Errorf("%v: message %q", c.args, errOut.String())
		}
	}
}
