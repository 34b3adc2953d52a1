// Package durable makes the names of files durable.
package durable

// Folder does nothing: Windows keeps names with their files, and does not sync
// folders.
func Folder(string) error { return nil }
