package blobstore

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// extent is a file of content, only ever appended to. One that took no more
// writes (sealed) never changes again and is deleted as a whole.
//
// Where to write is given out by whoever owns the extent for the moment: the
// shared extent by the set's lock, a leased one by the stream that holds it.
// Writes themselves need no lock; a crash leaves holes and torn tails that
// nothing refers to.
type extent struct {
	id   uint64
	file vfs.File
	// size is where the next piece goes. Owned as said above, final once sealed.
	size int64
	// sealed is guarded by the set's lock.
	sealed bool
	// pierced is how much of size was given back to the file system as holes; the
	// collector's.
	pierced int64

	// touched counts the commits that made metadata refer to this extent, see
	// collect.go.
	touched atomic.Uint64
	// bad is set when a sync failed. What was synced before can be read; nothing
	// more is written, for nobody can say what a second sync would mean.
	bad atomic.Bool

	group syncGroup
}

// write puts p at off, which the caller owns.
func (e *extent) write(p []byte, off int64) error {
	if _, err := e.file.WriteAt(p, off); err != nil {
		return fmt.Errorf("write %d bytes to extent %d: %w", len(p), e.id, err)
	}
	return nil
}

// sync returns when all that was written before the call is on disk.
func (e *extent) sync() error {
	err := e.group.wait(func() error {
		if e.bad.Load() {
			return fmt.Errorf("extent %d: an earlier sync failed", e.id)
		}
		if err := e.file.SyncData(); err != nil {
			e.bad.Store(true)
			return fmt.Errorf("sync extent %d: %w", e.id, err)
		}
		return nil
	})
	return err
}

// syncGroup lets many callers share one sync. A caller needs a round that began
// after it came; whoever finds no round running runs the next one for all that
// wait by then.
type syncGroup struct {
	mu      sync.Mutex
	cond    *sync.Cond
	running bool
	begun   uint64 // rounds
	done    uint64
	err     error // of the first round that failed; it sticks
}

func (g *syncGroup) wait(run func() error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cond == nil {
		g.cond = sync.NewCond(&g.mu)
	}
	for need := g.begun + 1; g.done < need; {
		if g.running {
			g.cond.Wait()
			continue
		}
		g.running = true
		g.mu.Unlock()
		runtime.Gosched() // who is about to come may come along
		g.mu.Lock()
		g.begun++
		round := g.begun
		g.mu.Unlock()
		err := run()
		g.mu.Lock()
		g.running = false
		g.done = round
		if g.err == nil {
			g.err = err
		}
		g.cond.Broadcast()
	}
	return g.err
}
