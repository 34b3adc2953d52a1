//go:build cgo && !linux

package analytics

import "errors"

func fillDisk(string) error { return errors.New("no mount namespaces on this system") }
