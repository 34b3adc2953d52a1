//go:build unix

package analytics

import (
	"syscall"
	"time"
)

func processorTimes() times {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return times{}
	}
	return times{time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())}
}
