package report

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has taken until now.
type Usage struct {
	CPU time.Duration
	RSS int64 // its memory, in bytes
	// Own is what of RSS is not pages of files, such as the program itself.
	Own int64
}

// UsageOf reads /proc; elsewhere than on Linux it is zero.
func UsageOf(pid int) Usage {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}
	}
	// The fields after the command's name in parentheses, from field 3 on.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 22 {
		return Usage{}
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	pages, _ := strconv.ParseInt(fields[21], 10, 64)
	const tick = 10 * time.Millisecond // USER_HZ is 100 wherever Linux runs
	return Usage{CPU: time.Duration(user+system) * tick, RSS: pages * int64(os.Getpagesize()), Own: own(pid)}
}

func own(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "\nRssAnon:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(fields[0], 10, 64)
	return n << 10 // it is in kB
}

// Rest waits until a process has nothing left to do: logs to write, space to give
// back. It waits five seconds at most.
func Rest(ctx context.Context, pid int) {
	const step = 100 * time.Millisecond
	for range 50 {
		before := UsageOf(pid).CPU
		select {
		case <-time.After(step):
		case <-ctx.Done():
			return
		}
		if UsageOf(pid).CPU-before <= step/10 {
			return
		}
	}
}
