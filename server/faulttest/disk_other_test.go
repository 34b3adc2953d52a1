//go:build !linux

package faulttest

import (
	"errors"
	"os/exec"
)

var errNoNamespaces = errors.New("no mount namespaces on this system")

func smallDisk(_, size string) error {
	if size == "" {
		return nil
	}
	return errNoNamespaces
}

func onSmallDisk(string) func(*exec.Cmd) { return func(*exec.Cmd) {} }

func namespaces() error { return errNoNamespaces }
