package server

import (
	"os"
	"runtime"
	"runtime/debug"
)

// leastProcs is how many goroutines may run at once, at the least.
const leastProcs = 4

// TuneProcess sets the Go runtime up for a process that is a node and nothing
// else. It changes the whole process, so New does not do it; a program that has
// a node beside other things decides for itself. GOGC and GOMAXPROCS, where
// they are set, win.
//
// The heap may grow to five times what lives on it before it is collected: a
// node keeps little and allocates for every request.
//
// There are at least four processors in the sense of the runtime: a goroutine
// that waits for fdatasync holds its own until the runtime notices, and with
// two of them a durable put could keep all others waiting.
func TuneProcess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < leastProcs {
		runtime.GOMAXPROCS(leastProcs)
	}
}
