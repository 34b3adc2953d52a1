//go:build unix

// Package durable makes the names of files durable.
package durable

import (
	"errors"
	"os"
)

// Folder makes the names in a folder durable. On Windows, which keeps names with
// their files, it does nothing.
func Folder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
