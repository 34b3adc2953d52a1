package blobstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Garbage is found by marking: a pass over all the metadata counts, for each
// sealed extent, the bytes referred to. An extent that nothing refers to is
// condemned, and deleted in a later pass when nothing can refer to it any more:
//
//   - all that was in memory at the time of the mark, every Content and Handle,
//     is gone (era.go), and
//   - nothing has made metadata refer to the extent since: who does so counts up
//     extent.touched after its change is visible and before it lets go of what
//     it used.
//
// Then no later Handle can have it either: it was in no metadata to be found in.
// What the mark saw is on disk before anything is deleted by it, so a crash does
// not bring back metadata that refers to a deleted extent.

// garbage is what the collector knows between two passes.
type garbage struct {
	bytes atomic.Int64 // given up since the last mark

	// On a full disk, see relief.go.
	given  atomic.Int64  // given up since the last relief
	full   atomic.Bool   // a write was refused and none was let through since
	wanted chan struct{} // relief is

	mu        sync.Mutex // one pass at a time
	condemned []condemned
	drained   func() bool
	last      time.Time       // of the last pass
	first     bool            // there was one
	solid     bool            // files cannot have holes
	porous    map[uint64]bool // extents in which the next mark is to look for holes
}

type condemned struct {
	e       *extent
	touched uint64
	holes   []span // to make in it; none when all of it goes
}

func (g *garbage) add(n int64) {
	if n <= 0 {
		return
	}
	g.bytes.Add(n)
	g.given.Add(n)
	if g.full.Load() {
		g.call()
	}
}

// Collected says what a pass of Collect did.
type Collected struct {
	Extents int   // files deleted
	Bytes   int64 // in them, and given back out of others
	Moved   int64 // live bytes copied out of files that are mostly dead
	Expired int   // blobs whose uncommitted blocks ran out
}

// collectPause is the longest the collector goes without a pass.
const collectPause = time.Hour

func (s *store) collectLoop(ctx context.Context) {
	tick := time.NewTicker(s.c.CollectEvery)
	defer tick.Stop()
	for {
		var got Collected
		var pause time.Duration
		var err error
		select {
		case <-ctx.Done():
			return
		case <-s.garbage.wanted:
			got, pause, err = s.relieve(ctx)
		case <-tick.C:
			if s.worthCollecting() {
				got, err = s.Collect(ctx)
			}
		}
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.Warn("collecting garbage of the blob store failed, will be tried again", "error", err)
		case got != Collected{}:
			s.log.Debug("garbage of the blob store collected",
				"files", got.Extents, "bytes", got.Bytes, "moved", got.Moved, "expired", got.Expired)
		}
		if pause > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}
}

func (s *store) worthCollecting() bool {
	g := &s.garbage
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.first || len(g.condemned) > 0 && g.drained() ||
		g.bytes.Load() >= s.c.ExtentBytes/8 || s.names.crowded() || s.now().Sub(g.last) >= collectPause
}

// Collect makes one pass: it deletes what an earlier pass condemned, lets
// uncommitted blocks expire, marks, and moves live bytes out of extents that are
// mostly dead. Garbage is gone after a second pass, when the Go runtime has
// noticed that nobody reads it.
func (s *store) Collect(ctx context.Context) (c Collected, err error) {
	g := &s.garbage
	g.mu.Lock()
	defer g.mu.Unlock()
	_, err = s.pass(ctx, &c, false)
	return c, err
}

// pass is a pass; g.mu is held. An urgent one prefers what needs no room and
// does not wait for extents to be full. It reports whether another one now may
// do more.
func (s *store) pass(ctx context.Context, c *Collected, urgent bool) (more bool, err error) {
	g := &s.garbage
	before := *c
	if err := s.space.Failed(); err != nil {
		return false, err
	}
	if err := s.deleteCondemned(c); err != nil {
		return false, err
	}
	if err := s.expireBlocks(ctx, c); err != nil {
		return false, err
	}
	given := g.bytes.Load()
	m, err := s.mark(ctx, urgent)
	if err != nil {
		return false, err
	}
	defer m.snap.Close()
	if len(g.condemned) == 0 && len(m.dead) > 0 {
		// One byte through the log: all that the mark saw is on disk then.
		if err := s.db.LogData([]byte{0}, pebble.Sync); err != nil {
			return false, fmt.Errorf("sync metadata: %w", err)
		}
		if err := s.space.Failed(); err != nil {
			return false, err
		}
		g.condemned, g.drained = m.dead, s.eras.advance()
		more = true
	}
	looked := g.porous
	g.porous = nil
	if urgent {
		for _, e := range m.wasteful {
			more = s.extents.retire(e) || more
		}
		if !g.solid {
			g.porous = m.porous
			for id := range m.porous {
				more = more || !looked[id]
			}
		}
	}
	if !urgent || g.solid {
		moved, err := s.move(ctx, m)
		c.Moved += moved
		if err != nil {
			return false, err
		}
	}
	g.bytes.Add(-given)
	g.first, g.last = true, s.now()
	return more || *c != before, nil
}

// deleteCondemned deletes the extents condemned by an earlier pass, if nothing
// that was in memory then is left.
func (s *store) deleteCondemned(c *Collected) error {
	g := &s.garbage
	if len(g.condemned) == 0 || !g.drained() {
		return nil
	}
	var errs []error
	for _, d := range g.condemned {
		if d.e.touched.Load() != d.touched {
			continue // referred to anew; the next mark will tell
		}
		if d.holes != nil {
			n, err := s.pierce(d.e, d.holes)
			if err != nil {
				errs = append(errs, err)
			}
			c.Bytes += n
			continue
		}
		if err := s.extents.remove(d.e); err != nil {
			errs = append(errs, err)
			continue
		}
		c.Extents++
		c.Bytes += d.e.size - d.e.pierced
	}
	g.condemned = nil
	return errors.Join(errs...)
}

// marked is what a mark found.
type marked struct {
	snap    *pebble.Snapshot // the metadata it looked at
	dead    []condemned
	victims map[uint64]bool // extents worth moving the live bytes out of

	// Of an urgent one:
	wasteful []*extent       // written still, with garbage in them
	porous   map[uint64]bool // sealed, with garbage in them, not looked into yet
}

// tally is what a mark counts of an extent.
type tally struct {
	bytes  int64
	pieces int
	porous bool   // spans are wanted
	spans  []span // of the pieces
}

func (s *store) mark(ctx context.Context, urgent bool) (m *marked, err error) {
	// The order matters: extents, their counters, then the metadata.
	sealed := s.extents.sealed()
	touched := make([]uint64, len(sealed))
	live := make(map[uint64]*tally, len(sealed))
	var loose map[*extent]int64
	if urgent {
		loose = s.extents.loose()
		for e := range loose {
			live[e.id] = new(tally)
		}
	}
	for i, e := range sealed {
		touched[i] = e.touched.Load()
		live[e.id] = &tally{porous: s.garbage.porous[e.id]}
	}
	set := s.names.begin()
	snap := s.db.NewSnapshot()
	m = &marked{snap: snap}
	defer func() {
		s.names.end(err == nil)
		if err != nil {
			snap.Close()
		}
	}()
	count := func(list []piece) {
		for _, p := range list {
			t := live[p.ext]
			if t == nil {
				continue
			}
			t.bytes += int64(p.size)
			t.pieces++
			if t.porous {
				t.spans = append(t.spans, span{p.off, p.off + int64(p.size)})
			}
		}
	}
	err = s.everyRecord(ctx, m.snap, func(r record, list []piece) error {
		count(list)
		s.addRecord(set, r.key)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, e := range sealed {
		t := live[e.id]
		if t.bytes == 0 {
			m.dead = append(m.dead, condemned{e, touched[i], nil})
		} else if t.porous {
			if list, n := holes(t.spans, e.size); n > e.pierced {
				m.dead = append(m.dead, condemned{e, touched[i], list})
			}
		}
	}
	m.victims = s.chooseVictims(sealed, live)
	if urgent {
		for e, size := range loose {
			if size-live[e.id].bytes >= leastHoles {
				m.wasteful = append(m.wasteful, e)
			}
		}
		m.porous = choosePorous(sealed, live)
	}
	return m, nil
}

// fewShort is how many short sealed extents may lie around: each restart leaves
// some.
const fewShort = 8

// chooseVictims picks extents of which at most half is live, and short ones when
// there are many, as long as what is to be moved in this pass stays bounded.
func (s *store) chooseVictims(sealed []*extent, live map[uint64]*tally) map[uint64]bool {
	var short []*extent
	victims := map[uint64]bool{}
	budget := min(4*s.c.ExtentBytes, s.roomToMove())
	choose := func(e *extent) {
		if n := live[e.id].bytes; n <= budget {
			victims[e.id] = true
			budget -= n
		}
	}
	for _, e := range sealed {
		switch n := live[e.id].bytes; {
		case n == 0:
		case n <= e.size/2:
			choose(e)
		case e.size < s.c.ExtentBytes/16:
			short = append(short, e)
		}
	}
	if len(short) > fewShort {
		for _, e := range short {
			choose(e)
		}
	}
	return victims
}

// record is a key under which pieces stand.
type record struct {
	key   []byte // valid during the call
	value []byte
}

// everyRecord calls fn for every record with pieces: blobs and snapshots,
// contents with keys of their own, uncommitted blocks.
func (s *store) everyRecord(ctx context.Context, r pebble.Reader, fn func(record, []piece) error) error {
	for _, kind := range []byte{kindBlob, kindPieces, kindBlock} {
		it, err := r.NewIter(&pebble.IterOptions{LowerBound: []byte{kind}, UpperBound: []byte{kind + 1}})
		if err != nil {
			return fmt.Errorf("read metadata: %w", err)
		}
		n := 0
		for ok := it.First(); ok && err == nil; ok = it.Next() {
			if n++; n%1024 == 0 {
				err = ctx.Err()
			}
			var list []piece
			if err == nil {
				list, err = recordPieces(kind, it.Value())
			}
			if err == nil {
				err = fn(record{it.Key(), it.Value()}, list)
			}
		}
		if closeErr := it.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("read metadata: %w", closeErr)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func recordPieces(kind byte, value []byte) ([]piece, error) {
	switch kind {
	case kindBlob:
		b, err := decodeBlob(value, "", baseBlob)
		if err != nil {
			return nil, err
		}
		return b.content.pieces, nil
	case kindBlock:
		b, err := decodeBlock(value)
		return b.pieces, err
	}
	return decodePieces(value, 0)
}
