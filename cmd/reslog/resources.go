package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"reslog/client"
	"reslog/internal/shorthand"
	"reslog/resource"
)

const resourceHelp = `Make the resources that have logs or receive them: storage accounts, SignalR,
Redis Enterprise databases, workspaces, event hub namespaces with authorization
rules, partner monitors. docs/compat/resource-manager.md lists the properties of
each type; secrets among them (connectionString, apiKey, …) are kept and never
shown.`

func newResourceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resource",
		Short: "Make, list and delete the resources of a running node",
		Long:  resourceHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newResourceCreateCommand(), newResourceShowCommand(), newResourceListCommand(), newResourceDeleteCommand())
	return cmd
}

func newResourceCreateCommand() *cobra.Command {
	var target resourceFlags
	var r client.Resource
	var sku, properties string
	var tags map[string]string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a resource, or replace it",
		Example: `  reslog resource create --resource Microsoft.Storage/storageAccounts/logs --sku Standard_LRS
  reslog resource create --resource Microsoft.EventHub/namespaces/ns --properties '{kafka-endpoint:"127.0.0.1:9092"}'
  reslog resource create --resource Microsoft.EventHub/namespaces/ns/authorizationRules/send --properties '{rights:[Send]}'
  reslog resource create --resource Microsoft.Datadog/monitors/dd --properties @datadog.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, id, err := nodeAndResource(cmd, &target)
			if err != nil {
				return err
			}
			if parsed, err := resource.Parse(id); err == nil && r.Location == "" && parsed.Parent().IsZero() {
				r.Location = n.Defaults().Location // what lies below another has its place
			}
			if r.Properties, err = jsonValue(properties); err != nil {
				return usageError(fmt.Errorf("--properties: %w", err))
			}
			if sku != "" {
				if r.SKU, err = json.Marshal(map[string]string{"name": sku}); err != nil {
					return err
				}
			}
			r.Tags = tags
			made, err := n.PutResource(cmd.Context(), id, r)
			if err != nil {
				return explainNode(err)
			}
			return printJSON(cmd.OutOrStdout(), made)
		},
	}
	addNodeFlags(cmd)
	target.add(cmd)
	cmd.Flags().StringVarP(&r.Location, "location", "l", "", "Azure `region`; default the node's")
	cmd.Flags().StringVar(&r.Kind, "kind", "", "`kind` of the resource")
	cmd.Flags().StringVar(&sku, "sku", "", "`name` of the SKU")
	cmd.Flags().StringVarP(&properties, "properties", "p", "", "`properties`: JSON, its short form or @file")
	cmd.Flags().StringToStringVar(&tags, "tags", nil, "`tags`, name=value, separated by commas")
	return cmd
}

// jsonValue reads a value given as JSON, in its short form, or as @file.
func jsonValue(value string) (json.RawMessage, error) {
	if value == "" {
		return nil, nil
	}
	if path, isFile := strings.CutPrefix(value, "@"); isFile {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		value = strings.TrimPrefix(string(raw), "\ufeff")
	}
	return shorthand.ToJSON(value)
}

func newResourceShowCommand() *cobra.Command {
	var target resourceFlags
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "Print a resource as JSON",
		Example: "  reslog resource show --resource Microsoft.Storage/storageAccounts/devstoreaccount1",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, id, err := nodeAndResource(cmd, &target)
			if err != nil {
				return err
			}
			r, err := n.Resource(cmd.Context(), id)
			if err != nil {
				return explainNode(err)
			}
			return printJSON(cmd.OutOrStdout(), r)
		},
	}
	addNodeFlags(cmd)
	target.add(cmd)
	return cmd
}

func newResourceListCommand() *cobra.Command {
	var subscription string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Print the resources of the node",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			list, err := n.Resources(cmd.Context(), cmp.Or(subscription, n.Defaults().SubscriptionID))
			if err != nil {
				return explainNode(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "LOCATION\tID")
			for _, r := range list {
				for _, id := range withServices(r) {
					fmt.Fprintf(t, "%s\t%s\n", cmp.Or(r.Location, "-"), id)
				}
			}
			return t.Flush()
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().StringVar(&subscription, "subscription", "", "`id` of the subscription; default the node's")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newResourceDeleteCommand() *cobra.Command {
	var target resourceFlags
	cmd := &cobra.Command{
		Use:   "delete",
		Short: "Delete a resource with its children and its diagnostic settings",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, id, err := nodeAndResource(cmd, &target)
			if err != nil {
				return err
			}
			return explainNode(n.DeleteResource(cmd.Context(), id))
		},
	}
	addNodeFlags(cmd)
	target.add(cmd)
	return cmd
}
