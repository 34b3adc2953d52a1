package blobstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"golang.org/x/time/rate"

	"reslog/service/storage/disk"
)

// place is where a piece lies; no two pieces ever had the same.
type place struct {
	ext uint64
	off int64
}

// mover copies live pieces out of victims and makes the metadata refer to the
// copies. A piece that several blobs share is copied once and stays shared.
type mover struct {
	s       *store
	ctx     context.Context
	marked  *marked
	copies  map[place]place
	out     streamWriter
	limit   *rate.Limiter
	names   map[uint64]containerName
	waiting []owner // whose pieces were copied but not yet replaced
	bytes   int64
	budget  int64 // bytes to copy before the disk is asked again
}

// owner is a blob, a snapshot or an uncommitted block: who has pieces.
type owner struct {
	key  []byte
	kind byte
	cid  uint64
	name string
}

// moveGroup is how many owners share a sync.
const moveGroup = 256

// move empties the victims of a mark.
func (s *store) move(ctx context.Context, m *marked) (int64, error) {
	if len(m.victims) == 0 {
		return 0, nil
	}
	v := &mover{
		s: s, ctx: ctx, marked: m,
		copies: map[place]place{},
		out:    streamWriter{x: s.extents},
		limit:  rate.NewLimiter(rate.Limit(s.c.CollectBytes), pieceBytes),
	}
	err := v.run()
	if closeErr := v.out.close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return v.bytes, fmt.Errorf("move live bytes: %w", err)
	}
	return v.bytes, nil
}

func (v *mover) run() (err error) {
	if v.names, err = v.s.containerNames(v.marked.snap); err != nil {
		return err
	}
	for _, kind := range []byte{kindBlob, kindBlock} {
		if err := v.owners(kind); err != nil {
			return err
		}
	}
	return v.replaceWaiting()
}

// owners goes over all owners of a kind and copies what they have in victims.
func (v *mover) owners(kind byte) (err error) {
	it, err := v.marked.snap.NewIter(&pebble.IterOptions{LowerBound: []byte{kind}, UpperBound: []byte{kind + 1}})
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("read metadata: %w", closeErr)
		}
	}()
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		if n++; n%1024 == 0 && v.ctx.Err() != nil {
			return v.ctx.Err()
		}
		key := it.Key()
		cid := binary.BigEndian.Uint64(key[1:])
		ref := contentRef{}
		if kind == kindBlob {
			b, err := decodeBlob(it.Value(), "", baseBlob)
			if err != nil {
				return err
			}
			ref = b.content
		} else {
			b, err := decodeBlock(it.Value())
			if err != nil {
				return err
			}
			ref.pieces = b.pieces
		}
		has := false
		err := eachPiece(v.marked.snap, cid, &ref, 0, 1<<62, func(p piece) error {
			if !v.marked.victims[p.ext] {
				return nil
			}
			has = true
			return v.copyPiece(p)
		})
		if err != nil {
			return err
		}
		if !has {
			continue
		}
		escaped, _, ok := cutName(key[prefixLen:])
		if !ok {
			return fmt.Errorf("%w: key of a blob", ErrCorrupt)
		}
		v.waiting = append(v.waiting, owner{append([]byte(nil), key...), kind, cid, unescape(escaped)})
		if len(v.waiting) >= moveGroup {
			if err := v.replaceWaiting(); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyPiece copies the stored bytes of a piece, all of them, unless that was done.
func (v *mover) copyPiece(p piece) error {
	from := place{p.ext, p.off}
	if _, done := v.copies[from]; done {
		return nil
	}
	if err := v.limit.WaitN(v.ctx, int(p.size)); err != nil {
		return err
	}
	if err := v.room(int64(p.size)); err != nil {
		return err
	}
	buf := v.s.buffers.get()
	defer v.s.buffers.put(buf)
	whole := p
	whole.skip, whole.n = 0, p.size
	data, err := v.s.extents.read(whole, *buf)
	if errors.Is(err, ErrCorrupt) || errors.Is(err, errNoExtent) {
		v.s.log.Error("stored data is damaged and stays where it is", "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	e, off, err := v.out.append(data)
	if err != nil {
		return v.s.diskError(err)
	}
	v.copies[from] = place{e.id, off}
	v.bytes += int64(p.size)
	return nil
}

// room returns an error when there is none for n more bytes. Moving gives back
// more than it takes, so it may use half of what is kept free.
func (v *mover) room(n int64) error {
	if v.budget -= n; v.budget >= 0 {
		return nil
	}
	if err := v.s.space.Failed(); err != nil {
		return err
	}
	v.budget = moveAhead
	return v.s.space.Room(moveAhead, disk.Moving)
}

// moveAhead is how many bytes are moved before the disk is asked again.
const moveAhead = 4 << 20

// roomToMove returns for how many bytes there is room now: an extent emptied by
// half would take and give nothing.
func (s *store) roomToMove() int64 {
	if s.c.MinFree < 0 {
		return 1 << 62
	}
	u, err := s.c.FS.GetDiskUsage(s.c.Dir)
	if err != nil {
		return 0
	}
	return max(int64(min(u.AvailBytes, 1<<62))-s.c.MinFree/2-moveAhead, 0)
}

// replaceWaiting makes the waiting owners refer to the copies, once those are on
// disk. Their new records need not be: until they are, the victims remain.
func (v *mover) replaceWaiting() error {
	if err := v.out.close(); err != nil {
		return v.s.diskError(err)
	}
	for _, o := range v.waiting {
		if err := v.replace(o); err != nil {
			return err
		}
	}
	v.waiting = v.waiting[:0]
	return nil
}

// replace changes the pieces of one owner under its lock, if it is still there.
func (v *mover) replace(o owner) error {
	s := v.s
	name, known := v.names[o.cid]
	if !known {
		return nil
	}
	mu := s.containerLock(name.account, name.name)
	mu.RLock()
	defer mu.RUnlock()
	c, err := s.container(name.account, name.name)
	if errors.Is(err, ErrContainerNotFound) || err == nil && c.id != o.cid {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.lockBlob(o.cid, o.name).Unlock()

	b := s.db.NewBatch()
	defer b.Close()
	if o.kind == kindBlock {
		err = v.replaceBlock(b, o)
	} else {
		err = v.replaceBlob(b, o)
	}
	if err != nil || b.Empty() {
		return err
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return fmt.Errorf("write metadata: %w", err)
	}
	return s.space.Failed()
}

func (v *mover) replaceBlock(b *pebble.Batch, o owner) error {
	block, there, err := readBlock(v.s.db, o.key)
	if err != nil || !there || !v.swap(block.pieces) {
		return err
	}
	var e enc
	e.block(block)
	return b.Set(o.key, e, nil)
}

func (v *mover) replaceBlob(b *pebble.Batch, o owner) error {
	at := binary.BigEndian.Uint64(o.key[len(o.key)-8:])
	blob, err := v.s.readBlob(v.s.db, o.key, o.name, at)
	if errors.Is(err, ErrBlobNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if v.swap(blob.content.pieces) {
		var e enc
		e.blob(blob)
		if err := b.Set(o.key, e, nil); err != nil {
			return err
		}
	}
	if blob.content.id == 0 {
		return nil
	}
	return eachChunk(v.s.db, o.cid, blob.content.id, 0, 1<<62, func(key []byte, list []piece) error {
		if !v.swap(list) {
			return nil
		}
		var e enc
		e.pieces(list, list[0].at)
		return b.Set(key, e, nil)
	})
}

// swap points pieces to their copies and reports whether there were any.
func (v *mover) swap(list []piece) (swapped bool) {
	for i := range list {
		if to, ok := v.copies[place{list[i].ext, list[i].off}]; ok {
			list[i].ext, list[i].off = to.ext, to.off
			swapped = true
		}
	}
	return swapped
}

// containerNames returns the containers by their ids.
func (s *store) containerNames(r pebble.Reader) (names map[uint64]containerName, err error) {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: []byte{kindContainer}, UpperBound: []byte{kindContainer + 1}})
	if err != nil {
		return nil, fmt.Errorf("read containers: %w", err)
	}
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("read containers: %w", closeErr)
		}
	}()
	names = map[uint64]containerName{}
	for ok := it.First(); ok; ok = it.Next() {
		account, name, ok := splitContainerKey(it.Key())
		if !ok {
			return nil, fmt.Errorf("%w: key of a container", ErrCorrupt)
		}
		c, err := decodeContainer(it.Value(), name)
		if err != nil {
			return nil, err
		}
		names[c.id] = containerName{account, name}
	}
	return names, nil
}

// expireBlocks drops uncommitted blocks whose time is up.
func (s *store) expireBlocks(ctx context.Context, c *Collected) error {
	var stale []owner
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kindUncommitted}, UpperBound: []byte{kindUncommitted + 1}})
	if err != nil {
		return fmt.Errorf("read blocks: %w", err)
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		var h blockHeader
		if h, err = decodeHeader(it.Value()); err != nil || !h.expired(s.now()) {
			continue
		}
		if escaped, _, ok := cutName(it.Key()[prefixLen:]); ok {
			stale = append(stale, owner{cid: binary.BigEndian.Uint64(it.Key()[1:]), name: unescape(escaped)})
		}
	}
	if err := errors.Join(err, it.Close()); err != nil {
		return fmt.Errorf("read blocks: %w", err)
	}
	if len(stale) == 0 {
		return nil
	}
	names, err := s.containerNames(s.db)
	if err != nil {
		return err
	}
	for _, o := range stale {
		at := names[o.cid]
		err := s.Update(ctx, Ref{at.account, at.name, o.name}, func(t *Txn) error {
			if t.cid != o.cid {
				return nil
			}
			_, err := t.header() // drops them when they are still as old
			return err
		})
		if err != nil && !errors.Is(err, ErrContainerNotFound) {
			return fmt.Errorf("expire blocks of %s: %w", o.name, err)
		}
		c.Expired++
	}
	return nil
}
