package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"reslog/client"
)

func newSettingsShowCommand() *cobra.Command {
	var target resourceFlags
	var name string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "Print a diagnostic setting",
		Example: "  reslog settings show -n audit --resource $ID --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, id, err := nodeAndResource(cmd, &target)
			if err != nil {
				return err
			}
			s, err := n.Setting(cmd.Context(), id, name)
			if err != nil {
				return explainNode(err)
			}
			return printSettings(cmd.OutOrStdout(), []client.DiagnosticSetting{s}, asJSON, false)
		},
	}
	addNodeFlags(cmd)
	target.add(cmd)
	addNameFlag(cmd, &name)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newSettingsListCommand() *cobra.Command {
	var target resourceFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Print the diagnostic settings of a resource",
		Example: "  reslog settings list --resource Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, id, err := nodeAndResource(cmd, &target)
			if err != nil {
				return err
			}
			list, err := n.Settings(cmd.Context(), id)
			if err != nil {
				return explainNode(err)
			}
			return printSettings(cmd.OutOrStdout(), list, asJSON, true)
		},
	}
	addNodeFlags(cmd)
	target.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newSettingsDeleteCommand() *cobra.Command {
	var target resourceFlags
	var name string
	cmd := &cobra.Command{
		Use:   "delete",
		Short: "Remove a diagnostic setting",
		Long: `Remove a diagnostic setting. What was recorded before is still delivered, as far
as its destinations take it within ten seconds; what they hold stays.`,
		Example: "  reslog settings delete -n audit --resource $ID",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, id, err := nodeAndResource(cmd, &target)
			if err != nil {
				return err
			}
			if _, err := n.Setting(cmd.Context(), id, name); err != nil {
				return explainNode(err)
			}
			return explainNode(n.DeleteSetting(cmd.Context(), id, name))
		},
	}
	addNodeFlags(cmd)
	target.add(cmd)
	addNameFlag(cmd, &name)
	return cmd
}

func newSettingsCategoriesCommand() *cobra.Command {
	var target resourceFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "categories",
		Short:   "Print what a resource can log and measure",
		Example: "  reslog settings categories --resource Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, id, err := nodeAndResource(cmd, &target)
			if err != nil {
				return err
			}
			list, err := n.SettingCategories(cmd.Context(), id)
			if err != nil {
				return explainNode(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "CATEGORY\tTYPE\tGROUPS")
			for _, c := range list {
				fmt.Fprintf(t, "%s\t%s\t%s\n", c.Name, c.Properties.CategoryType, cmp.Or(strings.Join(c.Properties.CategoryGroups, ","), "-"))
			}
			return t.Flush()
		},
	}
	addNodeFlags(cmd)
	target.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func addNameFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVarP(name, "name", "n", "", "`name` of the setting")
	_ = cmd.MarkFlagRequired("name") // fails only for a flag that is not there
}

// nodeAndResource finds the node and the resource that a command is about.
func nodeAndResource(cmd *cobra.Command, f *resourceFlags) (*client.Node, string, error) {
	n, err := findNode(cmd)
	if err != nil {
		return nil, "", err
	}
	id, err := f.id(n)
	return n, id, err
}

// printSettings prints settings for people: each with where it sends what; or as
// JSON, one object or a list.
func printSettings(out io.Writer, settings []client.DiagnosticSetting, asJSON, many bool) error {
	switch {
	case asJSON && many:
		return printJSON(out, settings)
	case asJSON:
		return printJSON(out, settings[0])
	case len(settings) == 0:
		_, err := fmt.Fprintln(out, "no diagnostic settings; see \"reslog settings create --help\"")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tLOGS\tMETRICS\tTO")
	for _, s := range settings {
		p := &s.Properties
		var logs, metrics []string
		for _, l := range p.Logs {
			logs = appendEnabled(logs, cmp.Or(l.Category, l.CategoryGroup), l.Enabled, l.RetentionPolicy)
		}
		for _, m := range p.Metrics {
			metrics = appendEnabled(metrics, m.Category, m.Enabled, m.RetentionPolicy)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.Name, dashed(logs), dashed(metrics), dashed(targets(p)))
	}
	return t.Flush()
}

func appendEnabled(list []string, name string, enabled bool, r *client.RetentionPolicy) []string {
	if !enabled {
		return list
	}
	if r != nil && r.Enabled && r.Days > 0 {
		name += fmt.Sprintf(" (%d days)", r.Days)
	}
	return append(list, name)
}

// targets are the destinations of a setting, in words.
func targets(p *client.SettingProperties) []string {
	var list []string
	for _, d := range []struct{ what, id string }{
		{"account", p.StorageAccountID},
		{"workspace", p.WorkspaceID},
		{"event hub", cmp.Or(p.EventHubAuthorizationRuleID, p.ServiceBusRuleID)},
		{"partner", p.MarketplacePartnerID},
	} {
		if d.id == "" {
			continue
		}
		name := d.id[strings.LastIndexByte(d.id, '/')+1:]
		if d.what == "event hub" && p.EventHubName != "" {
			name += "/" + p.EventHubName
		}
		list = append(list, d.what+" "+name)
	}
	return list
}

func dashed(list []string) string { return cmp.Or(strings.Join(list, ", "), "-") }
