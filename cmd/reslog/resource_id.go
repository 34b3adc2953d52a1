package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reslog/client"
	"reslog/resource"
)

// resourceFlags name a resource as azure-cli does: an ID, or a name with a type
// and a group.
type resourceFlags struct {
	resource, group, typ, namespace, parent string
}

func (f *resourceFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.resource, "resource", "", "`id` of the resource; or what follows /providers/ in it; or its name, with --resource-type")
	flags.StringVarP(&f.group, "resource-group", "g", "", "resource `group` of a resource that is not given by its whole id")
	flags.StringVar(&f.typ, "resource-type", "", "`type`, such as Microsoft.SignalRService/SignalR, of a resource given by its name")
	flags.StringVar(&f.namespace, "resource-namespace", "", "`namespace` of the type, such as Microsoft.SignalRService")
	flags.StringVar(&f.parent, "resource-parent", "", "parent `path`, such as storageAccounts/logs, of a resource given by its name")
	_ = cmd.RegisterFlagCompletionFunc("resource", completeResources) // fails only for a flag that is not there
}

// id is the resource's whole ID.
func (f *resourceFlags) id(n *client.Node) (string, error) {
	if f.resource == "" {
		return "", usageError(fmt.Errorf("--resource is missing: give the id of the resource, see %q", "reslog resource list"))
	}
	path, err := f.path()
	if err != nil {
		return "", usageError(err)
	}
	return completeID(n, f.group, path)
}

// path is the ID as far as the flags say it.
func (f *resourceFlags) path() (string, error) {
	if f.typ == "" {
		return f.resource, nil
	}
	if strings.Contains(f.resource, "/") {
		return "", fmt.Errorf("--resource-type goes with a name, and --resource %s is more than that", f.resource)
	}
	typ := strings.Trim(f.typ, "/")
	namespace, rest, ok := strings.Cut(typ, "/")
	if f.namespace != "" {
		namespace, rest, ok = f.namespace, typ, true
	}
	if !ok || strings.Contains(rest, "/") {
		return "", fmt.Errorf("--resource-type %s: want namespace/type, with --resource-parent for what lies between", f.typ)
	}
	parts := []string{namespace}
	if f.parent != "" {
		parts = append(parts, strings.Trim(f.parent, "/"))
	}
	return strings.Join(append(parts, rest, f.resource), "/"), nil
}

// completeID makes a whole ID of what may be only its end, with the node's
// subscription and the group, or the node's when that is "".
func completeID(n *client.Node, group, path string) (string, error) {
	lower := strings.ToLower(strings.TrimLeft(path, "/"))
	if strings.HasPrefix(lower, "subscriptions/") {
		return parseID(path)
	}
	d := n.Defaults()
	if group == "" {
		group = d.ResourceGroup
	}
	if d.SubscriptionID == "" || group == "" {
		return "", usageError(fmt.Errorf("%s: give the whole id, /subscriptions/…, because the node's data folder is not at hand to complete it", path))
	}
	return parseID("/subscriptions/" + d.SubscriptionID + "/resourceGroups/" + group + "/providers/" + strings.TrimPrefix(strings.Trim(path, "/"), "providers/"))
}

func parseID(path string) (string, error) {
	id, err := resource.Parse(path)
	if err != nil {
		return "", usageError(err)
	}
	return id.String(), nil
}

// targetID is the ID of a destination given by its ID or, in the group of the
// resource, by its name.
func targetID(value, source, typ string) (string, error) {
	if value == "" {
		return "", nil
	}
	if strings.Contains(value, "/") {
		return value, nil // as it is: the node checks it and gives it back unchanged
	}
	id, err := resource.Parse(source)
	if err != nil {
		return "", usageError(err)
	}
	return parseID(fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/%s/%s", id.SubscriptionID(), id.ResourceGroup(), typ, value))
}

// completeResources offers the IDs of the node's resources to the shell.
func completeResources(cmd *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	n, err := findNode(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	list, err := n.Resources(ctx, n.Defaults().SubscriptionID)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var ids []string
	for _, r := range list {
		for _, id := range withServices(r) {
			if strings.HasPrefix(strings.ToLower(id), strings.ToLower(prefix)) {
				ids = append(ids, id)
			}
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// withServices adds to a storage account the services that have its logs, and to a
// cluster of Redis its database.
func withServices(r client.Resource) []string {
	ids := []string{r.ID}
	if strings.EqualFold(r.Type, "Microsoft.Storage/storageAccounts") {
		for _, service := range [...]string{"blobServices", "queueServices", "tableServices"} {
			ids = append(ids, r.ID+"/"+service+"/default")
		}
	}
	if strings.EqualFold(r.Type, "Microsoft.Cache/redisEnterprise") {
		ids = append(ids, r.ID+"/databases/default")
	}
	return ids
}
