// Package arm is the part of the Azure Resource Manager API that resource logs
// need: resources that have logs or receive them, their keys, diagnostic
// settings, categories, and the activity log of every change.
//
//	GET    /subscriptions                                        and resource groups, providers
//	PUT    {id}?api-version=…                                    resources: create, read, list, delete
//	POST   {id}/listKeys, /regenerateKey                         keys of accounts, hubs, workspaces
//	PUT    {id}/providers/Microsoft.Insights/diagnosticSettings/{name}
//	GET    {id}/providers/Microsoft.Insights/diagnosticSettingsCategories
//	PUT    {scope}/providers/Microsoft.Authorization/roleAssignments/{guid}
//	GET    /subscriptions/{s}/providers/Microsoft.Insights/eventtypes/management/values
//
// Every request takes one path: it is authenticated, its api-version is looked
// at, its route is found, the caller's roles are asked, its handler is called,
// and what that returns is encoded. Handlers return an answer or an error; only
// this path writes. Errors of Resource Manager itself are
// {"error":{"code":…,"message":…}}, those of diagnostic settings are flat, as
// those of the real provider are.
//
// Paths, types and names are compared without regard to case. Writes are made
// one at a time, so that what was checked stays true, and go on when the client
// goes away. A write is in the activity log before it is made, and how it ended
// before its answer leaves: see activity.go for the order.
//
// A type of resources is a resourceType in a file type_*.go: names, versions,
// defaults, what is refused, and hooks that take secrets out of the properties.
// Secrets are in resource.Resource.Secrets and nowhere else; those that read
// them use the shapes of shapes.go. What a client sends is kept and given back,
// or refused by name: nothing is dropped.
//
// Source of the formats: the REST references of Resource Manager, of Azure
// Monitor and of each provider, and what azure-cli and the SDKs send. What
// differs is in docs/compat/resource-manager.md.
package arm
