// Package seed holds a running node to the announcement of Storage Analytics
// logging, "Windows Azure Storage Logging: Using Logs to Track Storage Requests"
// (2011), and to what the reference says of it since: one test file per theme.
//
//	selection_test.go   which requests are logged
//	statuses_test.go    the 24 statuses, each through a real socket
//	fields_test.go      what the fields hold, sizes as a TCP client counts them
//	samples_test.go     each sample line, made again by the request it is about; those
//	                    about queues and tables in services_test.go
//	naming_test.go      names, metadata and counters of the log blobs
//	container_test.go   what users may do to `$logs`
//	retention_test.go   old logs go, new ones stay
//	settings_test.go    Set Blob Service Properties, as the announcement sends it
//	versions_test.go    log versions 1.0 and 2.0
//	tools_test.go       finding and dumping what a node wrote
//
// Requests are spelled out byte by byte on a TCP connection (wire_test.go) and
// signed by code that shares nothing with the server (sign_test.go); logs are
// read back with the SDK and the strict reader of package storagelog
// (logs_test.go).
package seed
