// Package ingest is how programs post rows to the workspaces of a node.
//
//	POST /dataCollectionRules/{immutable ID}/streams/{stream}?api-version=2023-01-01
//	POST /api/logs?api-version=2016-04-01
//
// The first is the Logs Ingestion API: the token's principal must be a Monitoring
// Metrics Publisher of the data collection rule, which says what objects of a
// stream look like and which tables of which workspaces they become rows of. The
// second is the HTTP Data Collector API: signed with a key of the workspace, it
// makes tables and columns as objects come.
//
// Both answer when the rows are durable. What is too big, not JSON or not signed
// is refused as a whole; nothing of a refused body is kept.
//
// Sources: "Logs Ingestion API in Azure Monitor", "Send log data to Azure Monitor
// by using the HTTP Data Collector API".
package ingest
