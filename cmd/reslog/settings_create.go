package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reslog/client"
	"reslog/internal/shorthand"
)

const settingsCreateHelp = `Create a diagnostic setting, or replace the one with its name. At least one
destination is needed:

  --storage-account  append blobs insights-logs-…/…/PT1H.json in another account
  --event-hub-rule   an authorization rule of an event hub namespace; without
                     --event-hub each category has a hub of its own
  --workspace        a Log Analytics workspace
  --marketplace-partner-id
                     a partner's monitor: Datadog, Elastic, or any that takes OTLP

A destination is an id, or a name in the resource group of the resource (for a
rule, namespace/rule).

--logs and --metrics take what azure-cli takes: JSON, its short form, or @file.
A list of names is enough when there is no more to say: a name is a category or,
if it is allLogs or audit, a category group.

A retention is kept by the archive, which deletes what is older.`

func newSettingsCreateCommand() *cobra.Command {
	var target resourceFlags
	var f settingFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a diagnostic setting",
		Long:  settingsCreateHelp,
		Example: `  reslog settings create -n audit --storage-account logs --logs allLogs \
    --resource Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default
  reslog settings create -n d1 --resource $ID --event-hub-rule ns/send --event-hub logs \
    --logs '[{"category":"ConnectionEvents","enabled":true,"retentionPolicy":{"enabled":false,"days":0}}]'
  reslog settings create -n d2 --resource $ID --workspace $WS --logs '[{category:AllLogs,enabled:true}]' --metrics AllMetrics`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, id, err := nodeAndResource(cmd, &target)
			if err != nil {
				return err
			}
			p := map[string]any{}
			if err := f.apply(cmd, id, p); err != nil {
				return err
			}
			return putSetting(cmd, n, id, f.name, p, asJSON)
		},
	}
	addNodeFlags(cmd)
	target.add(cmd)
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the setting as JSON")
	return cmd
}

// settingFlags are what a setting is made of.
type settingFlags struct {
	name                                              string
	logs, metrics                                     string
	account, workspace, hub, hubRule, partner, tables string
}

func (f *settingFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.name, "name", "n", "", "`name` of the setting")
	flags.StringVar(&f.logs, "logs", "", "`categories` of logs: names, JSON, its short form or @file")
	flags.StringVar(&f.metrics, "metrics", "", "`categories` of metrics: names, JSON, its short form or @file")
	flags.StringVar(&f.account, "storage-account", "", "storage `account` to archive to")
	flags.StringVar(&f.workspace, "workspace", "", "Log Analytics `workspace` to send to")
	flags.StringVar(&f.hub, "event-hub", "", "`name` of the event hub; without it there is one for each category")
	flags.StringVar(&f.hubRule, "event-hub-rule", "", "authorization `rule` of the event hub namespace")
	flags.StringVar(&f.partner, "marketplace-partner-id", "", "`id` of the partner's monitor")
	flags.StringVar(&f.tables, "export-to-resource-specific", "", "`true` for resource-specific tables in the workspace, false for AzureDiagnostics")
	// azure-cli calls them otherwise when it updates.
	flags.StringVar(&f.account, "storage-account-id", "", "the same as --storage-account")
	flags.StringVar(&f.workspace, "workspace-id", "", "the same as --workspace")
	_ = flags.MarkHidden("storage-account-id") // fails only for a flag that is not there
	_ = flags.MarkHidden("workspace-id")
	_ = cmd.MarkFlagRequired("name")
	_ = cmd.RegisterFlagCompletionFunc("export-to-resource-specific", cobra.FixedCompletions([]string{"true", "false"}, cobra.ShellCompDirectiveNoFileComp))
}

// apply sets in p what the flags that were given say; an empty value takes a
// property away.
func (f *settingFlags) apply(cmd *cobra.Command, source string, p map[string]any) error {
	given := func(names ...string) bool { return slices.ContainsFunc(names, cmd.Flags().Changed) }
	account, err := targetID(f.account, source, "Microsoft.Storage/storageAccounts")
	if err != nil {
		return err
	}
	workspace, err := targetID(f.workspace, source, "Microsoft.OperationalInsights/workspaces")
	if err != nil {
		return err
	}
	rule, err := hubRuleID(f.hubRule, source)
	if err != nil {
		return err
	}
	for _, d := range []struct {
		property, value string
		given           bool
	}{
		{"storageAccountId", account, given("storage-account", "storage-account-id")},
		{"workspaceId", workspace, given("workspace", "workspace-id")},
		{"eventHubAuthorizationRuleId", rule, given("event-hub-rule")},
		{"eventHubName", f.hub, given("event-hub")},
		{"marketplacePartnerId", f.partner, given("marketplace-partner-id")},
	} {
		if d.given {
			if p[d.property] = d.value; d.value == "" {
				p[d.property] = nil
			}
		}
	}
	return errors.Join(f.applyTables(given("export-to-resource-specific"), p),
		applyCategories("logs", f.logs, given("logs"), p), applyCategories("metrics", f.metrics, given("metrics"), p))
}

func (f *settingFlags) applyTables(given bool, p map[string]any) error {
	switch {
	case !given:
	case f.tables == "true":
		p["logAnalyticsDestinationType"] = "Dedicated"
	case f.tables == "false":
		p["logAnalyticsDestinationType"] = nil
	default:
		return usageError(fmt.Errorf("--export-to-resource-specific %q: want true or false", f.tables))
	}
	return nil
}

func applyCategories(name, value string, given bool, p map[string]any) error {
	if !given {
		return nil
	}
	list, err := categories(value, name == "logs")
	if err != nil {
		return usageError(fmt.Errorf("--%s: %w", name, err))
	}
	p[name] = list
	return nil
}

// hubRuleID is the ID of a rule given as namespace/rule or by its ID.
func hubRuleID(value, source string) (string, error) {
	if parts := strings.Split(value, "/"); len(parts) == 2 && parts[0] != "" && parts[1] != "" {
		namespace, err := targetID(parts[0], source, "Microsoft.EventHub/namespaces")
		return namespace + "/authorizationRules/" + parts[1], err
	}
	if value != "" && !strings.Contains(value, "/") {
		return "", usageError(fmt.Errorf("--event-hub-rule %s: want the rule's id, or namespace/rule", value))
	}
	return value, nil
}

// categories reads what --logs and --metrics take.
func categories(value string, logs bool) (json.RawMessage, error) {
	if path, isFile := strings.CutPrefix(value, "@"); isFile {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		value = strings.TrimPrefix(string(raw), "\ufeff")
	}
	value = strings.TrimSpace(value)
	if value == "" {
		return json.RawMessage("[]"), nil
	}
	if value[0] == '[' || value[0] == '{' {
		list, err := shorthand.ToJSON(value)
		if err == nil && value[0] == '{' {
			list = append(append(json.RawMessage("["), list...), ']')
		}
		return list, err
	}
	var list []map[string]any
	for name := range strings.SplitSeq(value, ",") {
		kind := "category"
		// AllLogs, with a capital, is the category of SignalR.
		if name = strings.TrimSpace(name); logs && (name == "allLogs" || name == "audit") {
			kind = "categoryGroup"
		}
		list = append(list, map[string]any{kind: name, "enabled": true})
	}
	return json.Marshal(list)
}

// putSetting sends a setting and shows it.
func putSetting(cmd *cobra.Command, n *client.Node, id, name string, properties map[string]any, asJSON bool) error {
	raw, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	s, err := n.PutSettingDocument(cmd.Context(), id, name, raw)
	if err != nil {
		return explainNode(err)
	}
	return printSettings(cmd.OutOrStdout(), []client.DiagnosticSetting{s}, asJSON, false)
}
