package fanout

import (
	"sync/atomic"
	"testing"
)

func TestDo(t *testing.T) {
	for _, workers := range []int{0, 1, 3, 100} {
		for _, n := range []int{0, 1, 2, 50} {
			done := make([]atomic.Int32, n)
			var now, most atomic.Int32
			Do(workers, n, func(i int) {
				if k := now.Add(1); k > most.Load() {
					most.Store(k)
				}
				done[i].Add(1)
				now.Add(-1)
			})
			for i := range done {
				if done[i].Load() != 1 {
					t.Errorf("%d workers, %d calls: call %d was made %d times", workers, n, i, done[i].Load())
				}
			}
			if int(most.Load()) > max(workers, 1) {
				t.Errorf("%d workers, but %d ran at a time", workers, most.Load())
			}
		}
	}
}
