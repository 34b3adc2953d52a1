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

	mu        sync.Mutex // one pass at a time
	condemned []condemned
	drained   func() bool
	last      time.Time // of the last pass
	first     bool      // there was one
}

type condemned struct {
	e       *extent
	touched uint64
}

func (g *garbage) add(n int64) { g.bytes.Add(n) }

// Collected says what a pass of Collect did.
type Collected struct {
	Extents int   // files deleted
	Bytes   int64 // in them
	Moved   int64 // live bytes copied out of files that are mostly dead
	Expired int   // blobs whose uncommitted blocks ran out
}

// collectPause is the longest the collector goes without a pass.
const collectPause = time.Hour

func (s *store) collectLoop(ctx context.Context) {
	tick := time.NewTicker(s.c.CollectEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !s.worthCollecting() {
			continue
		}
		got, err := s.Collect(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.Warn("collecting garbage of the blob store failed, will be tried again", "error", err)
		case got != Collected{}:
			s.log.Debug("garbage of the blob store collected",
				"files", got.Extents, "bytes", got.Bytes, "moved", got.Moved, "expired", got.Expired)
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
	if err := s.space.failed(); err != nil {
		return c, err
	}
	if err := s.deleteCondemned(&c); err != nil {
		return c, err
	}
	if err := s.expireBlocks(ctx, &c); err != nil {
		return c, err
	}
	given := g.bytes.Load()
	m, err := s.mark(ctx)
	if err != nil {
		return c, err
	}
	defer m.snap.Close()
	if len(g.condemned) == 0 && len(m.dead) > 0 {
		// One byte through the log: all that the mark saw is on disk then.
		if err := s.db.LogData([]byte{0}, pebble.Sync); err != nil {
			return c, fmt.Errorf("sync metadata: %w", err)
		}
		if err := s.space.failed(); err != nil {
			return c, err
		}
		g.condemned, g.drained = m.dead, s.eras.advance()
	}
	c.Moved, err = s.move(ctx, m)
	if err != nil {
		return c, err
	}
	g.bytes.Add(-given)
	g.first, g.last = true, s.now()
	return c, nil
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
		if err := s.extents.remove(d.e); err != nil {
			errs = append(errs, err)
			continue
		}
		c.Extents++
		c.Bytes += d.e.size
	}
	g.condemned = nil
	return errors.Join(errs...)
}

// marked is what a mark found.
type marked struct {
	snap    *pebble.Snapshot // the metadata it looked at
	dead    []condemned
	victims map[uint64]bool // extents worth moving the live bytes out of
}

func (s *store) mark(ctx context.Context) (m *marked, err error) {
	// The order matters: extents, their counters, then the metadata.
	sealed := s.extents.sealed()
	touched := make([]uint64, len(sealed))
	live := make(map[uint64]int64, len(sealed))
	for i, e := range sealed {
		touched[i] = e.touched.Load()
		live[e.id] = 0
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
			if _, sealed := live[p.ext]; sealed {
				live[p.ext] += int64(p.size)
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
		if live[e.id] == 0 {
			m.dead = append(m.dead, condemned{e, touched[i]})
		}
	}
	m.victims = s.chooseVictims(sealed, live)
	return m, nil
}

// fewShort is how many short sealed extents may lie around: each restart leaves
// some.
const fewShort = 8

// chooseVictims picks extents of which at most half is live, and short ones when
// there are many, as long as what is to be moved in this pass stays bounded.
func (s *store) chooseVictims(sealed []*extent, live map[uint64]int64) map[uint64]bool {
	var short []*extent
	victims := map[uint64]bool{}
	budget := 4 * s.c.ExtentBytes
	choose := func(e *extent) {
		if n := live[e.id]; n <= budget {
			victims[e.id] = true
			budget -= n
		}
	}
	for _, e := range sealed {
		switch n := live[e.id]; {
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
