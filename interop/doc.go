// Package interop runs the clients people really use against a node, over the
// whole surface that the node claims.
//
//   - azblob, the Azure SDK for Go: one test file per area (containers, block,
//     append and page blobs, leases, shared access signatures, copies, batches …);
//   - azqueue and aztables, for queues and tables: queue_test.go and those beside it,
//     table_test.go and those beside it;
//   - @azure/storage-blob, the Azure SDK for JavaScript: node/test, run by TestNode;
//     @azure/storage-queue: node/queue, run by TestNodeQueue; @azure/data-tables:
//     node/table, run by TestNodeTable; and @azure/arm-monitor with @azure/identity:
//     node/monitor, run by TestNodeMonitor;
//   - requests signed by hand, for the protocol versions no current SDK speaks, and for
//     what SDKs do not ask for: versions_test.go, queue_versions_test.go,
//     table_versions_test.go, table_formats_test.go;
//   - Azurite, which somebody else wrote, as the account that a node archives
//     records into: archive_azurite_test.go;
//   - the records of all that, read back from `$logs` through azblob and the
//     strict reader of package storagelog: logs_test.go, logs_services_test.go; and
//     seed/, which holds a node to the announcement of Storage Analytics logging line
//     by line;
//   - the tables of metrics, read through aztables, whose sums are those of the
//     records: metrics_test.go;
//   - kcat, a consumer made of librdkafka, on what event hubs get: eventhub_test.go;
//   - azidentity with armmonitor, armresources, azblob, azqueue and aztables, the Azure
//     SDK for Go, on settings, archives, bearer tokens and roles: arm_test.go,
//     oauth_test.go, oauth_services_test.go;
//   - azlogs to query and to post, armoperationalinsights and armmonitor, the Azure SDK
//     for Go, on workspaces, their tables and what is in them: logsquery_test.go,
//     logsingestion_test.go, tables_test.go, rows_test.go; @azure/monitor-query-logs,
//     @azure/monitor-query and @azure/monitor-ingestion: node/logs, run by TestNodeLogs;
//   - go-redis, redis-cli, redis-benchmark and requests written byte by byte, against a
//     Redis server behind a node, with HAProxy before it and a cluster of three:
//     redis_test.go and those beside it; ioredis and redis, from npm: node/redis, run by
//     TestNodeRedis. What was logged is held up against what the server counted;
//   - azure-cli on the Resource Manager API and, signed in, on blobs: azcli_test.go;
//     on queues and tables: azcli_services_test.go; on workspaces:
//     azcli_workspace_test.go; on the events of a Redis database: azcli_redis_test.go.
//
// Package signalr below runs those of SignalR.
//
// None of it is skipped: a machine without node and npm fails TestNode and those whose
// names begin so and TestArchiveIntoAzurite, one without kcat TestEventHub, one
// without azure-cli TestAzureCLI, and one without redis-server, redis-cli,
// redis-benchmark and haproxy those whose names begin with TestRedis.
//
// Every test starts a node of its own, in process, on free ports. To see how
// another implementation behaves, name its account, and likewise with
// RESLOG_INTEROP_QUEUE and RESLOG_INTEROP_TABLE:
//
//	RESLOG_INTEROP_BLOB=http://127.0.0.1:10000/devstoreaccount1 go test ./interop
//
// RESLOG_INTEROP_KEY is the account's key then, the well-known development key
// when it is not set. Tests of logs need a node of ours and do not run there.
package interop
