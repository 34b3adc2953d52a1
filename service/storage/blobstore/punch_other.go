//go:build !linux

package blobstore

import "github.com/cockroachdb/pebble/v2/vfs"

// punch is not to be had on this system.
func punch(vfs.File, span) error { return errNoHoles }
