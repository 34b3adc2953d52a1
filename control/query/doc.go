// Package query is the Log Analytics query API: KQL in, tables out, over the
// workspaces of a node.
//
//	POST /v1/workspaces/{id}/query        {"query": "…", "timespan": "P1D", "workspaces": […]}
//	GET  /v1/workspaces/{id}/query?query=…&timespan=…&workspaces=a,b
//	POST /v1/{resource ID}/query          rows of one resource, out of the workspaces its settings name
//	GET  /v1/workspaces/{id}/metadata     tables and columns
//	POST /v1/$batch                       several queries in one request
//
// and the forms of them under Resource Manager, `{workspace}/api/query`,
// `{workspace}/query` and `{resource}/providers/Microsoft.Insights/logs`.
//
// `Prefer: explain`, which only this node has, answers with the SQL that a query
// is turned into instead of running it.
//
// A response is written while rows come: what is said about the end, an error
// among it, stands behind the rows. Rows past a limit are not an error of the
// request but a PartialError in an answer 200.
//
// Source of the formats: "Azure Monitor Log Analytics API" (overview, request and
// response format, batch, errors, limits) in the Azure Monitor documentation.
package query
