package bus_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the process again as a child that a test kills, or the tests.
func TestMain(m *testing.M) {
	switch os.Getenv("RESLOG_BUS_CHILD") {
	case "":
		goleak.VerifyTestMain(m)
	case "emit":
		childEmits()
	case "fail":
		childFails()
	}
}
