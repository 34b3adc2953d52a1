package rows

// Tables that rows are made of in ways of their own.
const (
	blobTable        = "StorageBlobLogs"
	queueTable       = "StorageQueueLogs"
	tableTable       = "StorageTableLogs"
	redisTable       = "REDConnectionEvents"
	metricsTable     = "AzureMetrics"
	diagnosticsTable = "AzureDiagnostics"
)
