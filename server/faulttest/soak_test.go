package faulttest

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// soak is by how much the tests are longer than in CI: RESLOG_FAULTTEST_SOAK.
func soak() int {
	n, err := strconv.Atoi(os.Getenv("RESLOG_FAULTTEST_SOAK"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// waitFor waits until something is so.
func waitFor(t *testing.T, limit time.Duration, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", limit, what)
		}
	}
}
