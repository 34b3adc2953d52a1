// Package control is what a node is steered by, on its HTTPS listener: the
// Resource Manager API (package arm), the sign-in endpoints that the SDKs and
// azure-cli need for it, the query and ingestion APIs of workspaces (packages query
// and ingest), and the local API of this node (package local).
package control
