package analytics

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestTurns has a query wait for a batch as long as the query before it took, and
// never without one.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s turns
		waits := func(want time.Duration) {
			t.Helper()
			began := time.Now()
			if err := s.wait(t.Context()); err != nil || time.Since(began) != want {
				t.Errorf("a query waits for %v, %v, want %v", time.Since(began), err, want)
			}
		}
		s.ran(30 * time.Millisecond)
		waits(0)
		one, two := s.batch(), s.batch()
		waits(0) // the query before ran without a batch
		s.ran(30 * time.Millisecond)
		waits(30 * time.Millisecond)
		waits(0)
		s.ran(time.Hour)
		waits(longestRest)
		s.ran(30 * time.Millisecond)
		time.Sleep(20 * time.Millisecond)
		waits(10 * time.Millisecond)
		s.ran(30 * time.Millisecond)
		one()
		time.AfterFunc(5*time.Millisecond, two)
		waits(5 * time.Millisecond)
		defer s.batch()()
		s.ran(30 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := s.wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a query whose time ends: %v", err)
		}
	})
}
