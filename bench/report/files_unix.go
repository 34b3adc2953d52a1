//go:build !windows

package report

import (
	"math"
	"syscall"
)

// Files is how many files and connections a process may have open.
func Files() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 1024
	}
	return int(min(uint64(l.Max), math.MaxInt32)) //nolint:unconvert // signed on FreeBSD
}
