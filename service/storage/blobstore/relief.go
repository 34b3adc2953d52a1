package blobstore

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"time"
)

// On a full disk the collector does not wait for its time. A write that is
// refused calls it, and so does what is deleted from then on. It looks into the
// extents that are still written too, and takes those with garbage out of use;
// and because moving live bytes takes room, it gives back the garbage between
// them in place, as holes in the files.

// errNoHoles says that files cannot have holes here.
var errNoHoles = errors.New("the file system makes no holes")

const (
	// reliefPasses is how many passes it takes at most: to seal, to condemn, to
	// delete, and where there are no holes to move and to delete once more.
	reliefPasses = 6
	// reliefPause is the least time between two reliefs; they take at most a
	// fifth of a processor.
	reliefPause = time.Second
	// leastHoles is the garbage for which an extent is taken out of use or
	// pierced.
	leastHoles = 64 << 10
	// maxSpans bounds what a mark remembers to find holes, 16 bytes each.
	maxSpans = 1 << 20
	// block is what file systems give back.
	block = 4096
)

// span is a part of a file.
type span struct{ from, to int64 }

// call asks for relief.
func (g *garbage) call() {
	select {
	case g.wanted <- struct{}{}:
	default:
	}
}

// refused notes that there was no room.
func (g *garbage) refused() {
	g.full.Store(true)
	g.call()
}

// relieve makes room, if anything was given up since it last did, and returns
// how long to leave it at that.
func (s *store) relieve(ctx context.Context) (c Collected, pause time.Duration, err error) {
	g := &s.garbage
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.given.Swap(0) == 0 && len(g.condemned) == 0 && g.first {
		return c, 0, nil
	}
	start := time.Now()
	for n, more := 0, true; more && err == nil && n < reliefPasses; n++ {
		if len(g.condemned) > 0 {
			runtime.GC() // or it may be minutes until the eras are known to be over
		}
		more, err = s.pass(ctx, &c, true)
	}
	if err != nil {
		g.given.Add(1)
	}
	if c.Bytes > 0 && s.c.MinFree < 0 {
		g.full.Store(false) // nothing else tells
	}
	return c, max(reliefPause, 4*time.Since(start)), err
}

// choosePorous picks sealed extents to look for holes in, those with most
// garbage first.
func choosePorous(sealed []*extent, live map[uint64]*tally) map[uint64]bool {
	garbage := func(e *extent) int64 { return e.size - e.pierced - live[e.id].bytes }
	var list []*extent
	for _, e := range sealed {
		if live[e.id].bytes > 0 && garbage(e) >= leastHoles {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b *extent) int { return cmp.Compare(garbage(b), garbage(a)) })
	porous, spans := map[uint64]bool{}, 0
	for _, e := range list {
		if n := live[e.id].pieces; spans+n <= maxSpans {
			spans += n
			porous[e.id] = true
		}
	}
	return porous
}

// holes returns what lies between spans in a file of that size, in whole blocks,
// and how much that is. It sorts the spans.
func holes(spans []span, size int64) (list []span, total int64) {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	at := int64(0)
	add := func(to int64) {
		from, to := (at+block-1)/block*block, to/block*block
		if from < to {
			list = append(list, span{from, to})
			total += to - from
		}
	}
	for _, s := range spans {
		add(s.from)
		at = max(at, s.to)
	}
	add(size)
	return list, total
}

// pierce makes holes in an extent and returns how much that gave back.
func (s *store) pierce(e *extent, list []span) (n int64, err error) {
	var total int64
	for _, h := range list {
		if err := punch(e.file, h); err != nil {
			if errors.Is(err, errNoHoles) {
				s.garbage.solid = true
				return 0, nil
			}
			return 0, err
		}
		total += h.to - h.from
	}
	n = total - e.pierced
	e.pierced = total
	return n, nil
}

// loose returns the extents that are written but not at this moment by a stream,
// with their sizes.
func (x *extents) loose() map[*extent]int64 {
	list := map[*extent]int64{}
	x.sharedMu.Lock()
	if x.shared != nil {
		list[x.shared] = x.shared.size
	}
	x.sharedMu.Unlock()
	x.idleMu.Lock()
	defer x.idleMu.Unlock()
	for _, e := range x.idle {
		list[e] = e.size
	}
	return list
}

// retire seals an extent that is loose still.
func (x *extents) retire(e *extent) bool {
	x.sharedMu.Lock()
	shared := x.shared == e
	if shared {
		x.shared = nil
	}
	x.sharedMu.Unlock()
	if !shared {
		x.idleMu.Lock()
		i := slices.Index(x.idle, e)
		if i >= 0 {
			x.idle = slices.Delete(x.idle, i, i+1)
		}
		x.idleMu.Unlock()
		if i < 0 {
			return false
		}
	}
	x.seal(e)
	return true
}
