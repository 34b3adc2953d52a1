package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"reslog/service/storage"
	"reslog/storagelog"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the versions of what it speaks",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(),
				"reslog %s (%s, %s/%s)\nstorage api versions %s to %s\nstorage log formats %s, %s\n",
				buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH,
				storage.V2009_09_19, storage.Newest, storagelog.V1, storagelog.V2)
			return err
		},
	}
}

// buildVersion is the module's version when built from the proxy, else the
// commit, with "+dirty" when the tree had changes.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	revision, dirty := "devel", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+dirty"
			}
		}
	}
	return revision + dirty
}
