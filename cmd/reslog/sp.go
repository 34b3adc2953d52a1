package main

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"reslog/client"
)

const spHelp = `Service principals are applications that sign in with a secret: azure-cli and
the SDKs' client-secret credential. What they may do is said by roles at scopes:
Reader and Contributor for resources and settings, Storage Blob Data Reader,
Contributor and Owner for blobs, Storage Queue Data Message Sender for queues, and
so on.`

func newSPCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sp",
		Short: "Make, list and delete service principals, which az and the SDKs sign in with",
		Long:  spHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSPCreateCommand(), newSPListCommand(), newSPResetCommand(), newSPDeleteCommand())
	return cmd
}

func newSPCreateCommand() *cobra.Command {
	var name string
	var roles, scopes []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "create-for-rbac",
		Aliases: []string{"create"},
		Short:   "Make a service principal and print its secret and how to sign in",
		Example: `  reslog sp create-for-rbac --name ci --role Contributor
  reslog sp create-for-rbac --name reader --role Reader --role "Storage Blob Data Reader" --scopes /subscriptions/$SUB`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			p, err := n.CreatePrincipal(cmd.Context(), name, roles, scopes)
			if err != nil {
				return explainNode(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), p)
			}
			return printSignIn(cmd.OutOrStdout(), n, p)
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().StringVarP(&name, "name", "n", "", "`name` to know it by")
	cmd.Flags().StringArrayVar(&roles, "role", nil, "`role` to give it, by its name; may be repeated")
	cmd.Flags().StringSliceVar(&scopes, "scopes", nil, "`scopes` of the roles, separated by commas; default everything")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, in the form of \"az ad sp create-for-rbac\"")
	_ = cmd.MarkFlagRequired("name") // fails only for a flag that is not there
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions([]string{
		"Owner", "Contributor", "Reader", "Monitoring Contributor", "Monitoring Reader",
		"Storage Blob Data Owner", "Storage Blob Data Contributor", "Storage Blob Data Reader",
		"Storage Queue Data Contributor", "Storage Queue Data Reader", "Storage Queue Data Message Processor", "Storage Queue Data Message Sender",
		"Storage Table Data Contributor", "Storage Table Data Reader",
	}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// printSignIn prints a principal and the commands that sign in as it.
func printSignIn(out io.Writer, n *client.Node, p client.Principal) error {
	endpoint := n.URL()
	// The sign-in that azure-cli knows has a name in its certificate, not a number.
	if u, err := url.Parse(endpoint); err == nil && u.Hostname() == "127.0.0.1" {
		endpoint = "https://localhost:" + u.Port()
	}
	_, err := fmt.Fprintf(out, `appId     %s
password  %s
tenant    %s
roles     %s

The password is shown this once. To sign in with azure-cli:

  export REQUESTS_CA_BUNDLE=$(reslog ca --path)
  az cloud register -n reslog --endpoint-resource-manager %s && az cloud set -n reslog
  az login --service-principal -u %s -p '%s' --tenant %s

The SDKs take authority %s/ with instance discovery off.
`, p.AppID, p.Password, p.TenantID, dashed(roleTexts(p)), endpoint, p.AppID, p.Password, p.TenantID, endpoint)
	return err
}

func roleTexts(p client.Principal) []string {
	var texts []string
	for _, r := range p.Roles {
		texts = append(texts, cmp.Or(r.Name, "?")+" at "+r.Scope)
	}
	return texts
}

func newSPListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Print the service principals and their roles",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			list, err := n.Principals(cmd.Context())
			if err != nil {
				return explainNode(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "APP ID\tNAME\tROLES")
			for _, p := range list {
				fmt.Fprintf(t, "%s\t%s\t%s\n", p.AppID, plain(p.Name), cmp.Or(strings.Join(roleTexts(p), ", "), "-"))
			}
			return t.Flush()
		},
	}
	addNodeFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newSPResetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset app-id",
		Short: "End the secrets of a service principal and print a new one",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			secret, err := n.ResetSecret(cmd.Context(), args[0])
			if err != nil {
				return explainNode(err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), secret)
			return err
		},
	}
	addNodeFlags(cmd)
	return cmd
}

func newSPDeleteCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete app-id",
		Short: "Delete a service principal and its roles; its tokens are worth nothing at once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := findNode(cmd)
			if err != nil {
				return err
			}
			return explainNode(n.DeletePrincipal(cmd.Context(), args[0]))
		},
	}
	addNodeFlags(cmd)
	return cmd
}
