// Package storagelog reads, writes and finds Azure Storage Analytics logs: the
// records that classic logging leaves in the `$logs` container of a storage
// account, one line a record, fields separated by semicolons.
package storagelog
