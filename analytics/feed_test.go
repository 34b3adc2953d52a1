//go:build cgo

package analytics

import (
	"errors"
	"testing"

	"reslog/analytics/engine"
)

// What the engine says of a commit is all there is to tell by.
func TestFailure(t *testing.T) {
	for message, want := range map[string]error{
		"Out of Memory Error: could not allocate block of size 256.0 KiB":                                                                                                  engine.ErrMemory,
		"TransactionContext Error: Failed to commit: Failed to rollback transaction. Cannot continue operation.\nOriginal Error: Out of Memory\nRollback Error: none left": engine.ErrBroken,
		"FATAL Error: Failed: database has been invalidated because of a previous fatal error":                                                                             engine.ErrBroken,
		"INTERNAL Error: an assertion": engine.ErrBroken,
		"Failed to append: failed to offload data block of size 64.0 KiB (32.0 MiB/32.0 MiB used).\nThis limit was set": engine.ErrMemory,
	} {
		if err := failure(message); !errors.Is(err, want) {
			t.Errorf("%q is %v", message, err)
		}
	}
	if err := failure("TransactionContext Error: Failed to commit: no room"); errors.Is(err, engine.ErrBroken) || errors.Is(err, engine.ErrMemory) {
		t.Errorf("an error of another kind is %v", err)
	}
}
