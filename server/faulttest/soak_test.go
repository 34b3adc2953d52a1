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

// patience bounds all that a test waits for. It is for a machine that has other work, and
// whose disk has: what is late is not wrong.
const patience = 3 * time.Minute

// waitFor waits until something is so. It looks ever more rarely, as a caller may ask a
// workspace 200 times in 30 seconds.
func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	pause := 10 * time.Millisecond
	for deadline := time.Now().Add(patience); !is(); time.Sleep(pause) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
		pause = min(pause*5/4, 300*time.Millisecond)
	}
}
