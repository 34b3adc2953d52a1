// Package client is what programs use to talk to accounts and nodes.
//
// For any storage account, on Azure, in an emulator or on a node:
//
//	acct, err := client.ParseConnectionString(os.Getenv("AZURE_STORAGE_CONNECTION_STRING"))
//	s, err := acct.GetAnalytics(ctx, client.Blob)
//	s.LogType = client.LoggingRead | client.LoggingWrite
//	err = acct.SetAnalytics(ctx, client.Blob, s)
//
// AnalyticsSettings has the meaning, the defaults and the refusals of the class
// of the same name in the announcement of Windows Azure Storage Logging (2011),
// and the same XML: that of x-ms-version 2009-09-19.
//
// For a running node's local API, which is bound to loopback and wants the
// token that the node keeps in its data folder:
//
//	n, err := client.FindNode(client.NodeConfig{Data: "./reslog-data"})
//	err = n.Tail(ctx, client.Filter{Category: "StorageWrite"}, func(r client.TailRecord) error { … })
//
// The package keeps no state, retries nothing and never logs a key or a token.
package client
