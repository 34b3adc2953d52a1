// Package arm is the part of the Azure Resource Manager API that resource logs
// need: resources that have logs or receive them, their keys, diagnostic
// settings, categories, and the activity log of every change.
//
//	GET    /subscriptions                                        and resource groups, providers
//	PUT    {id}?api-version=…                                    resources: create, read, list, delete
//	POST   {id}/listKeys, /regenerateKey                         keys of accounts, hubs, workspaces
//	PUT    {id}/providers/Microsoft.Insights/diagnosticSettings/{name}
//	GET    {id}/providers/Microsoft.Insights/diagnosticSettingsCategories
//	GET    /subscriptions/{s}/providers/Microsoft.Insights/eventtypes/management/values
//
// Every request takes one path: it is authenticated, its api-version is looked
// at, its route is found, the caller's roles are asked, its handler is called,
// and what that returns is encoded. Handlers return an answer or an error; only
// this path writes. Errors of Resource Manager itself are
// {"error":{"code":…,"message":…}}, those of diagnostic settings are flat, as
// those of the real provider are.
//
// Paths, types and names are compared without regard to case. A write is in the
// activity log before its answer leaves.
package arm
