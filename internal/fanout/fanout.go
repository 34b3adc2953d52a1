// Package fanout does many things of one kind, a few at a time.
package fanout

import "sync"

// Do calls fn with 0 to n-1, on up to workers goroutines at a time, and returns when
// all calls have. With one call, or one worker, it is a loop.
func Do(workers, n int, fn func(i int)) {
	workers = min(workers, n)
	if workers <= 1 {
		for i := range n {
			fn(i)
		}
		return
	}
	todo := make(chan int)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for i := range todo {
				fn(i)
			}
		})
	}
	for i := range n {
		todo <- i
	}
	close(todo)
	running.Wait()
}
